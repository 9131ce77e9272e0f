#!/usr/bin/env bash
# Plants each defect in a copy of the tree and expects the fault tests to find it. See docs/fault-tests.md.
# Usage: integration-tests/defects/run.sh [name of a defect …]
set -euo pipefail

# A race may miss its chance once.
readonly TRIES=3

cd "$(dirname "$0")/../.."
readonly HERE=integration-tests/defects
readonly FOLDER=${BESEDA_DEFECTS:-$PWD/target/defects}
readonly TREE=$FOLDER/tree

# A field of a patch's head.
field() { sed -n "s/^$2: //p" "$1" | head -n 1; }

# The tree as it is, changes that are not committed included.
copy_tree() {
    rm -rf "$TREE"
    mkdir -p "$TREE"
    git ls-files --cached --others --exclude-standard -z |
        while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
        tar --null --files-from=- --create --file=- | tar --extract --file=- --directory="$TREE"
}

plant() {
    copy_tree
    patch --quiet --directory="$TREE" --strip=1 <"$1"
    # What another defect changed in the last build has its old time again: it has to be built anew all the same.
    sed -n 's|^+++ b/||p' "$HERE"/*.patch | sort -u | while IFS= read -r file; do touch "$TREE/$file"; done
    # Migrations are read by a macro, which does not always see that they changed.
    find "$TREE/services" -path '*/src/lib.rs' -exec touch {} +
    echo "building"
    CARGO_TARGET_DIR=$FOLDER/build cargo build --quiet --manifest-path "$TREE/Cargo.toml" --package beseda
}

# Runs the test on the planted program; 0 when it fails for the right reason.
is_found() {
    local test=$1 finds=$2 log=$3
    if BESEDA_BINARY=$FOLDER/build/debug/beseda \
        cargo test --quiet --package integration-tests --test suite -- --exact "$test" >"$log" 2>&1; then
        return 1
    fi
    grep -E -q "$finds" "$log"
}

missed=0
names=("$@")
[ ${#names[@]} -gt 0 ] || names=("$HERE"/*.patch)
# Built before a test runs with another program.
cargo test --quiet --package integration-tests --test suite --no-run
for name in "${names[@]}"; do
    name=$(basename "$name" .patch)
    file=$HERE/$name.patch
    test=$(field "$file" Test)
    finds=$(field "$file" Finds)
    echo "── $name: planting"
    plant "$file"
    for try in $(seq "$TRIES"); do
        log=$FOLDER/$name.$try.log
        if is_found "$test" "$finds" "$log"; then
            echo "── $name: found by $test (try $try): $(grep -E -m 1 -o "$finds.{0,80}" "$log")"
            continue 2
        fi
    done
    echo "── $name: NOT found by $test in $TRIES tries; the logs are $FOLDER/$name.*.log" >&2
    missed=1
done
exit "$missed"
