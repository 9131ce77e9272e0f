//! Every package takes the lints of the workspace, and every shared dependency says what it is for.

use anyhow::Result;

use super::Found;
use crate::tree::{self, File};

pub fn check() -> Result<Found> {
    let files = tree::files(&["Cargo.toml"])?;
    Ok(Found::from_problems(
        files.iter().flat_map(problems).collect(),
    ))
}

fn problems(file: &File) -> Vec<String> {
    if file.path == "Cargo.toml" {
        uncommented(file)
    } else {
        without_lints(file)
    }
}

fn without_lints(file: &File) -> Vec<String> {
    let lines: Vec<&str> = section(&file.text, "[lints]").collect();
    if lines.contains(&"workspace = true") {
        return Vec::new();
    }
    vec![format!("{}: no `[lints] workspace = true`", file.path)]
}

fn uncommented(file: &File) -> Vec<String> {
    let dependencies = section(&file.text, "[workspace.dependencies]");
    let uncommented = dependencies.filter(|line| line.contains('=') && !line.contains("# "));
    uncommented
        .map(|line| format!("{}: no comment says what this is for: {line}", file.path))
        .collect()
}

fn section<'t>(text: &'t str, head: &'t str) -> impl Iterator<Item = &'t str> {
    let lines = text
        .lines()
        .map(str::trim)
        .skip_while(move |line| *line != head)
        .skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        problems(&File {
            path: path.into(),
            text: text.into(),
        })
    }

    #[test]
    fn a_package_without_the_lints_is_found() {
        assert!(
            found(
                "libs/x/Cargo.toml",
                "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n"
            )
            .is_empty()
        );
        assert_eq!(
            found("libs/x/Cargo.toml", "[dependencies]\nworkspace = true\n").len(),
            1
        );
    }

    #[test]
    fn a_shared_dependency_without_a_comment_is_found() {
        let text = "[workspace.dependencies]\n# Ours\na = \"1\" # for a\nb = \"1\"\n[profile.dev]\nc = 1\n";
        assert_eq!(
            found("Cargo.toml", text),
            ["Cargo.toml: no comment says what this is for: b = \"1\""]
        );
    }
}
