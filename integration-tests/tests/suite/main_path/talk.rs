//! There and back.

use api::connector::v1::take_deliveries_response::Event;
use api::conversations::v1::{
    AuthorKind, ChangeKind, ConversationAction, ConversationAnswer, ConversationLife,
    ConversationMode, DeliveryStatus, Indicator,
};
use api::onlinechat::v1::{
    ListVisitorMessagesRequest, ListVisitorMessagesResponse, OnlineChatMode,
    SendVisitorMessageRequest, SendVisitorMessageResponse, StartVisitorSessionRequest,
    StartVisitorSessionResponse,
};
use integration_tests::actors::{Visitor, read_up_to};
use integration_tests::http::web_call;
use integration_tests::{Cluster, Seed};

use super::office;

#[tokio::test]
async fn visitor_message_becomes_a_numbered_conversation_and_the_answer_comes_back() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let mut inbox = admin.watch().await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    let mut window = visitor.watch(0);

    let sent = visitor
        .send(Seed::take().uuid(), "", "Где мой заказ?")
        .await
        .expect("sent");
    assert_eq!(sent.conversation.expect("a conversation").number, 1);

    let change = inbox.next().await;
    assert_eq!(change.kind(), ChangeKind::Created);
    let conversation = change.conversation.expect("a conversation");
    assert_eq!(
        (
            conversation.number,
            &conversation.channel[..],
            &conversation.title[..]
        ),
        (1, "onlinechat", "Мария")
    );
    assert_eq!(
        (conversation.life(), conversation.answer()),
        (ConversationLife::Open, ConversationAnswer::RequiresAnswer)
    );
    assert_eq!(
        (
            conversation.life_indicator(),
            conversation.answer_indicator()
        ),
        (Indicator::Green, Indicator::Blue)
    );
    let message = change.message.expect("the message");
    assert_eq!((&message.text[..], message.seq), ("Где мой заказ?", 1));
    assert_eq!(
        message.author.expect("an author").kind(),
        AuthorKind::Client
    );

    let answer = admin
        .send(&conversation.id, "Уже в пути.")
        .await
        .expect("answered");
    assert_eq!(
        answer.conversation.expect("it").answer(),
        ConversationAnswer::NoAnswerNeeded
    );
    let own = window.next().await;
    assert!(own.mine && own.text == "Где мой заказ?");
    let shown = window.next().await;
    assert_eq!(
        (shown.mine, &shown.text[..], &shown.author_name[..]),
        (false, "Уже в пути.", "Анна")
    );
    assert_eq!(shown.id, answer.message.expect("the message").id);

    let added = inbox.next().await;
    assert_eq!(
        (added.kind(), added.message.expect("it").text),
        (ChangeKind::MessageAdded, "Уже в пути.".to_owned())
    );
    let sent = inbox.next().await;
    assert_eq!(sent.kind(), ChangeKind::MessageChanged);
    let status = sent.message.expect("it").delivery_status();
    assert!(
        matches!(
            status,
            DeliveryStatus::Sent | DeliveryStatus::Delivered | DeliveryStatus::Read
        ),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_browser_talks_grpc_web() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let (addr, service) = (cluster.gateway(), "/beseda.onlinechat.v1.VisitorService");
    let arrival = StartVisitorSessionRequest {
        online_chat_id: chat.id,
        embedding_origin: cluster.url(),
        ..Default::default()
    };
    let session: StartVisitorSessionResponse = web_call(
        addr,
        &format!("{service}/StartVisitorSession"),
        "",
        &arrival,
    )
    .await
    .expect("a session");
    let message = SendVisitorMessageRequest {
        client_message_id: Seed::take().uuid().to_string(),
        text: "Привет".into(),
        ..SendVisitorMessageRequest::default()
    };
    let token = &session.session_token;
    let sent: SendVisitorMessageResponse = web_call(
        addr,
        &format!("{service}/SendVisitorMessage"),
        token,
        &message,
    )
    .await
    .expect("sent");
    let history: ListVisitorMessagesResponse = web_call(
        addr,
        &format!("{service}/ListVisitorMessages"),
        token,
        &ListVisitorMessagesRequest::default(),
    )
    .await
    .expect("a history");
    assert_eq!(history.messages.len(), 1);
    assert_eq!(history.messages.first(), sent.message.as_ref());
    assert_eq!(admin.all(ConversationLife::Open).await.len(), 1);
}

