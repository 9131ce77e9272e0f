//! Where a new password comes from: typed, from standard input, or made.

use std::io::{IsTerminal, Read};

use anyhow::{Context, ensure};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

/// Where it comes from; a person at a terminal is asked when nothing is said.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub struct Source {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Make a password and show it this one time
    #[arg(long)]
    generate_password: bool,
}

/// A password, and whether somebody has to be told.
pub struct Password {
    /// It.
    pub text: SecretString,
    made: bool,
}

impl Source {
    /// Gets it.
    pub fn get(self) -> anyhow::Result<Password> {
        let interactive = std::io::stdin().is_terminal() && !self.password_stdin;
        if self.generate_password {
            return Ok(Password {
                text: kit::secrets::random_token().into(),
                made: true,
            });
        }
        let text = if interactive { ask()? } else { from_stdin()? };
        ensure!(
            !text.is_empty(),
            "no password came from standard input: pipe it in, or use --generate-password"
        );
        Ok(Password {
            text: text.into(),
            made: false,
        })
    }
}

impl Password {
    /// Shows a password that was made: nobody knows it yet.
    pub fn show(&self) {
        if self.made {
            println!(
                "Password, shown this one time:\n\n  {}",
                self.text.expose_secret()
            );
        }
    }
}

fn ask() -> anyhow::Result<String> {
    let first =
        rpassword::prompt_password("New password: ").context("the password cannot be read")?;
    let second =
        rpassword::prompt_password("Once more: ").context("the password cannot be read")?;
    ensure!(first == second, "the two passwords differ; try again");
    Ok(first)
}

fn from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.context("the password cannot be read from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
