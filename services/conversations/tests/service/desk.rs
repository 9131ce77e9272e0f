//! What employees do with a conversation.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{
    CloseConversationRequest, ClosedBy, Conversation, ConversationAction, ConversationAnswer,
    ConversationLife, ConversationMode, DeliveryStatus, GetConversationRequest, Indicator,
    MarkNoAnswerNeededRequest, SendMessageRequest, SendMessageResponse, StartConversationRequest,
    StartConversationResponse,
};
use api::error::v1::ErrorReason;
use tonic::Status;
use tonic::transport::Channel;
use types::{AccountId, ConversationId};

use crate::world::{World, refusal, with};

type Desk = ConversationServiceClient<Channel>;

fn reason(status: &Status) -> Option<ErrorReason> {
    kit::refusal::reason_of(status)
}

async fn get(world: &World, id: &str) -> Conversation {
    let request = GetConversationRequest {
        conversation_id: id.to_owned(),
    };
    let reply = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await
        .expect("found");
    reply.into_inner().conversation.expect("a conversation")
}

async fn send(
    world: &World,
    id: &str,
    text: &str,
    request_id: &str,
) -> Result<SendMessageResponse, Status> {
    let request = SendMessageRequest {
        conversation_id: id.to_owned(),
        text: text.to_owned(),
        request_id: request_id.to_owned(),
        ..SendMessageRequest::default()
    };
    Ok(world
        .conversations()
        .send_message(with(&world.admin, request))
        .await?
        .into_inner())
}

async fn close(world: &World, id: &str, etag: &str) -> Result<Conversation, Status> {
    let request = CloseConversationRequest {
        conversation_id: id.to_owned(),
        etag: etag.to_owned(),
    };
    let reply = world
        .conversations()
        .close_conversation(with(&world.admin, request))
        .await?
        .into_inner();
    Ok(reply.conversation.expect("a conversation"))
}

async fn mark(desk: &mut Desk, token: &str, id: &str) -> Result<Conversation, Status> {
    let request = MarkNoAnswerNeededRequest {
        conversation_id: id.to_owned(),
    };
    Ok(desk
        .mark_no_answer_needed(with(token, request))
        .await?
        .into_inner()
        .conversation
        .expect("a conversation"))
}

async fn start(world: &World, chat: &str, text: &str) -> Result<StartConversationResponse, Status> {
    let request = StartConversationRequest {
        chat_id: chat.to_owned(),
        text: text.to_owned(),
        request_id: String::new(),
        ..StartConversationRequest::default()
    };
    Ok(world
        .conversations()
        .start_conversation(with(&world.admin, request))
        .await?
        .into_inner())
}

#[tokio::test]
async fn states_and_actions_follow_the_decision_table() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;

    let waiting = get(&world, &id).await;
    assert_eq!(
        (waiting.life(), waiting.answer()),
        (ConversationLife::Open, ConversationAnswer::RequiresAnswer)
    );
    assert_eq!(
        (waiting.life_indicator(), waiting.answer_indicator()),
        (Indicator::Green, Indicator::Blue)
    );
    let all = [
        ConversationAction::Answer,
        ConversationAction::MarkNoAnswerNeeded,
        ConversationAction::SendNps,
        ConversationAction::Close,
    ];
    assert_eq!(waiting.allowed_actions().collect::<Vec<_>>(), all);

    let marked = mark(&mut world.conversations(), &world.admin, &id)
        .await
        .expect("marked");
    assert_eq!(
        (marked.answer(), marked.answer_indicator()),
        (ConversationAnswer::NoAnswerNeeded, Indicator::White)
    );
    assert_eq!(
        marked.allowed_actions().collect::<Vec<_>>(),
        [
            ConversationAction::Answer,
            ConversationAction::SendNps,
            ConversationAction::Close
        ]
    );
    let again = mark(&mut world.conversations(), &world.admin, &id)
        .await
        .expect("marked twice");
    assert_eq!(again.etag, marked.etag, "marking twice changes nothing");

    let closed = close(&world, &id, "").await.expect("closed");
    assert_eq!(
        (closed.life(), closed.life_indicator()),
        (ConversationLife::Closed, Indicator::Grey)
    );
    assert_eq!(
        closed.allowed_actions().count(),
        0,
        "a closed conversation offers nothing (CNV-20)"
    );
    assert_eq!(
        closed.closing.expect("its end").closed_by(),
        ClosedBy::Employee
    );
}

#[tokio::test]
async fn an_answer_ends_the_wait_and_a_new_message_begins_it_again() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    let reply = send(&world, &id, "Здравствуйте!", "").await.expect("sent");
    let message = reply.message.expect("a message");
    assert_eq!(message.delivery_status(), DeliveryStatus::Queued);
    assert_eq!(
        message.author.expect("an author").name,
        "Мария",
        "the employee's name goes with the message (CHW-53)"
    );
    assert_eq!(
        reply.conversation.expect("a conversation").answer(),
        ConversationAnswer::NoAnswerNeeded
    );
    world
        .publish(vec![world.message(&connection, "anna", "one more thing")])
        .await
        .expect("published");
    assert_eq!(
        get(&world, &id).await.answer(),
        ConversationAnswer::RequiresAnswer
    );
}