#[tokio::test]
async fn an_answer_goes_to_the_connector_and_its_status_moves_forward_only() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let first = connector.write("chat", "event-1", "Сколько стоит?").await;
    let answer = admin
        .send(&first.conversation_id, "Сто рублей.")
        .await
        .expect("sent")
        .message
        .expect("it");
    assert_eq!(answer.delivery_status(), DeliveryStatus::Queued);

    let mut stream = connector.take().await.expect("a stream");
    let delivery = loop {
        if let Some(Event::Delivery(delivery)) = stream
            .message()
            .await
            .expect("it lives")
            .expect("a step")
            .event
        {
            break delivery;
        }
    };
    assert_eq!(
        (
            &delivery.message_id,
            &delivery.text[..],
            &delivery.external_chat_id[..]
        ),
        (&answer.id, "Сто рублей.", "chat")
    );
    assert_eq!((&delivery.author_name[..], delivery.attempt), ("Анна", 1));
    assert!(
        connector
            .report_sent(&delivery.id, delivery.lease_token)
            .await
            .expect("reported")
    );
    let status = || async {
        admin
            .messages(&first.conversation_id)
            .await
            .remove(1)
            .delivery_status()
    };
    assert_eq!(status().await, DeliveryStatus::Sent);

    let read = connector.event("chat", "read-1", read_up_to(delivery.seq));
    connector.publish(vec![read]).await.expect("published");
    assert_eq!(status().await, DeliveryStatus::Read);
    // The same report again tells nothing new, and nothing goes back.
    connector
        .report_sent(&delivery.id, delivery.lease_token)
        .await
        .expect("reported");
    assert_eq!(status().await, DeliveryStatus::Read);
}

#[tokio::test]
async fn a_visitor_comes_back_with_the_history_and_nobody_else_has_it() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let seed = Seed::take();
    let first = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    first
        .send(seed.uuid(), "", "Запомните меня")
        .await
        .expect("sent");
    let again = Visitor::come(&cluster.url(), &chat.id, &first.session.resume_token)
        .await
        .expect("comes back");
    assert_eq!(again.id(), first.id());
    assert_eq!(again.messages("").await.expect("a history").len(), 1);
    let other = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("another visitor comes");
    assert_ne!(other.id(), first.id());
    assert_eq!(other.messages("").await.expect("a history"), []);
    // A message id of another visitor's is not taken for a repetition.
    assert_eq!(other.conversations().await.expect("a list"), []);
}

/// CNV-01.
#[tokio::test]
async fn one_list_holds_the_conversations_of_all_channels() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let from_messenger = super::conversation(&admin, &connector, "chat").await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    visitor
        .send(Seed::take().uuid(), "", "Привет")
        .await
        .expect("sent");
    let listed = admin.all(ConversationLife::Open).await;
    let channels: Vec<_> = listed.iter().map(|it| &it.channel[..]).collect();
    assert_eq!(channels.len(), 2, "{channels:?}");
    assert!(channels.contains(&&from_messenger.channel[..]));
    assert!(channels.contains(&"onlinechat"));
}

#[tokio::test]
async fn allowed_actions_follow_the_state() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let waiting = super::conversation(&admin, &connector, "chat").await;
    use ConversationAction::{Answer, Close, MarkNoAnswerNeeded, SendNps};
    assert_eq!(
        waiting.allowed_actions().collect::<Vec<_>>(),
        [Answer, MarkNoAnswerNeeded, SendNps, Close]
    );
    let marked = admin
        .mark_no_answer_needed(&waiting.id)
        .await
        .expect("marked");
    assert_eq!(
        (marked.answer(), marked.answer_indicator()),
        (ConversationAnswer::NoAnswerNeeded, Indicator::White)
    );
    assert_eq!(
        marked.allowed_actions().collect::<Vec<_>>(),
        [Answer, SendNps, Close]
    );
    let again = admin
        .mark_no_answer_needed(&waiting.id)
        .await
        .expect("marked again");
    assert_eq!(again, marked, "doing it twice changes nothing");
    let asked = connector.write("chat", "chat-2", "И ещё вопрос").await;
    let asked = admin.get(&asked.conversation_id).await.expect("it");
    assert_eq!(
        (asked.id, asked.answer),
        (
            waiting.id.clone(),
            ConversationAnswer::RequiresAnswer.into()
        )
    );
    let closed = admin.close(&waiting.id).await.expect("closed");
    assert_eq!(
        (closed.life_indicator(), closed.allowed_actions.len()),
        (Indicator::Grey, 0)
    );
}
