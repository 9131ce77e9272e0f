//! What PostgreSQL does on this machine: pgbench with the statements that a message needs at the least.

use std::process::Command;

use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::stand::Stand;

/// Three statements in five round trips: take the next place, store the message, tell of it.
const THREE_STATEMENTS: &str = "\\set c random(1, 1000)
BEGIN;
UPDATE bench.conversations SET last_seq = last_seq + 1, update_time = now() WHERE id = :c;
INSERT INTO bench.messages (conversation, seq, body) SELECT :c, last_seq, 'a message of common length, about sixty characters long' FROM bench.conversations WHERE id = :c;
INSERT INTO bench.outbox (payload) VALUES ('a message of common length, about sixty characters long');
COMMIT;
";

/// The same in one statement.
const ONE_STATEMENT: &str = "\\set c random(1, 1000)
WITH place AS (UPDATE bench.conversations SET last_seq = last_seq + 1, update_time = now() WHERE id = :c RETURNING last_seq),
     message AS (INSERT INTO bench.messages (conversation, seq, body) SELECT :c, last_seq, 'a message of common length, about sixty characters long' FROM place)
INSERT INTO bench.outbox (payload) VALUES ('a message of common length, about sixty characters long');
";

/// Makes the tables.
pub async fn prepare(stand: &Stand) -> Result<()> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    sqlx::raw_sql(
        "CREATE SCHEMA IF NOT EXISTS bench;
         CREATE TABLE IF NOT EXISTS bench.conversations (id int PRIMARY KEY, last_seq bigint NOT NULL DEFAULT 0, update_time timestamptz);
         CREATE TABLE IF NOT EXISTS bench.messages (conversation int, seq bigint, body text, PRIMARY KEY (conversation, seq));
         CREATE TABLE IF NOT EXISTS bench.outbox (id bigserial PRIMARY KEY, payload text);
         INSERT INTO bench.conversations (id) SELECT generate_series(1, 1000) ON CONFLICT DO NOTHING",
    )
    .execute(&mut owner)
    .await?;
    Ok(())
}

/// Transactions a second of the three statements with 16 clients.
pub fn three_statements(stand: &Stand, seconds: u64) -> Result<f64> {
    run(stand, THREE_STATEMENTS, 16, seconds)
}

/// Milliseconds of the one statement with a single client.
pub fn one_commit(stand: &Stand, seconds: u64) -> Result<f64> {
    Ok(1_000.0 / run(stand, ONE_STATEMENT, 1, seconds)?)
}

fn run(stand: &Stand, script: &str, clients: usize, seconds: u64) -> Result<f64> {
    let file = std::env::temp_dir().join(format!("beseda-bench-{}.sql", std::process::id()));
    std::fs::write(&file, script)?;
    let output = Command::new(pgbench())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg(format!("--file={}", file.display()))
        .arg(stand.postgres.admin_url().expose_secret())
        .output()
        .context("pgbench cannot be started; it comes with PostgreSQL's server packages")?;
    std::fs::remove_file(&file)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate),
        _ => bail!(
            "pgbench failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// pgbench of the newest server that Debian's packages installed, else the one on the path.
fn pgbench() -> std::path::PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin/pgbench"))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| "pgbench".into())
}
