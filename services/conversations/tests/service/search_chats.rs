//! Search in chats.

use api::connector::v1::channel_event::Event;
use api::conversations::v1::{
    ChatHit, ChatMatch, ChatProfile, Connection, GetChatProfileRequest, SearchChatsRequest,
    SearchChatsResponse,
};
use api::identity::v1 as id;
use api::identity::v1::RightLevel::{Allowed, Forbidden, Own};
use auth::Role;
use conversations::MIGRATIONS;
use conversations::admin::rebuild_search;
use pg::Db;
use testkit::wait_for;
use tonic::Status;
use types::AccountId;

use crate::rights::{case, seer, tell_contact, viewing};
use crate::search::indexed;
use crate::world::{World, refusal, with};

async fn ask(
    world: &World,
    token: &str,
    request: &SearchChatsRequest,
) -> Result<SearchChatsResponse, Status> {
    let reply = world
        .search()
        .search_chats(with(token, request.clone()))
        .await?;
    Ok(reply.into_inner())
}

fn query(text: &str) -> SearchChatsRequest {
    SearchChatsRequest {
        query: text.to_owned(),
        ..SearchChatsRequest::default()
    }
}

/// All hits, two a page.
pub async fn all(world: &World, token: &str, text: &str) -> Vec<ChatHit> {
    let (mut request, mut hits) = (query(text), Vec::new());
    request.page_size = 2;
    loop {
        let reply = ask(world, token, &request).await.expect("found");
        assert!(reply.hits.len() <= 2);
        hits.extend(reply.hits);
        if reply.next_page_token.is_empty() {
            return hits;
        }
        request.page_token = reply.next_page_token;
    }
}

async fn names(world: &World, text: &str) -> Vec<String> {
    let hits = all(world, &world.admin, text).await;
    hits.into_iter().map(|hit| hit.client_name).collect()
}

/// A client of this name writes in a chat of this id.
async fn writes(world: &World, connection: &Connection, chat: &str, name: &str) {
    let event = world.message_named(&connection.id, chat, name);
    world.publish(vec![event]).await.expect("published");
}

#[tokio::test]
async fn a_client_is_found_by_a_part_of_the_name() {
    let world = World::start().await;
    let connection = world.connection().await;
    for name in ["Алёна Петрова", "Милена", "Iñaki Núñez", "O'Connor 100%"] {
        writes(&world, &connection, name, name).await;
    }
    indexed(&world).await;
    assert_eq!(names(&world, "лена").await, ["Милена", "Алёна Петрова"]);
    assert_eq!(names(&world, " ПЕТР ").await, ["Алёна Петрова"]);
    assert_eq!(names(&world, "nuñe").await, ["Iñaki Núñez"]);
    assert_eq!(names(&world, "'con").await, ["O'Connor 100%"]);
    assert_eq!(names(&world, "100%").await, ["O'Connor 100%"]);
    assert!(names(&world, "Борис").await.is_empty());
    for short in ["", "Ян", "лен ", "+7 (49)"] {
        assert_eq!(
            refusal(ask(&world, &world.admin, &query(short)).await),
            "InvalidArgument SEARCH_TOO_SHORT {minimum=4}"
        );
    }
    let foreign = world.administrator_of(AccountId::generate());
    assert!(all(&world, &foreign, "лена").await.is_empty());
}

#[tokio::test]
async fn every_plan_searches_chats() {
    let world = World::start().await;
    world.identity.basic(world.account);
    let connection = world.connection().await;
    writes(&world, &connection, "anna", "Анна Петрова").await;
    indexed(&world).await;
    assert_eq!(names(&world, "Петрова").await, ["Анна Петрова"]);
}

#[tokio::test]
async fn a_client_is_found_by_what_crm_knows_of_the_contact() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (_, owner) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", owner).await;
    let contact = case.contact.uuid();
    world
        .crm
        .contact(world.account, contact, "74951234567", "@anna_p");
    world
        .crm
        .contact(AccountId::generate(), contact, "380501112233", "@foreign");
    indexed(&world).await;
    let found = async |text| {
        let hits = all(&world, &world.admin, text).await;
        let told = hits
            .iter()
            .map(|hit| (hit.matched(), &hit.contact_name[..]));
        told.map(|(by, name)| format!("{} {name}", by.as_str_name()))
            .collect::<Vec<_>>()
    };
    let by = |matched: ChatMatch| vec![format!("{} Анна", matched.as_str_name())];
    for number in ["+7 (495) 123", "8 495 123-45-67", "4567", "951-23"] {
        assert_eq!(found(number).await, by(ChatMatch::Phone), "{number}");
    }
    for name in ["@anna", "ANNA_P", "nna_"] {
        assert_eq!(found(name).await, by(ChatMatch::Messenger), "{name}");
    }
    assert_eq!(found("анна").await, by(ChatMatch::Name));
    for none in ["3805", "foreign", "12345678"] {
        assert!(found(none).await.is_empty(), "{none}");
    }
    // By the name and by the number: once.
    world.crm.contact(world.account, contact, "0", "анна");
    assert_eq!(found("анна").await, by(ChatMatch::Name));
}

