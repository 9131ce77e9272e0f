//! Filters of the list: trees, saved ones, favourites, order, and how much a call reads.

mod model;
pub mod saved;

use std::collections::BTreeSet;

use api::conversations::v1::filter_node::Node;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    AddFavouriteRequest, ChangeKind, CloseConversationRequest, Conversation, ConversationLife,
    FilterNode, FilterNodes, FilterValues, ListConversationsRequest, ListOrder,
    MarkNoAnswerNeededRequest, RemoveFavouriteRequest, SendMessageRequest, StandardFilter,
    WatchInboxRequest, WatchInboxResponse,
};
use api::identity::v1 as id;
use api::identity::v1::RightLevel::Allowed;
use auth::Role;
use testkit::wait_for;
use tonic::{Status, Streaming};
use types::GroupId;

use crate::counters::counters;
use crate::rights;
use crate::world::{World, refusal, with};

pub fn node(node: Node) -> FilterNode {
    FilterNode { node: Some(node) }
}

pub fn any(nodes: Vec<FilterNode>) -> FilterNode {
    node(Node::Any(FilterNodes { nodes }))
}

pub fn all(nodes: Vec<FilterNode>) -> FilterNode {
    node(Node::All(FilterNodes { nodes }))
}

pub fn values<T: ToString>(values: impl IntoIterator<Item = T>) -> FilterValues {
    let values = values.into_iter().map(|value| value.to_string());
    FilterValues {
        values: values.collect(),
    }
}

pub fn filtered(filter: FilterNode) -> ListConversationsRequest {
    ListConversationsRequest {
        filter: Some(filter),
        ..ListConversationsRequest::default()
    }
}

pub fn standard(filter: StandardFilter) -> ListConversationsRequest {
    ListConversationsRequest {
        standard_filter: filter.into(),
        ..ListConversationsRequest::default()
    }
}

/// The whole list, page by page; and how many pages it took.
pub async fn walk(
    world: &World,
    token: &str,
    mut request: ListConversationsRequest,
) -> Result<(Vec<Conversation>, usize), Status> {
    let (mut rows, mut pages) = (Vec::new(), 0);
    loop {
        let asked = with(token, request.clone());
        let reply = world.inbox().list_conversations(asked).await?.into_inner();
        rows.extend(reply.conversations);
        pages += 1;
        if reply.next_page_token.is_empty() {
            return Ok((rows, pages));
        }
        request.page_token = reply.next_page_token;
    }
}

async fn ids(world: &World, token: &str, request: ListConversationsRequest) -> Vec<String> {
    let (rows, _) = walk(world, token, request).await.expect("listed");
    rows.into_iter().map(|row| row.id).collect()
}

async fn favourite(world: &World, token: &str, conversation: &str) -> Result<(), Status> {
    let request = AddFavouriteRequest {
        conversation_id: conversation.to_owned(),
    };
    let added = world.inbox().add_favourite(with(token, request)).await;
    added.map(drop)
}

async fn send(world: &World, token: &str, conversation: &str) {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        text: "hello".to_owned(),
        request_id: String::new(),
        ..SendMessageRequest::default()
    };
    let mut service = world.conversations();
    let sent = service.send_message(with(token, request)).await;
    sent.expect("sent");
}

async fn close(world: &World, token: &str, conversation: &str) {
    let request = CloseConversationRequest {
        conversation_id: conversation.to_owned(),
        ..CloseConversationRequest::default()
    };
    let mut service = world.conversations();
    let closed = service.close_conversation(with(token, request)).await;
    closed.expect("closed");
}

