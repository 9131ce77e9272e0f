//! Both examples of docs/connectors.md, as the conformance program finds them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use conformance::{Command, Folder, Options, Report, Verdict};
use serde_json::json;

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("a workspace").to_owned()
}

async fn check(key: &str, command: Command) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = json!({"folder": folder.path()});
    let settings = settings.as_object().expect("an object").clone();
    let channel = Box::new(Folder::new(folder.path()));
    let options = Options::new(key, settings);
    let checked =
        conformance::connector::check(options, channel, Box::new(command), &[], |_| {}).await;
    checked.expect("started")
}

#[tokio::test]
async fn the_example_in_rust_passes_the_conformance_program() {
    let tests = std::env::current_exe().expect("a path");
    let built = tests.ancestors().nth(2).expect("the target folder");
    let example = built.join("examples/folder");
    assert!(
        example.is_file(),
        "build it first: cargo build -p connector --example folder"
    );
    let report = check("folder", Command::new(example, Vec::new())).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.count(Verdict::Passed), 20, "{report}");
}

#[tokio::test]
async fn the_example_in_python_passes_the_conformance_program() {
    let folder = root().join("examples/python");
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-connector");
    let installed = tokio::process::Command::new(folder.join("install.sh"))
        .arg(&environment)
        .stdin(Stdio::null())
        .status();
    assert!(installed.await.expect("bash").success());
    let program = folder.join("folder.py").into_os_string();
    let command = Command::new(environment.join("bin/python"), vec![program]);
    let report = check("folder-python", command).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.count(Verdict::Passed), 20, "{report}");
}

#[test]
fn the_example_in_python_is_short() {
    let text = std::fs::read_to_string(root().join("examples/python/folder.py")).expect("there");
    assert!(text.lines().count() <= 150);
}
