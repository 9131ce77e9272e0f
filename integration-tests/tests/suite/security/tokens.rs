//! Tokens that are none, or no longer.

use auth::token::{Grant, SigningKey};
use auth::{Principal, Role};
use integration_tests::Cluster;
use integration_tests::actors::Admin;
use sqlx::Row;
use types::{Clock, Language};

/// A token that identity signed for this administrator, an hour ago.
pub async fn expired(cluster: &Cluster, admin: &Admin, account: &str) -> String {
    let key = signing_key(cluster).await;
    let principal = Principal::Employee {
        account: account.parse().expect("an id"),
        user: admin.user().id.parse().expect("an id"),
        session: admin.tokens().await.session_id.parse().expect("an id"),
        role: Role::Administrator,
        group: None,
        name: admin.user().name.clone(),
    };
    sign(&key, principal, -3600)
}

/// A token of one of the installation's own services, stolen from inside.
pub async fn of_service(cluster: &Cluster) -> String {
    sign(
        &signing_key(cluster).await,
        Principal::Service {
            name: "conversations".into(),
        },
        0,
    )
}

/// The token of a client of an account who has logged in to the cabinet.
pub async fn of_client(cluster: &Cluster, account: &str) -> String {
    let account: types::AccountId = account.parse().expect("an id");
    let token = format!("cst_{}_{}", account.uuid().simple(), "c".repeat(43));
    sqlx::query(
        "WITH cabinet AS (
             INSERT INTO cabinet.cabinets (account_id, id, create_time, update_time) VALUES ($1, $2, now(), now()) ON CONFLICT DO NOTHING),
         client AS (
             INSERT INTO cabinet.clients (account_id, id, phone, create_time) VALUES ($1, $2, '+79990000000', now()) RETURNING id)
         INSERT INTO cabinet.client_sessions (account_id, token_digest, client_id, create_time, expire_time)
         SELECT $1, $3, id, now(), now() + interval '1 day' FROM client",
    )
    .bind(account.uuid())
    .bind(types::CabinetClientId::generate().uuid())
    .bind(&kit::secrets::sha256(token.as_bytes())[..])
    .execute(&mut cluster.db().owner().await)
    .await
    .expect("a session");
    token
}

fn sign(key: &SigningKey, principal: Principal, seconds: i64) -> String {
    let at = Clock::system().now() + time::Duration::seconds(seconds);
    key.sign(&Grant::new(principal, Language::Ru), at)
        .expect("signed")
        .0
}

/// The key with which identity signs, opened with the installation's master key.
async fn signing_key(cluster: &Cluster) -> SigningKey {
    let mut owner = cluster.db().owner().await;
    let row = sqlx::query("SELECT key_id, sealed_seed FROM identity.signing_keys")
        .fetch_one(&mut owner)
        .await
        .expect("a key");
    let id: String = row.get(0);
    let sealed: Vec<u8> = row.get(1);
    let seed = testkit::master_key()
        .open(&sealed, &format!("signing_key:{id}"))
        .expect("the key of this installation");
    SigningKey::new(id, &seed[..].try_into().expect("32 bytes"))
}

/// Strings that are no tokens, in the ways in which people and programs get them wrong.
pub fn garbage() -> Vec<String> {
    let long = "a".repeat(4_000);
    let texts = [
        "x",
        "null",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyIn0.",
        "a.b.c",
        "bsk_",
        "bsk_00_11",
        "vst_x",
        "cst_x",
        &long,
    ];
    texts.map(str::to_owned).to_vec()
}
