//! Everything that the stores of a test hold, to look for what must not be there.

use std::path::Path;

use redis::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::TestDb;

/// Everything that stores hold, with where it is.
#[derive(Debug, Default)]
pub struct Dump(Vec<(String, Vec<u8>)>);

impl Dump {
    /// All rows of all tables of all services, and all that Redis holds.
    pub async fn of(db: &TestDb) -> Self {
        let mut dump = Self::default();
        dump.add_tables(&mut db.owner().await).await;
        dump.add_redis(&db.redis_url().await).await;
        dump
    }

    /// All rows of all tables, as the superuser sees them.
    pub async fn add_tables(&mut self, owner: &mut PgConnection) {
        let tables: Vec<(String, String)> = sqlx::query_as(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        )
        .fetch_all(&mut *owner)
        .await
        .expect("tables");
        for (schema, table) in tables {
            let name = format!("{schema}.{table}");
            let rows: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT t::text FROM {name} t")))
                    .fetch_all(&mut *owner)
                    .await
                    .expect("rows");
            self.0
                .extend(rows.into_iter().map(|row| (name.clone(), row.into_bytes())));
        }
    }

    /// All keys with what they hold.
    pub async fn add_redis(&mut self, url: &str) {
        let client = redis::Client::open(url).expect("a URL");
        let mut redis = client
            .get_multiplexed_async_connection()
            .await
            .expect("Redis");
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*")
            .query_async(&mut redis)
            .await
            .expect("keys");
        for key in keys {
            let kind: String = redis::cmd("TYPE")
                .arg(&key)
                .query_async(&mut redis)
                .await
                .expect("a type");
            let mut read = match &kind[..] {
                "string" => redis::cmd("GET"),
                "stream" => redis::cmd("XRANGE"),
                "hash" => redis::cmd("HGETALL"),
                "set" => redis::cmd("SMEMBERS"),
                _ => redis::cmd("LRANGE"),
            };
            read.arg(&key);
            match &kind[..] {
                "stream" => drop(read.arg("-").arg("+")),
                "list" => drop(read.arg(0).arg(-1)),
                _ => {}
            }
            // A key may end between the two calls.
            let value: Value = read.query_async(&mut redis).await.unwrap_or(Value::Nil);
            self.add_value(&format!("redis {key}"), value);
        }
    }

    fn add_value(&mut self, place: &str, value: Value) {
        match value {
            Value::BulkString(bytes) => self.0.push((place.to_owned(), bytes)),
            Value::SimpleString(text) => self.0.push((place.to_owned(), text.into_bytes())),
            Value::Array(items) | Value::Set(items) => {
                items
                    .into_iter()
                    .for_each(|item| self.add_value(place, item));
            }
            Value::Map(items) => items.into_iter().for_each(|(key, value)| {
                self.add_value(place, key);
                self.add_value(place, value);
            }),
            _ => {}
        }
    }

    /// All files below a folder.
    pub fn add_files(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for path in entries.map(|entry| entry.expect("readable").path()) {
            if path.is_dir() {
                self.add_files(&path);
            } else {
                let contents = std::fs::read(&path).expect("readable");
                self.0.push((path.display().to_string(), contents));
            }
        }
    }

    /// Where a text stands, as it is or in small letters, also in what the database shows as hexadecimal digits.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<&str> {
        let small = text.to_lowercase();
        let needles = [text.as_bytes(), small.as_bytes()].map(|bytes| {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            (bytes, hex)
        });
        let holds = |bytes: &[u8]| {
            needles
                .iter()
                .any(|(plain, hex)| has(bytes, plain) || has(bytes, hex.as_bytes()))
        };
        let found = self.0.iter().filter(|(_, bytes)| holds(bytes));
        let mut places: Vec<&str> = found.map(|(place, _)| &place[..]).collect();
        places.dedup();
        places
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