#[tokio::test]
async fn closed_conversation_refuses_messages() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    close(&world, &id, "").await.expect("closed");
    let refused = send(&world, &id, "too late", "").await.expect_err("closed");
    assert_eq!(reason(&refused), Some(ErrorReason::ConversationClosed));
    let refused = mark(&mut world.conversations(), &world.admin, &id)
        .await
        .expect_err("closed");
    assert_eq!(reason(&refused), Some(ErrorReason::ConversationClosed));
    let before = get(&world, &id).await;
    assert_eq!(
        close(&world, &id, "").await.expect("closing twice").etag,
        before.etag
    );
    assert_eq!(world.messages(&id).await.len(), 1);
}

#[tokio::test]
async fn writing_first_begins_a_new_conversation_or_opens_the_one_active() {
    let world = World::start().await;
    for (mode, same) in [
        (ConversationMode::NewAfterClose, false),
        (ConversationMode::Multiple, false),
        (ConversationMode::OneActive, true),
    ] {
        let mut connection = world.new_connection();
        connection.conversation_mode = mode.into();
        let connection = world
            .create(&world.admin, connection)
            .await
            .expect("created");
        let id = world.conversation(&connection, "anna").await;
        let first = get(&world, &id).await;
        let refused = start(&world, &first.chat_id, "hello")
            .await
            .expect_err("it is open");
        assert_eq!(reason(&refused), Some(ErrorReason::ConversationAlreadyOpen));
        close(&world, &id, "").await.expect("closed");
        let started = start(&world, &first.chat_id, "hello")
            .await
            .expect("started")
            .conversation
            .expect("a conversation");
        assert_eq!(started.id == first.id, same, "{mode:?}");
        assert_eq!(started.number == first.number, same, "{mode:?}");
        assert_eq!(
            (started.life(), started.answer()),
            (ConversationLife::Open, ConversationAnswer::NoAnswerNeeded)
        );
    }
}

#[tokio::test]
async fn a_repeated_send_with_the_same_request_id_is_sent_once() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    let request_id = types::new_uuid().to_string();
    let first = send(&world, &id, "hello", &request_id).await.expect("sent");
    let (second, third) = tokio::join!(
        send(&world, &id, "hello", &request_id),
        send(&world, &id, "hello", &request_id)
    );
    assert_eq!(second.expect("replayed"), first);
    assert_eq!(third.expect("replayed"), first);
    let refused = send(&world, &id, "something else", &request_id)
        .await
        .expect_err("another text");
    assert_eq!(reason(&refused), Some(ErrorReason::RequestIdReused));
    assert_eq!(world.messages(&id).await.len(), 2);
}

#[tokio::test]
async fn closing_with_an_old_etag_changes_nothing() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    let etag = get(&world, &id).await.etag;
    world
        .publish(vec![world.message(&connection, "anna", "wait!")])
        .await
        .expect("published");
    let refused = close(&world, &id, &etag).await.expect_err("it changed");
    assert_eq!(reason(&refused), Some(ErrorReason::EtagMismatch));
    assert_eq!(get(&world, &id).await.life(), ConversationLife::Open);
}

#[tokio::test]
async fn a_foreign_a_hidden_and_an_unknown_conversation_are_the_same() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    let unknown = ConversationId::generate().to_string();
    let stranger = world.administrator_of(AccountId::generate());
    let mut refusals = Vec::new();
    for (token, id) in [
        (&stranger, &id),
        (&world.manager(), &id),
        (&world.admin, &unknown),
    ] {
        let get = GetConversationRequest {
            conversation_id: id.clone(),
        };
        let send = SendMessageRequest {
            conversation_id: id.clone(),
            text: "x".to_owned(),
            request_id: String::new(),
            ..SendMessageRequest::default()
        };
        let close = CloseConversationRequest {
            conversation_id: id.clone(),
            etag: String::new(),
        };
        let mut desk = world.conversations();
        let texts = [
            refusal(desk.get_conversation(with(token, get)).await),
            refusal(desk.send_message(with(token, send)).await),
            refusal(desk.close_conversation(with(token, close)).await),
            refusal(mark(&mut desk, token, id).await),
        ];
        refusals.push(texts.map(|text| text.replace(id.as_str(), "…")));
    }
    for texts in refusals {
        assert_eq!(
            texts,
            [const { "NotFound CONVERSATION_NOT_FOUND {conversation_id=…}" }; 4]
        );
    }
    assert_eq!(world.messages(&id).await.len(), 1);
}

#[tokio::test]
async fn texts_that_do_not_fit_are_refused_and_change_nothing() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    for text in ["", " \n ", &"я".repeat(4097), "a\0b"] {
        let refused = send(&world, &id, text, "").await.expect_err("does not fit");
        assert_eq!(
            reason(&refused),
            Some(ErrorReason::FieldInvalid),
            "{text:?}"
        );
    }
    send(&world, &id, &"я".repeat(4096), "")
        .await
        .expect("the longest text fits");
    let refused = send(&world, &id, "x", "not a uuid")
        .await
        .expect_err("no UUID");
    assert_eq!(reason(&refused), Some(ErrorReason::FieldInvalid));
    assert_eq!(world.messages(&id).await.len(), 2);
}
