//! ConnectionService.

use api::conversations::v1::{
    Connection, ConversationMode, CreateConnectionRequest, GetConnectionRequest,
    ListConnectionsRequest, UpdateConnectionRequest,
};
use prost_types::FieldMask;
use tonic::Status;
use types::{AccountId, ConnectionId};

use crate::world::{World, refusal, with};

async fn get(world: &World, token: &str, id: &str) -> Result<Connection, Status> {
    let request = GetConnectionRequest {
        connection_id: id.to_owned(),
    };
    let reply = world
        .connections()
        .get_connection(with(token, request))
        .await?;
    Ok(reply.into_inner().connection.expect("a connection"))
}

async fn update(
    world: &World,
    connection: Connection,
    paths: &[&str],
) -> Result<Connection, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateConnectionRequest {
        connection: Some(connection),
        update_mask: Some(FieldMask { paths }),
    };
    let reply = world
        .connections()
        .update_connection(with(&world.admin, request))
        .await?;
    Ok(reply.into_inner().connection.expect("a connection"))
}

#[tokio::test]
async fn everybody_of_the_account_reads_and_nobody_else() {
    let world = World::start().await;
    let created = world.connection().await;
    assert_eq!(
        created.conversation_mode(),
        ConversationMode::NewAfterClose,
        "as messengers do, unless said otherwise"
    );
    for token in [
        &world.admin,
        &world.manager(),
        &world.program(world.account, "inbox.read"),
    ] {
        assert_eq!(
            get(&world, token, &created.id).await.expect("readable"),
            created
        );
    }
    let stranger = world.administrator_of(AccountId::generate());
    let unknown = ConnectionId::generate().to_string();
    for (token, id) in [(&stranger, &created.id), (&world.admin, &unknown)] {
        let expected = format!("NotFound CONNECTION_NOT_FOUND {{connection_id={id}}}");
        assert_eq!(refusal(get(&world, token, id).await), expected);
    }
}

#[tokio::test]
async fn only_administrators_change() {
    let world = World::start().await;
    let created = world.connection().await;
    let manager = world.manager();
    let refused = "PermissionDenied PERMISSION_MISSING {permission=settings.write}";
    assert_eq!(
        refusal(world.create(&manager, world.new_connection()).await),
        refused
    );
    let request = UpdateConnectionRequest {
        connection: Some(created),
        update_mask: None,
    };
    assert_eq!(
        refusal(
            world
                .connections()
                .update_connection(with(&manager, request))
                .await
        ),
        refused
    );
    let program = world.program(world.account, "inbox.read");
    let refused = "PermissionDenied SCOPE_MISSING {scope=settings.write}";
    assert_eq!(
        refusal(world.create(&program, world.new_connection()).await),
        refused
    );
}

#[tokio::test]
async fn a_connection_needs_a_registered_connector() {
    let world = World::start().await;
    let telegram = || Connection {
        connector_key: "telegram".to_owned(),
        ..world.new_connection()
    };
    let unknown = "NotFound CONNECTOR_NOT_FOUND {connector_key=telegram}";
    assert_eq!(
        refusal(world.create(&world.admin, telegram()).await),
        unknown
    );

    let elsewhere = world.program(AccountId::generate(), "connector:telegram");
    world
        .register(&elsewhere, "telegram")
        .await
        .expect("registered");
    assert_eq!(
        refusal(world.create(&world.admin, telegram()).await),
        unknown,
        "it is another account's"
    );
    let own = world.program(world.account, "connector:telegram");
    world.register(&own, "telegram").await.expect("registered");
    world
        .create(&world.admin, telegram())
        .await
        .expect("created");
}

#[tokio::test]
async fn only_the_connector_itself_registers() {
    let world = World::start().await;
    let refused = "PermissionDenied SCOPE_MISSING {scope=connector:telegram}";
    assert_eq!(
        refusal(world.register(&world.admin, "telegram").await),
        refused
    );
    assert_eq!(
        refusal(world.register(&world.connector, "telegram").await),
        refused
    );
}

#[tokio::test]
async fn creating_it_again_gives_the_one_that_is_there() {
    let world = World::start().await;
    let created = world.connection().await;
    let again = Connection {
        title: "Another".to_owned(),
        enabled: false,
        ..created.clone()
    };
    assert_eq!(
        world.create(&world.admin, again).await.expect("found"),
        created
    );
}

