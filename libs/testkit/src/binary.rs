//! The program under test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Set by `make test`, which has built it: the path of the program.
const BINARY: &str = "BESEDA_BINARY";

/// The path of the program `beseda`, built first when this is not `make test`.
///
/// # Panics
/// When it does not build.
pub fn beseda_binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| env::var_os(BINARY).map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "beseda"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in env::vars_os() {
        // What cargo told of this test's package: build scripts would run again because of it.
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "cargo build --package beseda failed");
    // Tests run as <target>/debug/deps/<name>.
    let test = env::current_exe().expect("the path of this program");
    let folder = test.ancestors().nth(2).expect("a folder of the profile");
    folder.join("beseda")
}
