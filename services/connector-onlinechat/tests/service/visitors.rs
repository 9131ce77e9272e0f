//! Writing, reading, finishing.

use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::erasure::internal::v1::{
    ChannelPerson, ErasePersonRequest, Person, PersonalValue, PersonalValueKind,
};
use api::onlinechat::v1::{
    FinishConversationRequest, ListVisitorConversationsRequest, ListVisitorMessagesRequest,
    MarkReadRequest, OnlineChat, OnlineChatMode, StartVisitorSessionRequest,
    UpdateOnlineChatRequest, VisitorConversation, VisitorMessage,
};
use connector_onlinechat::{Limits, Rate};
use prost_types::FieldMask;
use tonic::Status;
use uuid::Uuid;

use crate::world::{Visitor, World, arrival, refusal, with};

pub const ONE: &str = "018f0000-0000-7000-8000-00000000000a";
pub const TWO: &str = "018f0000-0000-7000-8000-00000000000b";

impl Visitor {
    pub async fn conversations(&self) -> Result<Vec<VisitorConversation>, Status> {
        let request = self.with(ListVisitorConversationsRequest {});
        Ok(self
            .client
            .clone()
            .list_visitor_conversations(request)
            .await?
            .into_inner()
            .conversations)
    }

    pub async fn messages(&self, thread: &str) -> Result<Vec<VisitorMessage>, Status> {
        let request = ListVisitorMessagesRequest {
            thread_id: thread.to_owned(),
            ..Default::default()
        };
        Ok(self
            .client
            .clone()
            .list_visitor_messages(self.with(request))
            .await?
            .into_inner()
            .messages)
    }

    pub async fn texts(&self, thread: &str) -> Vec<String> {
        self.messages(thread)
            .await
            .expect("messages")
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    pub async fn mark_read(&self, thread: &str, seq: i64) -> Result<(), Status> {
        let request = MarkReadRequest {
            thread_id: thread.to_owned(),
            seq,
        };
        self.client
            .clone()
            .mark_read(self.with(request))
            .await
            .map(|_| ())
    }

    pub async fn finish(&self, thread: &str) -> Result<(), Status> {
        let request = FinishConversationRequest {
            thread_id: thread.to_owned(),
        };
        self.client
            .clone()
            .finish_conversation(self.with(request))
            .await
            .map(|_| ())
    }
}

pub async fn change(world: &World, chat: OnlineChat, path: &str) {
    let mask = FieldMask {
        paths: vec![path.to_owned()],
    };
    let request = UpdateOnlineChatRequest {
        online_chat: Some(chat),
        update_mask: Some(mask),
    };
    world
        .chats()
        .update_online_chat(with(&world.admin, request))
        .await
        .expect("changed");
}

#[tokio::test]
async fn one_active_gathers_everything_in_one_conversation_onl_06() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let first = visitor.send("", "Здравствуйте").await.expect("sent");
    let second = visitor
        .send(ONE, "Есть кто?")
        .await
        .expect("the thread is ignored");
    let (first, second) = (
        first.conversation.expect("one"),
        second.conversation.expect("one"),
    );
    assert_eq!((first.number, second.number), (1, 1));
    assert_eq!(
        (second.thread_id.as_str(), second.can_finish, second.open),
        ("", false, true)
    );
    assert_eq!(visitor.texts("").await, ["Здравствуйте", "Есть кто?"]);
    assert_eq!(visitor.conversations().await.expect("listed").len(), 1);
    insta::assert_snapshot!(
        refusal(visitor.finish("").await).split('=').next().unwrap_or_default(),
        @"FailedPrecondition FINISH_NOT_ALLOWED {conversation_id"
    );
}

#[tokio::test]
async fn several_conversations_are_kept_apart_onl_07_onl_09_to_onl_12() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let visitor = world.visitor(&chat).await;
    assert_eq!(
        visitor.conversations().await.expect("listed"),
        [],
        "no number before the first message"
    );
    for (thread, text) in [(ONE, "первая"), (TWO, "вторая"), (ONE, "снова первая")]
    {
        visitor.send(thread, text).await.expect("sent");
    }
    assert_eq!(visitor.texts(ONE).await, ["первая", "снова первая"]);
    assert_eq!(visitor.texts(TWO).await, ["вторая"]);
    let listed = visitor.conversations().await.expect("listed");
    let shown: Vec<_> = listed
        .iter()
        .map(|it| (it.thread_id.as_str(), it.number, it.can_finish))
        .collect();
    assert_eq!(shown, [(ONE, 1, true), (TWO, 2, true)], "the newest first");

    visitor.finish(ONE).await.expect("finished");
    visitor
        .finish(ONE)
        .await
        .expect("finishing a finished one changes nothing");
    let listed = visitor.conversations().await.expect("listed");
    assert_eq!(
        listed
            .iter()
            .map(|it| it.thread_id.as_str())
            .collect::<Vec<_>>(),
        [TWO]
    );
    let again = visitor
        .send(ONE, "ещё вопрос")
        .await
        .expect("sent")
        .conversation
        .expect("one");
    assert_eq!(
        again.number, 3,
        "a new conversation with a new number (A-07)"
    );
    visitor.finish(ONE).await.expect("finished again");
    assert_eq!(visitor.conversations().await.expect("listed").len(), 1);
}

