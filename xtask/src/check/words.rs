//! Words that have no place in the tree: paths of somebody's machine, marks of unfinished work,
//! what a merge left behind.

use anyhow::Result;

use super::Found;
use crate::tree::{self, File};

/// This file names them all.
const OWN: &str = "xtask/src/check/words.rs";
const MARKS: [&str; 4] = ["FIXME", "XXX", "HACK", "not implemented yet"];
const PATHS: [&str; 3] = ["/work/", "/root/", "/Users/"];
const CONFLICTS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

pub fn check() -> Result<Found> {
    let endings = [
        ".rs", ".ts", ".sql", ".sh", ".proto", ".md", ".toml", ".yaml", ".html", ".css",
        "Makefile", ".ci/run",
    ];
    let files = tree::files(&endings)?;
    let checked = files
        .iter()
        .filter(|file| file.path != OWN && !file.is_generated());
    Ok(Found::from_problems(checked.flat_map(problems).collect()))
}

fn problems(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let found = lines.filter_map(|(at, line)| Some((at, wrong(line)?, line)));
    found
        .map(|(at, why, line)| format!("{}:{}: {why}: {}", file.path, at + 1, line.trim()))
        .collect()
}

fn wrong(line: &str) -> Option<&'static str> {
    if MARKS.iter().any(|mark| has_word(line, mark)) || unlinked_todo(line) {
        return Some("unfinished work (a TODO needs an area and an issue: `TODO(area): … #12`)");
    }
    if PATHS.iter().any(|path| starts_path(line, path)) {
        return Some("a path of one machine");
    }
    CONFLICTS
        .iter()
        .any(|mark| line.starts_with(mark))
        .then_some("what a merge left behind")
}

fn unlinked_todo(line: &str) -> bool {
    let issue = line
        .split('#')
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    has_word(line, "TODO") && !(line.contains("TODO(") && issue)
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        let before = line[..at].chars().next_back().is_some_and(letter);
        let after = line[at + word.len()..].chars().next().is_some_and(letter);
        !before && !after
    })
}

/// The path stands at the beginning of a path, not inside one such as `libs/work/`.
fn starts_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-/~}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_work_and_paths_of_one_machine_are_found() {
        for line in [
            "// FIXME later",
            "// TODO: x",
            "// TODO(pg): x",
            "see /work/main",
            "<<<<<<< HEAD",
        ] {
            assert!(wrong(line).is_some(), "{line}");
        }
        for line in [
            "// TODO(pg): until sqlx 1.0, #12",
            "libs/work/a.rs",
            "HACKED",
            "a === b",
            "https://x.org/work/",
        ] {
            assert!(wrong(line).is_none(), "{line}");
        }
    }
}
