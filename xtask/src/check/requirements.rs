//! docs/requirements.md: each requirement once, and every test it names exists.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};

use super::Found;
use crate::{
    run,
    tree::{self, File},
};

const DOCUMENT: &str = "docs/requirements.md";
/// How many requirements each group has; the decisions (`A`) may grow.
const GROUPS: [(&str, usize); 9] = [
    ("IDN", 40),
    ("CNV", 42),
    ("CHW", 69),
    ("ONL", 29),
    ("WA", 6),
    ("TG", 5),
    ("CAB", 38),
    ("SMS", 4),
    ("SYN", 42),
];

pub fn check() -> Result<Found> {
    let path = run::root().join(DOCUMENT);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let rows = rows(&text);
    let tests = Tests::new(&tree::files(&[".rs"])?, &packages()?);
    let problems = [ids(&rows), unproven(&rows, &tests)].concat();
    Ok(Found::from_problems(problems))
}

struct Row<'t> {
    line: usize,
    id: &'t str,
    proof: &'t str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let cells = text.lines().enumerate().filter_map(|(at, line)| {
        let mut cells = line
            .strip_prefix("| ")?
            .trim_end()
            .strip_suffix(" |")?
            .split(" | ");
        let id = cells.next()?;
        let known = id.split_once('-').is_some_and(|(group, number)| {
            !group.is_empty() && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
        });
        known.then_some(Row {
            line: at + 1,
            id,
            proof: cells.last()?,
        })
    });
    cells.collect()
}

fn ids(rows: &[Row<'_>]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in rows {
        if let Some(first) = seen.insert(row.id, row.line) {
            problems.push(format!(
                "{DOCUMENT}:{}: {} stands in line {first} already",
                row.line, row.id
            ));
        }
    }
    let all = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}-{n:02}")));
    let missing = all.filter(|id| !seen.contains_key(id.as_str()));
    problems.extend(missing.map(|id| format!("{DOCUMENT}: {id} is missing")));
    problems
}

fn unproven(rows: &[Row<'_>], tests: &Tests) -> Vec<String> {
    let mut problems = Vec::new();
    for row in rows {
        for name in row
            .proof
            .split([',', ' '])
            .filter(|name| !name.is_empty() && *name != "open")
        {
            if !tests.exist(name.trim_matches('`')) {
                problems.push(format!(
                    "{DOCUMENT}:{}: {} names a test that does not exist: {name}",
                    row.line, row.id
                ));
            }
        }
        if row.proof.is_empty() {
            problems.push(format!(
                "{DOCUMENT}:{}: {} says neither a test nor open",
                row.line, row.id
            ));
        }
    }
    problems
}

struct TestFile {
    /// The package, as in `crate::`.
    package: String,
    /// Parts of its path and names of modules in it.
    modules: Vec<String>,
    tests: Vec<String>,
}

/// Where test functions are.
struct Tests {
    files: Vec<TestFile>,
}

impl Tests {
    fn new(files: &[File], packages: &[(String, String)]) -> Self {
        let of_file = |file: &File| {
            let mut owners = packages
                .iter()
                .filter(|(_, folder)| file.path.starts_with(&format!("{folder}/")));
            let (package, folder) = owners.next()?;
            let path = file.path[folder.len()..].split(['/', '.']);
            let inner = file
                .text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(" {"));
            let modules = path.chain(inner).map(str::to_owned).collect();
            Some(TestFile {
                package: package.clone(),
                modules,
                tests: functions(&file.text),
            })
        };
        Self {
            files: files.iter().filter_map(of_file).collect(),
        }
    }

    /// `package::module::name`: a test of that name in a file of the package that lies in folders
    /// or has modules of these names.
    fn exist(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split("::").collect();
        let [package, modules @ .., name] = &parts[..] else {
            return false;
        };
        self.files.iter().any(|file| {
            file.package == package.replace('-', "_")
                && modules
                    .iter()
                    .all(|module| file.modules.iter().any(|it| it == module))
                && file.tests.iter().any(|test| test == name)
        })
    }
}

/// Names of the functions that are tests: those after an attribute that ends in `test`.
fn functions(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        let attribute = line
            .strip_prefix("#[")
            .map(|rest| rest.split(['(', ']']).next().unwrap_or_default());
        match attribute {
            Some(path) => marked |= path == "test" || path.ends_with("::test"),
            None if line.contains("fn ") => {
                let name = line
                    .split("fn ")
                    .nth(1)
                    .and_then(|rest| rest.split(['(', '<']).next());
                names.extend(name.filter(|_| marked).map(str::to_owned));
                marked = false;
            }
            None => {}
        }
    }
    names
}

/// Name (with `_`) and folder of every package.
fn packages() -> Result<Vec<(String, String)>> {
    let text = run::output(run::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("read cargo metadata")?;
    let root = format!("{}/", run::root().display());
    let package = |it: &serde_json::Value| {
        let folder = it["manifest_path"]
            .as_str()?
            .strip_prefix(&root)?
            .strip_suffix("/Cargo.toml")?;
        Some((it["name"].as_str()?.replace('-', "_"), folder.to_owned()))
    };
    Ok(metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(package)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "#[tokio::test]\nasync fn numbers_have_no_gap() {}\nfn helper() {}\n";

    fn tests() -> Tests {
        let file = File {
            path: "services/conversations/tests/numbering.rs".into(),
            text: SOURCE.into(),
        };
        Tests::new(
            &[file],
            &[("conversations".into(), "services/conversations".into())],
        )
    }

    fn problems(text: &str) -> Vec<String> {
        unproven(&rows(text), &tests())
    }

    #[test]
    fn a_named_test_must_exist_where_it_is_named() {
        assert_eq!(
            problems("| CNV-06 | Numbers. | `conversations::numbering::numbers_have_no_gap` |"),
            Vec::<String>::new()
        );
        assert_eq!(
            problems("| CNV-06 | Numbers. | open |"),
            Vec::<String>::new()
        );
        for wrong in [
            "conversations::numbering::helper",
            "identity::numbering::numbers_have_no_gap",
            "conversations::other::numbers_have_no_gap",
            "nonsense",
            "open, conversations::gone",
        ] {
            assert_eq!(
                problems(&format!("| CNV-06 | Numbers. | {wrong} |")).len(),
                1,
                "{wrong}"
            );
        }
    }

    #[test]
    fn missing_and_doubled_ids_are_found() {
        let found = ids(&rows("| IDN-01 | a | open |\n| IDN-01 | b | open |"));
        assert!(
            found
                .iter()
                .any(|problem| problem.contains("IDN-01 stands in line 1 already"))
        );
        assert!(
            found
                .iter()
                .any(|problem| problem.ends_with("SYN-42 is missing"))
        );
        assert_eq!(found.len(), 1 + 274);
    }
}