#[tokio::test]
async fn a_repeated_message_is_stored_once_and_answered_alike() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let id = Uuid::from_u128(1);
    let first = visitor.send_as(id, "", "один раз").await.expect("sent");
    visitor.send("", "между").await.expect("sent");
    let again = visitor
        .send_as(id, "", "другой текст")
        .await
        .expect("repeated");
    assert_eq!(again.message, first.message);
    assert_eq!(visitor.texts("").await, ["один раз", "между"]);
    let stored = visitor.messages("").await.expect("messages");
    assert_eq!(stored[0].client_message_id, id.to_string());
    assert!(stored[0].mine);
}

#[tokio::test]
async fn facts_of_the_request_travel_with_the_message() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let request = StartVisitorSessionRequest {
        visitor_name: "Пётр".to_owned(),
        language: "ru-RU".to_owned(),
        page_url: "https://shop.example/?utm_source=ya&utm_campaign=осень".to_owned(),
        page_title: "Каталог".to_owned(),
        referrer: "https://ya.ru/".to_owned(),
        ..arrival(&chat)
    };
    let started = world.arrive(request).await.expect("a session");
    let visitor = Visitor {
        client: world.visitors(),
        token: started.session_token.clone(),
        id: started.visitor_id.clone(),
        started,
    };
    visitor.send("", "привет").await.expect("sent");
    let event = world.hub.received().remove(0);
    let Some(Event::Message(message)) = event.event else {
        panic!("a message")
    };
    let mut facts: Vec<_> = message
        .facts
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    facts.sort();
    insta::assert_snapshot!(facts.join("\n"), @r"
    language=ru-RU
    page_title=Каталог
    page_url=https://shop.example/?utm_source=ya&utm_campaign=осень
    referrer=https://ya.ru/
    utm_campaign=осень
    utm_source=ya
    ");
    assert_eq!(
        (message.sender_name.as_str(), event.external_chat_id),
        ("Пётр", visitor.id.clone())
    );
}

#[tokio::test]
async fn an_erased_name_does_not_come_back_with_an_open_session() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let request = StartVisitorSessionRequest {
        visitor_name: "Пётр".to_owned(),
        ..arrival(&chat)
    };
    let started = world.arrive(request).await.expect("a session");
    let visitor = Visitor {
        client: world.visitors(),
        token: started.session_token.clone(),
        id: started.visitor_id.clone(),
        started,
    };
    visitor.send("", "до").await.expect("stored");
    let before = world.hub.received().pop().expect("an event");
    let Some(Event::Message(message)) = before.event else {
        panic!("not a message");
    };
    assert!(!message.sender_name.is_empty());

    let person = Person {
        channels: vec![ChannelPerson {
            connector_key: "onlinechat".to_owned(),
            external_id: before.external_chat_id,
        }],
        values: vec![PersonalValue {
            kind: PersonalValueKind::MessengerName.into(),
            text: message.sender_name,
        }],
        ..Person::default()
    };
    let request = ErasePersonRequest {
        account_id: world.account.uuid().as_bytes().to_vec(),
        erasure_id: Uuid::from_u128(1).as_bytes().to_vec(),
        attempt: 1,
        person: Some(person),
    };
    let erased = ErasureStoreServiceClient::new(world.channel.clone())
        .erase_person(with(&world.service(), request))
        .await;
    assert!(erased.expect("erased").into_inner().done);

    visitor.send("", "после").await.expect("stored");
    let after = world.hub.received().pop().expect("an event");
    let Some(Event::Message(message)) = after.event else {
        panic!("not a message");
    };
    assert_eq!((&message.text[..], &message.sender_name[..]), ("после", ""));
}

#[tokio::test]
async fn no_employees_name_reaches_the_visitor_when_names_are_off_onl_29() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "привет").await.expect("sent");
    world.hub.answer(&visitor.id, "", "здравствуйте").await;
    let names = async || {
        let messages = visitor.messages("").await.expect("messages");
        messages
            .into_iter()
            .map(|message| message.author_name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["", "Анна Иванова"]);
    change(
        &world,
        OnlineChat {
            show_sender_name: false,
            ..chat.clone()
        },
        "show_sender_name",
    )
    .await;
    assert_eq!(names().await, ["", ""]);
    assert!(!format!("{:?}", visitor.conversations().await).contains("Анна"));
    let settings = world
        .visitor(&chat)
        .await
        .started
        .settings
        .expect("settings");
    assert!(!settings.show_sender_name);
}

#[tokio::test]
async fn reading_ends_the_unread_count() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let visitor = world.visitor(&chat).await;
    visitor.send(ONE, "вопрос").await.expect("sent");
    world.hub.answer(&visitor.id, ONE, "ответ").await;
    let unread = async || visitor.conversations().await.expect("listed")[0].unread_count;
    assert_eq!(unread().await, 1);
    visitor.mark_read(ONE, 2).await.expect("noted");
    visitor.mark_read(ONE, 2).await.expect("noted again");
    assert_eq!(unread().await, 0);
    visitor
        .mark_read(TWO, 5)
        .await
        .expect("a thread that is not there is no error");
}

