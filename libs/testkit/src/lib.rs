//! What tests stand on: real stores, real processes, and waiting without sleeping.
//!
//! ```no_run
//! # static MIGRATIONS: std::sync::LazyLock<pg::Migrations> = std::sync::LazyLock::new(|| unimplemented!());
//! # async fn test() {
//! let db = testkit::database(&[&MIGRATIONS]).await;
//! let url = db.url(&MIGRATIONS); // as the service's own role
//! let redis = db.redis_url().await; // a Redis of this test alone
//! # }
//! ```
//!
//! The databases of a run share one PostgreSQL: the one of `BESEDA_TEST_STORES` (set by
//! `make test`), else one of this process. Each test has a database of its own, copied from a
//! template that is migrated once per set of migrations, and a Redis of its own: channels of
//! publish and subscribe are shared by all databases of a Redis, so neither its numbered databases
//! nor a prefix would keep tests apart.
//!
//! Functions here panic when something fails, since that ends the test and says where.

mod binary;
mod database;
mod dump;
pub mod identity;
mod process;
mod schema;
mod seed;
mod server;
mod wait;

pub use crate::{
    binary::beseda_binary,
    database::TestDb,
    dump::Dump,
    process::Process,
    schema::{Exceptions, assert_schema},
    seed::{Seed, is_long, is_long_for_rights},
    server::{STORES, Server},
    wait::{wait_for, wait_for_state, wait_for_state_within},
};
pub use embedded::{Postgres, Redis};

use kit::secrets::MasterKey;

/// 32 bytes that every test knows.
const MASTER_KEY: &str = "dGVzdHMgYWxvbmU6IG5ldmVyIGluIHByb2R1Y3Rpb24=";

/// The master key of all tests, from which the passwords of the databases' roles are made.
pub fn master_key() -> MasterKey {
    MasterKey::parse(MASTER_KEY).expect("32 bytes in base64")
}

/// The same as text, for the environment of a process.
pub fn master_key_text() -> &'static str {
    MASTER_KEY
}

/// A database of this test alone, in which these migrations have run.
pub async fn database(migrations: &[&'static pg::Migrations]) -> TestDb {
    Server::shared().await.database(migrations).await
}

/// A PostgreSQL of this test alone, which it may kill and start again. With `fsync` for tests that
/// measure; without it a killed server loses nothing either, only a power cut would.
pub async fn private_postgres(fsync: bool) -> Server {
    Server::private(fsync).await
}

/// A Redis of this test alone, which it may kill, flush and start again.
pub async fn private_redis() -> Redis {
    let options = embedded::redis::Options::temporary();
    embedded::redis::start(options)
        .await
        .expect("a private Redis starts")
}
