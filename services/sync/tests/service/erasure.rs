//! A client has their data erased.

use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::erasure::internal::v1::{
    ChannelPerson, ErasePersonRequest, ErasePersonResponse, Person, PersonalValue,
    PersonalValueKind, ScanPersonRequest, ScanPersonResponse,
};
use auth::Principal;
use kit::lifecycle::Lifecycle;
use serde_json::json;
use sqlx::PgConnection;
use sync::{App, Config, MIGRATIONS};
use testkit::identity::{Identity, SECRET};
use tonic::transport::Channel;
use types::{AccountId, Clock};

const NAME: &str = "Алевтина Кузнецова";
const PHONE: &str = "+79161234567";

/// Everything that the service keeps, but what it keeps of erasures.
async fn kept(owner: &mut PgConnection) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
          WHERE table_schema = 'sync' AND table_type = 'BASE TABLE' AND table_name <> 'erasures'",
    )
    .fetch_all(&mut *owner)
    .await
    .expect("listed");
    assert!(tables.len() > 10, "{tables:?}");
    let mut kept = String::new();
    for table in tables {
        let read = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM sync.{table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(read))
            .fetch_one(&mut *owner)
            .await
            .expect("read");
        kept.push_str(&text);
    }
    kept
}

/// What rules keep of a client who waits for a portal of amoCRM that knows them already.
async fn plant(
    owner: &mut PgConnection,
    account: AccountId,
    client_key: &str,
    (name, phone): (&str, &str),
) {
    let facts = json!({"client_name": name, "client_phone": phone, "site": "okna.example", "message": format!("Это {name}")});
    let (conversation, run) = (types::new_uuid(), types::new_uuid());
    sqlx::query("SELECT set_config('beseda.system', 'on', false)")
        .execute(&mut *owner)
        .await
        .expect("set");
    sqlx::query(
        "INSERT INTO sync.requests (account_id, conversation_id, number, client_key, facts, is_group, first_message_id, occasion,
                message_time, create_time)
         VALUES ($1, $2, 1, $3, $4, false, $2, 1, now(), now())",
    )
    .bind(account.uuid())
    .bind(conversation)
    .bind(client_key)
    .bind(&facts)
    .execute(&mut *owner)
    .await
    .expect("planted");
    sqlx::query(
        "INSERT INTO sync.runs (account_id, run_id, integration_id, integration_name, conversation_id, number, message_id, client_key,
                client_name, state, problem, attempts, settings_version, request, known, plan, steps, create_time, update_time)
         VALUES ($1, $2, $2, 'Site', $3, 1, $3, $4, $5, 2, '', 1, 1, $6, '{}', $7, '[]', now(), now())",
    )
    .bind(account.uuid())
    .bind(run)
    .bind(conversation)
    .bind(client_key)
    .bind(name)
    .bind(json!({"facts": facts, "occasion": "new"}))
    .bind(json!({"takes": true, "changes": [{"unsorted": format!("Обращение: {name}")}], "decisions": []}))
    .execute(&mut *owner)
    .await
    .expect("planted");
    // The worker does not come to it while the test runs.
    sqlx::query(
        "WITH client AS (INSERT INTO sync.clients (account_id, client_key, due_time) VALUES ($1, $2, now() + interval '1 day')),
              linked AS (INSERT INTO sync.portal_clients (account_id, portal_id, client_key, contact_id) VALUES ($1, $3, $2, 7))
         INSERT INTO sync.jobs (account_id, client_key, place, job_id, conversation_id, occasion, facts, message_time, is_rerun)
         VALUES ($1, $2, 1, $3, $3, 1, $4, now(), false)",
    )
    .bind(account.uuid())
    .bind(client_key)
    .bind(conversation)
    .bind(&facts)
    .execute(&mut *owner)
    .await
    .expect("planted");
}

fn person() -> Person {
    let value = |kind: PersonalValueKind, text: &str| PersonalValue {
        kind: kind.into(),
        text: text.into(),
    };
    Person {
        channels: vec![ChannelPerson {
            connector_key: "telegram".into(),
            external_id: "client-55501".into(),
        }],
        values: vec![
            value(PersonalValueKind::Name, NAME),
            value(PersonalValueKind::Phone, PHONE),
        ],
        ..Person::default()
    }
}

struct Store {
    account: AccountId,
    identity: Identity,
    channel: Channel,
}

impl Store {
    fn ask<T>(&self, message: T) -> tonic::Request<T> {
        let token = self.identity.token(Principal::Service {
            name: "cabinet".to_owned(),
        });
        let mut request = tonic::Request::new(message);
        let value = format!("Bearer {token}").parse().expect("a header");
        request.metadata_mut().insert("authorization", value);
        request
    }

    async fn erase(&self) -> ErasePersonResponse {
        let request = ErasePersonRequest {
            account_id: self.account.uuid().as_bytes().to_vec(),
            erasure_id: vec![7; 16],
            attempt: 1,
            person: Some(person()),
        };
        let mut client = ErasureStoreServiceClient::new(self.channel.clone());
        client
            .erase_person(self.ask(request))
            .await
            .expect("erased")
            .into_inner()
    }

    async fn scan(&self) -> ScanPersonResponse {
        let request = ScanPersonRequest {
            account_id: self.account.uuid().as_bytes().to_vec(),
            person: Some(person()),
            ..ScanPersonRequest::default()
        };
        let mut client = ErasureStoreServiceClient::new(self.channel.clone());
        client
            .scan_person(self.ask(request))
            .await
            .expect("scanned")
            .into_inner()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_takes_the_client_out_of_all_tables() {
    let db = testkit::database(&[&MIGRATIONS]).await;
    let (clock, life) = (Clock::system(), Lifecycle::new());
    let (identity, identity_url) = Identity::start("sync", clock.clone(), &life).await;
    let config = Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        database_url: db.url(&MIGRATIONS),
        redis_url: db.redis_url().await,
        crm: identity_url.clone(),
        conversations: identity_url.clone(),
        identity: identity_url,
        service_secret: SECRET.to_owned().into(),
        master_key: testkit::master_key(),
        amo: None,
        clock,
    };
    let app = App::build(config).await.expect("the service is built");
    let address = format!("http://{}", app.addr().expect("bound"));
    let running = life.clone();
    life.spawn("app", async move {
        app.run(running).await.expect("the service runs");
    });
    let store = Store {
        account: AccountId::generate(),
        identity,
        channel: kit::channel(&address).expect("an address"),
    };
    let mut owner = db.owner().await;
    plant(
        &mut owner,
        store.account,
        "telegram\nclient-55501",
        (NAME, PHONE),
    )
    .await;
    plant(
        &mut owner,
        store.account,
        "telegram\n60000",
        ("Борис Орлов", "+74950000000"),
    )
    .await;
    assert!(!store.scan().await.found.is_empty());
    let erased = store.erase().await;
    assert!(erased.done);
    assert!(store.scan().await.found.is_empty());
    let left = kept(&mut owner).await;
    for own in [NAME, "Алевтина", PHONE, "79161234567", "client-55501"] {
        assert!(!left.contains(own), "{own} is in {left}");
    }
    assert!(
        left.contains("okna.example") && left.contains("***"),
        "the reasons of the run stay: {left}"
    );
    for others in ["Борис Орлов", "+74950000000", "60000"] {
        assert!(left.contains(others), "{others} is gone: {left}");
    }
    life.stop();
}
