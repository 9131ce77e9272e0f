//! `make check`: steps in the order in which they are cheap and telling. All are run, so that one
//! run shows all that is wrong.

mod layers;
mod limits;
mod manifests;
mod migrations;
mod proto;
mod requirements;
mod sql;
mod tools;
mod words;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// What a step found.
pub enum Found {
    /// Nothing wrong.
    Nothing,
    /// It could not be done here, and why.
    Skipped(String),
    /// What is wrong, a line each.
    Problems(Vec<String>),
}

impl Found {
    fn from_problems(problems: Vec<String>) -> Self {
        if problems.is_empty() {
            Self::Nothing
        } else {
            Self::Problems(problems)
        }
    }
}

struct Step {
    name: &'static str,
    /// What to do when it fails.
    remedy: &'static str,
    check: fn() -> Result<Found>,
}

const STEPS: [Step; 16] = [
    Step {
        name: "fmt",
        remedy: "run `cargo fmt --all`",
        check: tools::fmt,
    },
    Step {
        name: "buf-lint",
        remedy: "mend the contract; the rules stand in proto/buf.yaml",
        check: proto::lint,
    },
    Step {
        name: "buf-format",
        remedy: "run `make proto`",
        check: proto::format,
    },
    Step {
        name: "buf-breaking",
        remedy: "add fields instead of changing them; deployed clients know the old ones",
        check: proto::breaking,
    },
    Step {
        name: "manifests",
        remedy: "mend the Cargo.toml named",
        check: manifests::check,
    },
    Step {
        name: "layers",
        remedy: "move what does I/O out of domain/",
        check: layers::check,
    },
    Step {
        name: "migrations",
        remedy: "mend the migration; one that has been released is never changed, add another",
        check: migrations::check,
    },
    Step {
        name: "limits",
        remedy: "split the file by operation",
        check: limits::check,
    },
    Step {
        name: "words",
        remedy: "take the words named out",
        check: words::check,
    },
    Step {
        name: "requirements",
        remedy: "mend docs/requirements.md: name a test that exists, or write `open`",
        check: requirements::check,
    },
    Step {
        name: "scripts",
        remedy: "mend the script",
        check: tools::scripts,
    },
    Step {
        name: "web",
        remedy: "run `npm run check` in the folder named",
        check: tools::web,
    },
    Step {
        name: "clippy",
        remedy: "mend what clippy names",
        check: tools::clippy,
    },
    Step {
        name: "rustdoc",
        remedy: "mend the documentation named",
        check: tools::rustdoc,
    },
    Step {
        name: "deny",
        remedy: "see deny.toml for what may come in from outside",
        check: tools::deny,
    },
    Step {
        name: "machete",
        remedy: "remove the unused dependencies named",
        check: tools::machete,
    },
];

/// Runs the steps of these names, or all; true when nothing is wrong.
pub fn run(names: &[String]) -> Result<bool> {
    for name in names {
        let known = STEPS.map(|step| step.name);
        ensure!(
            known.contains(&name.as_str()),
            "no step {name}; there are {}",
            known.join(", ")
        );
    }
    let wanted = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name));
    let began = Instant::now();
    let failed: Vec<&str> = wanted
        .filter(|step| !passes(step))
        .map(|step| step.name)
        .collect();
    let took = seconds(began.elapsed());
    if failed.is_empty() {
        println!("\nAll checks passed in {took}.");
    } else {
        println!("\nFailed in {took}: {}.", failed.join(", "));
    }
    Ok(failed.is_empty())
}

fn passes(step: &Step) -> bool {
    let began = Instant::now();
    let found = (step.check)();
    let (name, took) = (step.name, seconds(began.elapsed()));
    match found {
        Ok(Found::Nothing) => println!("ok      {name:<13} {took}"),
        Ok(Found::Skipped(why)) => println!("skipped {name:<13} {why}"),
        Ok(Found::Problems(problems)) => {
            return fails(step, &took, &problems.join("\n"));
        }
        Err(error) => return fails(step, &took, &format!("{error:#}")),
    }
    true
}

fn fails(step: &Step, took: &str, text: &str) -> bool {
    println!(
        "FAILED  {:<13} {took}\n{text}\n→ what to do: {}\n",
        step.name, step.remedy
    );
    false
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}
