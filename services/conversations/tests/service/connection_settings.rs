//! What connectors have to know of connections, and how connections are.

use api::connector::v1 as hub;
use api::connector::v1::watch_connections_response::Event as Told;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    ChangeKind, Connection, ConnectionState, ConversationVisibility as Seen, GetConnectionRequest,
    ListConnectorsRequest, UpdateConnectionRequest,
};
use api::identity::v1::RightLevel::Allowed;
use auth::Role;
use kit::json::{from_struct, to_struct};
use prost_types::{FieldMask, Struct};
use serde_json::{Value, json};
use testkit::TestDb;
use tonic::Status;
use types::AccountId;

use crate::rights;
use crate::world::{CONNECTOR, World, refusal, with};

const SCHEMA: &str = r#"{"type": "object", "required": ["token"], "additionalProperties": false, "properties": {
    "token": {"type": "string", "minLength": 8, "writeOnly": true},
    "password": {"type": "string", "writeOnly": true},
    "limit": {"type": "integer"}}}"#;

fn settings(value: Value) -> Option<Struct> {
    match value {
        Value::Object(fields) => Some(to_struct(fields)),
        other => panic!("{other} is no object"),
    }
}

fn plain(connection: &Connection) -> Value {
    let settings = connection.settings.clone().map(from_struct);
    Value::Object(settings.unwrap_or_default())
}

async fn register(world: &World, schema: &str) -> Result<(), Status> {
    let manifest = hub::ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "Test".to_owned(),
        settings_schema: schema.to_owned(),
        ..hub::ConnectorManifest::default()
    };
    let request = hub::RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let reply = world
        .hub()
        .register_connector(with(&world.connector, request))
        .await;
    reply.map(drop)
}

/// A world in which the connector has settings, and a connection with some.
async fn world() -> (World, Connection) {
    let world = World::start().await;
    register(&world, SCHEMA).await.expect("registered");
    let given = json!({"token": "s3cr3t-token", "limit": 3});
    let connection = world
        .create(
            &world.admin,
            Connection {
                settings: settings(given),
                ..world.new_connection()
            },
        )
        .await
        .expect("created");
    (world, connection)
}

async fn update(
    world: &World,
    connection: &Connection,
    given: Value,
) -> Result<Connection, Status> {
    let request = UpdateConnectionRequest {
        connection: Some(Connection {
            id: connection.id.clone(),
            settings: settings(given),
            ..Connection::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["settings".to_owned()],
        }),
    };
    let reply = world
        .connections()
        .update_connection(with(&world.admin, request))
        .await?;
    Ok(reply.into_inner().connection.expect("a connection"))
}

async fn get(world: &World, token: &str, connection: &Connection) -> Connection {
    let request = GetConnectionRequest {
        connection_id: connection.id.clone(),
    };
    let reply = world
        .connections()
        .get_connection(with(token, request))
        .await
        .expect("readable");
    reply.into_inner().connection.expect("a connection")
}

/// The settings that the connector is told.
async fn told(world: &World) -> Value {
    let request = hub::WatchConnectionsRequest {
        connector_key: CONNECTOR.to_owned(),
    };
    let mut stream = world
        .hub()
        .watch_connections(with(&world.connector, request))
        .await
        .expect("a stream")
        .into_inner();
    let step = stream.message().await.expect("no error").expect("a step");
    let Some(Told::Connection(connection)) = step.event else {
        panic!("a connection comes first")
    };
    Value::Object(from_struct(connection.settings.unwrap_or_default()))
}

async fn stored(db: &TestDb) -> Vec<u8> {
    sqlx::query_scalar("SELECT secrets FROM conversations.connections")
        .fetch_one(&mut db.owner().await)
        .await
        .expect("stored")
}

#[tokio::test]
async fn secrets_are_kept_sealed_and_told_to_the_connector_alone() {
    let (world, connection) = world().await;
    assert_eq!(plain(&connection), json!({"limit": 3}));
    assert_eq!(connection.secret_names, ["token"]);
    let sealed = stored(&world.db).await;
    assert!(!sealed.windows(6).any(|it| it == b"s3cr3t"), "in the clear");
    assert_eq!(
        told(&world).await,
        json!({"token": "s3cr3t-token", "limit": 3})
    );
    let manager = get(&world, &world.manager(), &connection).await;
    assert_eq!(
        (plain(&manager), manager.secret_names.len()),
        (json!({}), 0)
    );
}

#[tokio::test]
async fn a_change_replaces_settings_and_keeps_the_secrets_it_does_not_name() {
    let (world, connection) = world().await;
    let changed = update(&world, &connection, json!({"password": "p"})).await;
    let changed = changed.expect("changed");
    assert_eq!(plain(&changed), json!({}));
    assert_eq!(changed.secret_names, ["password", "token"]);
    assert_eq!(
        told(&world).await,
        json!({"token": "s3cr3t-token", "password": "p"})
    );
    let without = update(&world, &connection, json!({"password": null})).await;
    assert_eq!(without.expect("changed").secret_names, ["token"]);
    let refused = refusal(update(&world, &connection, json!({"token": null})).await);
    assert!(
        refused.starts_with("InvalidArgument FIELD_INVALID"),
        "{refused}"
    );
}

