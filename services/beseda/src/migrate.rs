//! `beseda migrate`.

use std::time::Instant;

use crate::database::Database;
use crate::service::all_migrations;

/// Makes what is missing.
pub async fn main() -> anyhow::Result<()> {
    let _telemetry = kit::telemetry::init("migrate")?;
    let database = Database::find()?;
    let began = Instant::now();
    let all = all_migrations();
    pg::migrate(&database.owner_url, &all, &database.key).await?;
    let took = began.elapsed().as_secs_f32();
    println!("The database is up to date ({took:.1} s):");
    for it in all {
        let newest = it.migrator.iter().map(|file| file.version).max();
        let newest = newest.unwrap_or_default();
        println!(
            "  schema {:<14} version {newest:04}, role {}",
            it.schema, it.role
        );
    }
    println!("Services connect as these roles; their passwords come from the master key.");
    Ok(())
}
