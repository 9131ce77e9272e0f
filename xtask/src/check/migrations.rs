//! Migrations go forward only and say why each table and column is there.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Found, sql::Names};
use crate::tree::{self, File};

pub fn check() -> Result<Found> {
    let files = tree::files(&[".sql"])?;
    let mut services: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in &files {
        if let Some((folder, _)) = file.path.split_once("/migrations/")
            && folder.starts_with("services/")
        {
            services.entry(folder).or_default().push(file);
        }
    }
    let problems = services
        .values()
        .flat_map(|files| [names(files), comments(files)].concat());
    Ok(Found::from_problems(problems.collect()))
}

/// `0001_create_chats.sql`, or a time in place of the number; no number twice.
fn names(files: &[&File]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut versions: BTreeMap<String, &str> = BTreeMap::new();
    for file in files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let Some(version) = version(name) else {
            problems.push(format!(
                "{}: the name must be a number and words: 0001_create_chats.sql",
                file.path
            ));
            continue;
        };
        if let Some(other) = versions.insert(version, &file.path) {
            problems.push(format!("{}: has the number of {other}", file.path));
        }
    }
    problems
}

fn version(name: &str) -> Option<String> {
    let (number, words) = name.strip_suffix(".sql")?.split_once('_')?;
    let digits = number.len() >= 4 && number.chars().all(|c| c.is_ascii_digit());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (digits && !words.is_empty() && words.chars().all(plain)).then(|| number.to_owned())
}

fn comments(files: &[&File]) -> Vec<String> {
    let mut all = Names::default();
    for file in files {
        all.read(&file.text);
    }
    let missing = all.made.difference(&all.commented);
    let place = files
        .first()
        .and_then(|file| file.path.rsplit_once('/'))
        .map_or("", |(folder, _)| folder);
    missing
        .map(|name| format!("{place}: no COMMENT ON says what {name} is for"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_go_back_or_repeat_are_found() {
        let file = |name: &str| File {
            path: format!("services/x/migrations/{name}"),
            text: String::new(),
        };
        let good = [file("0001_create_chats.sql"), file("0002_add_title.sql")];
        assert_eq!(
            names(&good.iter().collect::<Vec<_>>()),
            Vec::<String>::new()
        );
        let bad = [
            file("0001_create.sql"),
            file("0001_again.sql"),
            file("0002_create.down.sql"),
            file("create.sql"),
        ];
        assert_eq!(names(&bad.iter().collect::<Vec<_>>()).len(), 3);
    }

    #[test]
    fn a_column_without_a_comment_is_found() {
        let text =
            "CREATE TABLE t (a int, b int); COMMENT ON TABLE t IS ''; COMMENT ON COLUMN t.a IS '';";
        let file = File {
            path: "services/x/migrations/0001_a.sql".into(),
            text: text.into(),
        };
        assert_eq!(
            comments(&[&file]),
            ["services/x/migrations: no COMMENT ON says what t.b is for"]
        );
    }
}
