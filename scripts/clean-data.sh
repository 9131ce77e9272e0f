#!/usr/bin/env bash
# Deletes the data that `beseda up` keeps in .beseda/. Refuses while it runs.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -d .beseda ]; then
    echo "There is no data: .beseda/ does not exist."
    exit 0
fi
for lock in .beseda/lock .beseda/*/lock; do
    if [ -f "$lock" ] && command -v flock >/dev/null && ! flock --nonblock "$lock" true; then
        echo "beseda up is running: stop it first." >&2
        exit 1
    fi
done
if [ "${YES:-}" != 1 ]; then
    read -r -p "Delete the accounts, conversations and messages in $PWD/.beseda? [y/N] " answer
    [ "$answer" = y ] || { echo "Nothing was deleted."; exit 1; }
fi
# Root's data lie elsewhere when PostgreSQL's account cannot enter this folder; a note says where.
for note in .beseda/*/elsewhere; do
    [ -f "$note" ] || continue
    case $(cat "$note") in
    /var/lib/beseda/?*) rm -rf "$(cat "$note")" ;;
    esac
done
rm -rf .beseda
echo "Deleted."