#[tokio::test]
async fn standard_filters_list_what_they_say() {
    let world = World::start().await;
    let connection = world.connection().await;
    let waiting = world.conversation(&connection, "a").await;
    let answered = world.conversation(&connection, "b").await;
    let closed = world.conversation(&connection, "c").await;
    world.answer(&answered, "hello").await;
    close(&world, &world.admin, &closed).await;
    favourite(&world, &world.admin, &closed)
        .await
        .expect("added");
    for (filter, expected) in [
        (StandardFilter::Open, [&answered, &waiting].as_slice()),
        (StandardFilter::Closed, &[&closed]),
        (StandardFilter::RequiresAnswer, &[&waiting]),
        (StandardFilter::NoAnswerNeeded, &[&answered]),
        (StandardFilter::Favourites, &[&closed]),
    ] {
        let listed: BTreeSet<_> = ids(&world, &world.admin, standard(filter))
            .await
            .into_iter()
            .collect();
        let expected: BTreeSet<_> = expected.iter().map(|id| (*id).clone()).collect();
        assert_eq!(listed, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn the_unanswered_come_first_and_the_button_moves_a_chat_behind_them() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut chats = Vec::new();
    for chat in ["a", "b", "c", "d"] {
        world.clock.advance(std::time::Duration::from_secs(1));
        chats.push(world.conversation(&connection, chat).await);
    }
    world.clock.advance(std::time::Duration::from_secs(1));
    world.answer(&chats[1], "hello").await;
    let request = ListConversationsRequest {
        page_size: 1,
        order: ListOrder::UnansweredFirst.into(),
        ..ListConversationsRequest::default()
    };
    let listed = ids(&world, &world.admin, request.clone()).await;
    assert_eq!(
        listed,
        [&chats[3], &chats[2], &chats[0], &chats[1]].map(Clone::clone)
    );
    world.clock.advance(std::time::Duration::from_secs(1));
    let mark = MarkNoAnswerNeededRequest {
        conversation_id: chats[3].clone(),
    };
    let mut service = world.conversations();
    service
        .mark_no_answer_needed(with(&world.admin, mark))
        .await
        .expect("marked");
    let listed = ids(&world, &world.admin, request).await;
    // Behind the one that was answered later.
    assert_eq!(
        listed,
        [&chats[2], &chats[0], &chats[1], &chats[3]].map(Clone::clone)
    );
}

#[tokio::test]
async fn a_call_reads_at_most_ten_pages_and_its_token_goes_on() {
    let world = World::start().await;
    let connection = world.connection().await;
    let events = (0..45).map(|n| world.message(&connection, &format!("client {n}"), "hello"));
    let results = world.publish(events.collect()).await.expect("published");
    favourite(&world, &world.admin, &results[0].conversation_id)
        .await
        .expect("added");
    let rare = any(vec![
        node(Node::Text("nobody".to_owned())),
        all(vec![
            node(Node::Favourite(true)),
            node(Node::Text("nobody".to_owned())),
        ]),
    ]);
    let request = ListConversationsRequest {
        page_size: 2,
        ..filtered(rare)
    };
    let mut inbox = world.inbox();
    let first = inbox.list_conversations(with(&world.admin, request.clone()));
    let first = first.await.expect("a page").into_inner();
    assert!(first.conversations.is_empty() && !first.next_page_token.is_empty());
    let (rows, pages) = walk(&world, &world.admin, request.clone())
        .await
        .expect("walked");
    assert_eq!((rows.len(), pages), (0, 3), "45 rows, 20 a call");
    for other in [
        ListConversationsRequest {
            filter: None,
            ..request.clone()
        },
        ListConversationsRequest {
            order: ListOrder::UnansweredFirst.into(),
            ..request.clone()
        },
    ] {
        let other = ListConversationsRequest {
            page_token: first.next_page_token.clone(),
            ..other
        };
        let refused = world
            .inbox()
            .list_conversations(with(&world.admin, other))
            .await;
        assert_eq!(refusal(refused), "InvalidArgument PAGE_TOKEN_MISMATCH {}");
    }
}

#[tokio::test]
async fn what_an_employee_or_a_department_handled_is_listed() {
    let world = World::start().await;
    let connection = world.connection().await;
    let department = GroupId::generate();
    let (anna, who_anna) = world.member(world.account, Role::Administrator, Some(department));
    let (boris, who_boris) = world.member(world.account, Role::Administrator, None);
    let mut chats = Vec::new();
    for chat in ["a", "b", "c"] {
        chats.push(world.conversation(&connection, chat).await);
    }
    send(&world, &anna, &chats[0]).await;
    close(&world, &boris, &chats[0]).await;
    close(&world, &boris, &chats[1]).await;
    let handled = |user| filtered(node(Node::HandledByUserIds(values([user]))));
    let listed: BTreeSet<_> = ids(&world, &anna, handled(who_boris))
        .await
        .into_iter()
        .collect();
    assert_eq!(listed, BTreeSet::from([chats[0].clone(), chats[1].clone()]));
    assert_eq!(
        ids(&world, &boris, handled(who_anna)).await,
        [chats[0].clone()]
    );
    let of_department = filtered(node(Node::HandledByGroupIds(values([department]))));
    assert_eq!(
        ids(&world, &boris, of_department.clone()).await,
        [chats[0].clone()]
    );
    let open = ListConversationsRequest {
        life: ConversationLife::Open.into(),
        ..of_department
    };
    assert!(ids(&world, &boris, open).await.is_empty());
}

/// The next change that is not the beginning of the conversation.
async fn step(stream: &mut Streaming<WatchInboxResponse>) -> (ChangeKind, Option<bool>) {
    loop {
        let step = stream
            .message()
            .await
            .expect("a step")
            .expect("not the end");
        if let Some(Event::Change(change)) = step.event
            && change.kind() != ChangeKind::Created
        {
            let conversation = change.conversation.clone().unwrap_or_default();
            return (change.kind(), conversation.favourite);
        }
    }
}

#[tokio::test]
async fn favourites_are_the_users_own_and_follow_on_every_device() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (mine, other) = (world.administrator_of(world.account), world.admin.clone());
    let chat = world.conversation(&connection, "a").await;
    let watch = async |token: &str| {
        let request = with(token, WatchInboxRequest::default());
        let stream = world.inbox().watch_inbox(request).await.expect("a stream");
        let mut stream = stream.into_inner();
        stream.message().await.expect("greeted");
        stream
    };
    let (mut phone, mut foreign) = (watch(&mine).await, watch(&other).await);
    favourite(&world, &mine, &chat).await.expect("added");
    favourite(&world, &mine, &chat).await.expect("added again");
    assert_eq!(
        step(&mut phone).await,
        (ChangeKind::FavouriteChanged, Some(true))
    );
    let favourites = || standard(StandardFilter::Favourites);
    assert_eq!(
        ids(&world, &mine, favourites()).await,
        std::slice::from_ref(&chat)
    );
    assert!(ids(&world, &other, favourites()).await.is_empty());
    let remove = RemoveFavouriteRequest {
        conversation_id: chat.clone(),
    };
    let mut inbox = world.inbox();
    inbox
        .remove_favourite(with(&mine, remove))
        .await
        .expect("removed");
    assert_eq!(
        step(&mut phone).await,
        (ChangeKind::FavouriteChanged, Some(false))
    );
    assert!(ids(&world, &mine, favourites()).await.is_empty());
    // The other user hears of messages only.
    world.answer(&chat, "hello").await;
    assert_eq!(step(&mut foreign).await, (ChangeKind::MessageAdded, None));
}

#[tokio::test]
async fn a_hidden_field_is_no_condition_idn_13() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let case = rights::case(&world, &connection, "anna", boris).await;
    let conditions = [
        ("stage_id", Node::StageIds(values([case.stage]))),
        (
            "responsible_user_id",
            Node::ResponsibleUserIds(values([boris])),
        ),
        ("name", Node::Text("окна".to_owned())),
    ];
    for (field, condition) in conditions {
        let hidden = |entity: id::RightEntity| id::FieldRule {
            entity: entity.into(),
            field: field.to_owned(),
            right: id::FieldRight::Hidden.into(),
            ..id::FieldRule::default()
        };
        let everywhere = vec![
            hidden(id::RightEntity::Deals),
            hidden(id::RightEntity::Contacts),
        ];
        for (fields, found) in [(Vec::new(), 1), (everywhere, 0)] {
            let given = rights::viewing(Allowed, Allowed);
            world.set_rights(boris, id::Rights { fields, ..given });
            // Counters by employee tell no more.
            let counted = usize::from(field != "responsible_user_id").max(found);
            wait_for("filters and counters tell what may be read", async || {
                let request = filtered(node(condition.clone()));
                let rows = ids(&world, &token, request).await;
                let told = counters(&world, &token).await;
                let open = told.all.expect("it").open;
                (rows.len() == found && (open, told.users.len()) == (1, counted)).then_some(())
            })
            .await;
        }
    }
}