#[tokio::test]
async fn whom_somebody_may_not_see_they_do_not_find() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    world.set_rights(boris, viewing(Own, Allowed));
    let case = case(&world, &connection, "anna", other).await;
    let contact = case.contact.uuid();
    world
        .crm
        .contact(world.account, contact, "74951234567", "@anna_p");
    indexed(&world).await;
    let asked = ["анна", "4951", "@anna_p"];
    for text in asked {
        assert_eq!(all(&world, &world.admin, text).await.len(), 1, "{text}");
        wait_for("the rights have arrived", async || {
            all(&world, &token, text).await.is_empty().then_some(())
        })
        .await;
    }
    tell_contact(&world, case.contact, boris, 2);
    for text in asked {
        wait_for("the contact is theirs", async || {
            (all(&world, &token, text).await.len() == 1).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_new_name_is_found_and_a_rebuild_finds_the_same() {
    let world = World::start().await;
    let connection = world.connection().await;
    for n in 0..5 {
        writes(
            &world,
            &connection,
            &format!("chat {n}"),
            &format!("Клиент {n}"),
        )
        .await;
    }
    writes(&world, &connection, "chat 0", "Клиентка").await;
    indexed(&world).await;
    let grown = names(&world, "клиент").await;
    assert_eq!(grown.len(), 5);
    assert_eq!(names(&world, "клиентка").await, ["Клиентка"]);
    sqlx::query("DELETE FROM conversations.search_chats")
        .execute(&mut world.db.owner().await)
        .await
        .expect("lost");
    assert!(names(&world, "клиент").await.is_empty());
    let config = pg::Config::new(world.db.url(&MIGRATIONS));
    let db = Db::connect(&config, &MIGRATIONS).await.expect("connected");
    let rebuilt = rebuild_search(&db, world.account, |_, _| {}).await;
    rebuilt.expect("rebuilt");
    assert_eq!(names(&world, "клиент").await, grown);
}

#[tokio::test]
async fn fields_that_are_hidden_find_nobody() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", boris).await;
    let contact = case.contact.uuid();
    world
        .crm
        .contact(world.account, contact, "74951234567", "@anna_p");
    indexed(&world).await;
    let hidden = |field: &str| id::FieldRule {
        entity: id::RightEntity::Contacts.into(),
        field: field.to_owned(),
        right: id::FieldRight::Hidden.into(),
        ..id::FieldRule::default()
    };
    let rights = id::Rights {
        fields: vec![hidden("name"), hidden("phones")],
        ..viewing(Allowed, Forbidden)
    };
    world.set_rights(boris, rights);
    let hits = wait_for("the rights have arrived", async || {
        let hits = all(&world, &token, "@anna_p").await;
        (hits.len() == 1 && hits[0].contact_name.is_empty()).then_some(hits)
    })
    .await;
    for text in ["анна", "4951"] {
        assert_eq!(all(&world, &world.admin, text).await.len(), 1, "{text}");
        assert!(all(&world, &token, text).await.is_empty(), "{text}");
    }
    let row = hits[0].conversation.as_ref().expect("it");
    assert_eq!(row.title, "#anna");
}

#[tokio::test]
async fn a_group_is_found_by_administrators_only() {
    let world = World::start().await;
    let connection = world.connection().await;
    let manager = seer(&world).await;
    let mut event = world.message_named(&connection.id, "club", "Клуб садоводов");
    event.group_chat = true;
    world.publish(vec![event]).await.expect("published");
    indexed(&world).await;
    assert_eq!(all(&world, &world.admin, "клуб").await.len(), 1);
    assert!(all(&world, &manager, "клуб").await.is_empty());
}

#[tokio::test]
async fn a_client_is_found_by_the_public_name_in_the_channel_and_has_a_profile() {
    let world = World::start().await;
    let connection = world.connection().await;
    let told = |facts: &[(&str, &str)]| {
        let mut event = world.message_named(&connection.id, "42", "Анна");
        if let Some(Event::Message(message)) = &mut event.event {
            let facts = facts
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            message.facts = facts.collect();
        }
        event
    };
    let first = told(&[("username", "@Anna_Petrova"), ("user_id", "42")]);
    let stored = world.publish(vec![first]).await.expect("published");
    indexed(&world).await;
    let hits = all(&world, &world.admin, "anna_p").await;
    let matched: Vec<_> = hits.iter().map(ChatHit::matched).collect();
    assert_eq!(matched, [ChatMatch::Messenger]);
    // Told anew, the name is another one; what is not told stays.
    world
        .publish(vec![told(&[
            ("username", "anna_b"),
            ("phone", "+79990001122"),
        ])])
        .await
        .expect("published");
    indexed(&world).await;
    assert!(all(&world, &world.admin, "anna_p").await.is_empty());
    let chat = hits[0].conversation.clone().expect("it").chat_id;
    assert_eq!(
        hits[0].conversation.clone().expect("it").id,
        stored[0].conversation_id
    );
    let request = GetChatProfileRequest { chat_id: chat };
    let profile = world
        .chats()
        .get_chat_profile(with(&world.admin, request))
        .await
        .expect("a profile")
        .into_inner()
        .profile
        .expect("it");
    let expected = ChatProfile {
        name: "Анна".to_owned(),
        phones: vec!["+79990001122".to_owned()],
        username: "anna_b".to_owned(),
        user_id: "42".to_owned(),
        ..ChatProfile::default()
    };
    assert_eq!(profile, expected);
}
