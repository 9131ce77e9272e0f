//! The checked-in code is what proto/ says. `BESEDA_REGENERATE=1 cargo test -p api` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn proto_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            proto_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "proto") {
            into.push(path);
        }
    }
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(dir)
        .expect("readable folder")
        .map(|entry| {
            let path = entry.expect("readable entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(&path).expect("readable file"))
        })
        .collect()
}

#[test]
fn checked_in_code_is_what_the_contracts_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let proto = root.join("../../proto");
    let mut sources = Vec::new();
    proto_files(&proto, &mut sources);
    sources.sort();
    let descriptors = protox::compile(&sources, [&proto]).expect("the contracts compile");

    let fresh = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gen");
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).expect("a folder for fresh code");
    tonic_prost_build::configure()
        .out_dir(&fresh)
        .include_file("mod.rs")
        .bytes(".beseda.events.internal.v1.Event.payload")
        .file_descriptor_set_path(fresh.join("descriptors.bin"))
        .compile_fds(descriptors.clone())
        .expect("code generates");
    let mut encoded = Vec::new();
    prost::Message::encode(&descriptors, &mut encoded).expect("descriptors encode");
    std::fs::write(fresh.join("descriptors.bin"), encoded).expect("descriptors written");

    let checked_in = root.join("src/gen");
    if std::env::var_os("BESEDA_REGENERATE").is_some() {
        let _ = std::fs::remove_dir_all(&checked_in);
        std::fs::create_dir_all(&checked_in).expect("a folder for code");
        for (name, content) in files(&fresh) {
            std::fs::write(checked_in.join(name), content).expect("code written");
        }
        return;
    }
    let (fresh, checked_in) = (files(&fresh), files(&checked_in));
    let differing: Vec<&String> = fresh
        .keys()
        .chain(checked_in.keys())
        .filter(|name| fresh.get(*name) != checked_in.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "libs/api/src/gen is out of date ({differing:?}): run `make proto` and commit the result"
    );
}
