//! «+» and «Создать чат» (CHW-31, CHW-32).

use api::connector::v1::{ClientAddress, ConnectorManifest, RegisterConnectorRequest};
use api::conversations::v1::{ChatCreation, OpenWindowRequest, WindowPlace};
use api::identity::v1::RightLevel;
use auth::Role;
use testkit::wait_for;
use types::UserId;

use super::contacts::listed;
use crate::rights::{case, viewing};
use crate::world::{CONNECTOR, World, with};

/// The channel lets employees write first, or does not.
async fn write_first(world: &World, address: ClientAddress) {
    let manifest = ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "Test".to_owned(),
        client_address: address.into(),
        ..ConnectorManifest::default()
    };
    let request = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let registered = world
        .hub()
        .register_connector(with(&world.connector, request))
        .await;
    registered.expect("registered");
}

async fn creation(world: &World, token: &str) -> ChatCreation {
    let request = OpenWindowRequest {
        place: WindowPlace::LeftMenu.into(),
        ..OpenWindowRequest::default()
    };
    let opened = world.chats().open_window(with(token, request)).await;
    let opened = opened.expect("opened").into_inner();
    opened.chat_creation.expect("it is said")
}

/// Why it is not offered.
async fn refusal(world: &World, token: &str) -> String {
    let said = creation(world, token).await;
    assert!(!said.offered && said.connections.is_empty() && !said.reason_text.is_empty());
    assert!(listed(world, token).await.iter().all(|it| !it.create_chat));
    said.reason
}

#[tokio::test]
async fn the_buttons_are_offered_where_a_chat_can_be_created() {
    let world = World::start().await;
    let connection = world.connection().await;
    let owner = UserId::generate();
    case(&world, &connection, "anna", owner).await;
    world.conversation(&connection, "boris").await;
    let admin = &world.admin;
    assert_eq!(refusal(&world, admin).await, "NO_CONNECTION_TO_START");

    write_first(&world, ClientAddress::Phone).await;
    let offered = creation(&world, admin).await;
    assert!(offered.offered && offered.new_contacts && offered.reason.is_empty());
    let through: Vec<_> = offered
        .connections
        .iter()
        .map(|it| (&it.connection_id[..], &it.title[..], it.phones_only))
        .collect();
    assert_eq!(through, [(&connection.id[..], &connection.title[..], true)]);
    let buttons: Vec<_> = listed(&world, admin).await;
    let buttons: Vec<_> = buttons
        .iter()
        .map(|it| (!it.contact_id.is_empty(), it.create_chat))
        .collect();
    assert!(buttons.contains(&(true, true)), "under a contact");
    assert!(
        buttons.contains(&(false, false)),
        "not under a client who is none"
    );

    // Whoever may not add contacts writes to those who are known.
    let (manager, boris) = world.member(world.account, Role::Manager, None);
    // Who may neither add contacts nor see any has nobody to write to.
    assert_eq!(refusal(&world, &manager).await, "PERMISSION_MISSING");
    world.set_rights(boris, viewing(RightLevel::Own, RightLevel::Own));
    let offered = wait_for("the rights have arrived", async || {
        Some(creation(&world, &manager).await).filter(|said| said.offered)
    })
    .await;
    assert!(!offered.new_contacts);
    let reader = world.program(world.account, "inbox.read");
    assert_eq!(refusal(&world, &reader).await, "PERMISSION_MISSING");

    world.switch(&connection, false).await;
    assert_eq!(refusal(&world, admin).await, "NO_CONNECTION_TO_START");
    world.switch(&connection, true).await;
    world.identity.unpaid(world.account);
    wait_for("the subscription has ended", async || {
        let said = creation(&world, admin).await;
        (said.reason == "SUBSCRIPTION_UNPAID").then_some(())
    })
    .await;
}