#[tokio::test]
async fn settings_that_do_not_fit_are_refused_by_name_and_without_their_value() {
    let (world, connection) = world().await;
    let bad = json!({"token": "s3cr3t", "limit": 1.5, "other": true});
    let new = Connection {
        settings: settings(bad.clone()),
        ..world.new_connection()
    };
    for refused in [
        refusal(world.create(&world.admin, new).await),
        refusal(update(&world, &connection, bad).await),
    ] {
        for part in [
            "FIELD_INVALID",
            "connection.settings.token:",
            "connection.settings.limit:",
            "other",
        ] {
            assert!(refused.contains(part), "{part} in {refused}");
        }
        assert!(!refused.contains("s3cr3t"), "{refused}");
    }
}

#[tokio::test]
async fn a_connector_describes_its_settings_and_administrators_read_it() {
    let (world, _) = world().await;
    let list = async |token: &str| {
        let request = with(token, ListConnectorsRequest {});
        world.connections().list_connectors(request).await
    };
    let listed = list(&world.admin).await.expect("listed").into_inner();
    assert_eq!(listed.connectors.len(), 1);
    assert_eq!(listed.connectors[0].settings_schema, SCHEMA);
    assert!(refusal(list(&world.manager()).await).contains("PERMISSION_MISSING"));

    let own = world.program(world.account, "connector:fax");
    world.register(&own, "fax").await.expect("registered");
    let elsewhere = world.program(AccountId::generate(), "connector:pigeon");
    world
        .register(&elsewhere, "pigeon")
        .await
        .expect("registered");
    let listed = list(&world.admin).await.expect("listed").into_inner();
    let keys: Vec<_> = listed.connectors.iter().map(|it| &it.key[..]).collect();
    assert_eq!(keys, ["fax", CONNECTOR]);

    let refused = refusal(register(&world, r#"{"type": "string"}"#).await);
    assert!(refused.contains("manifest.settings_schema"), "{refused}");
}

async fn say(
    world: &World,
    token: &str,
    connection: &Connection,
    state: ConnectionState,
    text: &str,
) {
    let report = hub::HealthReport {
        connection_id: connection.id.clone(),
        state: state.into(),
        text: text.to_owned(),
    };
    let request = hub::ReportHealthRequest {
        connector_key: CONNECTOR.to_owned(),
        reports: vec![report],
    };
    let reply = world.hub().report_health(with(token, request)).await;
    reply.expect("taken");
}

#[tokio::test]
async fn administrators_read_since_when_a_connection_does_not_work_and_why() {
    use ConnectionState::{Broken, Disturbed};
    let (mut world, connection) = world().await;
    assert_eq!(get(&world, &world.admin, &connection).await.health, None);
    let connector = world.connector.clone();
    say(
        &world,
        &connector,
        &connection,
        Broken,
        "The token was revoked.",
    )
    .await;
    let first = get(&world, &world.admin, &connection)
        .await
        .health
        .expect("told");
    assert_eq!(first.state(), Broken);
    world.advance(std::time::Duration::from_secs(60));
    let connector = world.connector.clone();
    say(
        &world,
        &connector,
        &connection,
        Broken,
        "Enter a new token.",
    )
    .await;
    let second = get(&world, &world.admin, &connection)
        .await
        .health
        .expect("told");
    assert_eq!(second.text, "Enter a new token.");
    assert_eq!(second.since_time, first.since_time, "the same state");
    let etag = get(&world, &world.admin, &connection).await.etag;
    assert_eq!(etag, connection.etag, "nobody has changed it");
    let manager = world.manager();
    assert_eq!(get(&world, &manager, &connection).await.health, None);

    let second = get(&world, &world.admin, &connection).await.health;
    let second = second.expect("told");

    let elsewhere = world.program(AccountId::generate(), &format!("connector:{CONNECTOR}"));
    say(&world, &elsewhere, &connection, Disturbed, "not theirs").await;
    assert_eq!(
        get(&world, &world.admin, &connection).await.health,
        Some(second)
    );
}

#[tokio::test]
async fn health_is_told_live_to_administrators_alone() {
    use ConnectionState::{Disturbed, Unspecified, Working};
    let (world, connection) = world().await;
    let connector = world.connector.clone();
    let (token, manager) = world.member(world.account, Role::Manager, None);
    let case = rights::case(&world, &connection, "anna", manager).await;
    world.set_rights(manager, rights::viewing(Allowed, Allowed));
    rights::sees(&world, &token, &case.conversation, Seen::DealAndChat).await;

    let mut watching = rights::watch(&world, &world.admin).await;
    let mut others = rights::watch(&world, &token).await;
    for (state, text) in [
        (Disturbed, "It is slow."),
        (Disturbed, "It is slow."),
        (Working, ""),
    ] {
        say(&world, &connector, &connection, state, text).await;
    }
    for expected in [
        (Unspecified, Disturbed, "It is slow."),
        (Disturbed, Working, ""),
    ] {
        let change = loop {
            let step = watching
                .message()
                .await
                .expect("a step")
                .expect("it goes on");
            if let Some(Event::ConnectionHealth(change)) = step.event {
                break change;
            }
        };
        assert_eq!(change.connection_id, connection.id);
        let health = change.health.as_ref().expect("told");
        assert_eq!(
            (change.previous_state(), health.state(), &health.text[..]),
            expected
        );
    }
    world.conversation(&connection, "anna").await;
    loop {
        let step = others.message().await.expect("a step").expect("it goes on");
        match step.event {
            Some(Event::Change(change)) if change.kind() == ChangeKind::MessageAdded => break,
            Some(Event::ConnectionHealth(told)) => panic!("a manager is told {told:?}"),
            _ => {}
        }
    }
}