#[tokio::test]
async fn history_is_paged_backwards() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    for number in 1..=5 {
        visitor.send("", &number.to_string()).await.expect("sent");
    }
    let page = async |before_seq| {
        let request = ListVisitorMessagesRequest {
            page_size: 2,
            before_seq,
            ..Default::default()
        };
        let reply = visitor
            .client
            .clone()
            .list_visitor_messages(visitor.with(request))
            .await
            .expect("a page");
        let reply = reply.into_inner();
        (
            reply
                .messages
                .iter()
                .map(|message| message.seq)
                .collect::<Vec<_>>(),
            reply.has_more,
        )
    };
    assert_eq!(page(0).await, (vec![4, 5], true));
    assert_eq!(page(4).await, (vec![2, 3], true));
    assert_eq!(page(2).await, (vec![1], false));
}

#[tokio::test]
async fn a_chat_that_is_off_takes_no_messages() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "привет").await.expect("sent");
    change(
        &world,
        OnlineChat {
            enabled: false,
            ..chat.clone()
        },
        "enabled",
    )
    .await;
    insta::assert_snapshot!(
        refusal(visitor.send("", "ау").await).replace(&chat.id, "och"),
        @"FailedPrecondition ONLINE_CHAT_DISABLED {online_chat_id=och}"
    );
    assert_eq!(
        visitor.texts("").await,
        ["привет"],
        "what was written stays readable"
    );
}

#[tokio::test]
async fn a_hub_that_is_away_is_told_and_a_repetition_is_safe() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let id = Uuid::from_u128(5);
    world.hub.fail(1);
    insta::assert_snapshot!(
        refusal(visitor.send_as(id, "", "привет").await),
        @"Unavailable STORE_UNAVAILABLE {}"
    );
    visitor.send_as(id, "", "привет").await.expect("repeated");
    assert_eq!(visitor.texts("").await, ["привет"]);
}

#[tokio::test]
async fn every_field_of_a_visitors_calls_is_checked() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let visitor = world.visitor(&chat).await;
    let mut client = world.visitors();
    let send = |id: &str, text: &str, thread: &str| {
        visitor.with(api::onlinechat::v1::SendVisitorMessageRequest {
            client_message_id: id.to_owned(),
            text: text.to_owned(),
            thread_id: thread.to_owned(),
            ..Default::default()
        })
    };
    insta::assert_snapshot!(
        refusal(client.send_visitor_message(send("", " \n", "")).await),
        @"InvalidArgument FIELD_INVALID {client_message_id: must not be empty; text: must not be empty; thread_id: must not be empty}"
    );
    insta::assert_snapshot!(
        refusal(client.send_visitor_message(send("x", &"я".repeat(4097), "../1")).await),
        @"InvalidArgument FIELD_INVALID {client_message_id: is not a UUID; text: must have 1 to 4096 characters, has 4097; thread_id: is not a UUID}"
    );
    client
        .send_visitor_message(send(ONE, &"я".repeat(4096), TWO))
        .await
        .expect("the longest text");
    insta::assert_snapshot!(
        refusal(visitor.messages("x").await),
        @"InvalidArgument FIELD_INVALID {thread_id: is not a UUID}"
    );
    let page = ListVisitorMessagesRequest {
        page_size: 0,
        before_seq: -1,
        ..Default::default()
    };
    insta::assert_snapshot!(
        refusal(client.list_visitor_messages(visitor.with(page)).await),
        @"InvalidArgument FIELD_INVALID {before_seq: must not be negative}"
    );
    let page = ListVisitorMessagesRequest {
        page_size: -1,
        ..Default::default()
    };
    insta::assert_snapshot!(
        refusal(client.list_visitor_messages(visitor.with(page)).await),
        @"InvalidArgument FIELD_INVALID {page_size: must not be negative}"
    );
    insta::assert_snapshot!(
        refusal(visitor.mark_read("x", 0).await),
        @"InvalidArgument FIELD_INVALID {seq: must be the place of a message, 1 or more; thread_id: is not a UUID}"
    );
    insta::assert_snapshot!(
        refusal(visitor.finish("").await),
        @"InvalidArgument FIELD_INVALID {thread_id: must not be empty}"
    );
    assert_eq!(
        world.hub.received().len(),
        1,
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn messages_are_limited_by_visitor() {
    let world = World::with(Limits {
        messages_by_visitor: Rate::new(2, 10),
        ..Limits::default()
    })
    .await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let (one, two) = (world.visitor(&chat).await, world.visitor(&chat).await);
    for _ in 0..2 {
        one.send("", "х").await.expect("within the limit");
    }
    insta::assert_snapshot!(refusal(one.send("", "х").await), @"ResourceExhausted RATE_LIMITED {}");
    two.send("", "х").await.expect("another visitor");
    world.clock.advance(Duration::from_secs(10));
    one.send("", "х").await.expect("the next window");
}
