//! The rules of a service know nothing of the wire or of a store.

use anyhow::Result;

use super::Found;
use crate::tree::{self, File};

/// Crates and modules that do I/O or are the wire's.
const FORBIDDEN: [&str; 11] = [
    "api",
    "hyper",
    "pg",
    "prost",
    "redis",
    "reqwest",
    "rights",
    "sqlx",
    "tonic",
    "crate::grpc",
    "crate::store",
];

pub fn check() -> Result<Found> {
    let files = tree::files(&[".rs"])?;
    let domain = files.iter().filter(|file| is_domain(&file.path));
    Ok(Found::from_problems(domain.flat_map(problems).collect()))
}

fn is_domain(path: &str) -> bool {
    path.starts_with("services/")
        && (path.contains("/src/domain/") || path.ends_with("/src/domain.rs"))
}

fn problems(file: &File) -> Vec<String> {
    let lines = file
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"));
    let named = lines.filter_map(|(at, line)| {
        let name = FORBIDDEN.iter().find(|name| mentions(line, name))?;
        Some(format!(
            "{}:{}: domain code uses {name}: {}",
            file.path,
            at + 1,
            line.trim()
        ))
    });
    named.collect()
}

/// `name` as the beginning of a path.
fn mentions(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        problems(&File {
            path: "services/x/src/domain/a.rs".into(),
            text: text.into(),
        })
        .len()
    }

    #[test]
    fn a_store_or_the_wire_in_domain_code_is_found() {
        assert_eq!(
            found(
                "use sqlx::PgConnection;\nlet s = tonic::Status::ok(\"\");\nuse crate::store::chats;"
            ),
            3
        );
    }

    #[test]
    fn comments_and_other_names_are_left_alone() {
        assert_eq!(
            found(
                "// not sqlx::query\nuse types::ChatId;\nuse my_api::x;\nlet t = other::pg::x();"
            ),
            0
        );
        assert!(!is_domain("services/x/src/store/a.rs"));
        assert!(is_domain("services/x/src/domain.rs"));
    }
}