#[tokio::test]
async fn a_repeated_request_is_answered_once_and_another_under_its_id_is_refused() {
    let world = World::start().await;
    let request_id = "0190a0a0-0000-7000-8000-000000000001".to_owned();
    let request = CreateConnectionRequest {
        connection: Some(world.new_connection()),
        request_id: request_id.clone(),
    };
    let create = async |request: &CreateConnectionRequest| {
        let reply = world
            .connections()
            .create_connection(with(&world.admin, request.clone()))
            .await?;
        Ok::<_, Status>(reply.into_inner())
    };
    let first = create(&request).await.expect("created");
    assert_eq!(create(&request).await.expect("answered"), first);
    let other = CreateConnectionRequest {
        connection: Some(world.new_connection()),
        ..request
    };
    let expected = format!("InvalidArgument REQUEST_ID_REUSED {{request_id={request_id}}}");
    assert_eq!(refusal(create(&other).await), expected);
}

#[tokio::test]
async fn every_field_is_checked() {
    let world = World::start().await;
    let bad = Connection {
        connector_key: "Test".to_owned(),
        title: " ".to_owned(),
        conversation_mode: 9,
        external_id: "x".repeat(201),
        ..Connection::default()
    };
    let expected = "InvalidArgument FIELD_INVALID {connection.connector_key: must have 2 to 40 lower-case letters, digits and hyphens; \
                    connection.conversation_mode: has no value 9; connection.external_id: must have 1 to 200 characters, has 201; \
                    connection.title: must not be empty}";
    assert_eq!(refusal(world.create(&world.admin, bad).await), expected);
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let world = World::start().await;
    let created = world.connection().await;
    let change = Connection {
        id: created.id.clone(),
        title: "New".to_owned(),
        conversation_mode: ConversationMode::Multiple.into(),
        ..Connection::default()
    };
    let updated = update(&world, change.clone(), &["title", "enabled"])
        .await
        .expect("updated");
    let expected = Connection {
        title: "New".to_owned(),
        enabled: false,
        etag: "v2".to_owned(),
        ..created.clone()
    };
    assert_eq!(updated, expected);
    let updated = update(&world, change.clone(), &[]).await.expect("updated");
    assert_eq!(
        updated.conversation_mode(),
        ConversationMode::Multiple,
        "without a mask what is set counts"
    );
    assert_eq!(
        update(&world, change.clone(), &[])
            .await
            .expect("unchanged")
            .etag,
        updated.etag
    );

    let stale = Connection {
        etag: "v1".to_owned(),
        ..change.clone()
    };
    assert_eq!(
        refusal(update(&world, stale, &["title"]).await),
        "Aborted ETAG_MISMATCH {}"
    );
    let fixed = refusal(update(&world, change, &["external_id"]).await);
    let expected = "InvalidArgument FIELD_INVALID {update_mask: cannot name \"external_id\": of title, conversation_mode, enabled, settings}";
    assert_eq!(fixed, expected);
}

#[tokio::test]
async fn pages_are_in_order_of_creation_and_complete() {
    let world = World::start().await;
    let mut created = Vec::new();
    for _ in 0..5 {
        created.push(world.connection().await);
    }
    let stranger = world.administrator_of(AccountId::generate());
    let list = async |token: &str, page_token: String| {
        let request = ListConnectionsRequest {
            page_size: 2,
            page_token,
        };
        world
            .connections()
            .list_connections(with(token, request))
            .await
            .map(tonic::Response::into_inner)
    };
    let (mut listed, mut next) = (Vec::new(), String::new());
    loop {
        let page = list(&world.admin, next).await.expect("a page");
        listed.extend(page.connections);
        next = page.next_page_token;
        if next.is_empty() {
            break;
        }
        assert_eq!(
            refusal(list(&stranger, next.clone()).await),
            "InvalidArgument PAGE_TOKEN_MISMATCH {}"
        );
    }
    assert_eq!(listed, created);
    assert!(
        list(&stranger, String::new())
            .await
            .expect("a page")
            .connections
            .is_empty()
    );
}
