//! No file grows past what a person reads at once.

use anyhow::Result;

use super::Found;
use crate::tree::{self, File};

const LINES: usize = 800;

pub fn check() -> Result<Found> {
    let files = tree::files(&[".rs", ".ts", ".sql", ".sh", ".proto"])?;
    Ok(Found::from_problems(
        files.iter().filter_map(problem).collect(),
    ))
}

fn problem(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    let too_long = lines > LINES && !file.is_generated();
    too_long.then(|| format!("{}: {lines} lines, {LINES} are the most", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_unless_a_program_wrote_it() {
        let text = "x\n".repeat(LINES + 1);
        let file = |path: &str| File {
            path: path.into(),
            text: text.clone(),
        };
        assert!(problem(&file("libs/a/src/b.rs")).is_some());
        assert!(problem(&file("libs/api/src/gen/b.rs")).is_none());
    }
}
