//! Closing, and what comes after.

use api::conversations::v1::{
    ChangeKind, CloseConversationRequest, ClosedBy, ConversationAnswer, ConversationLife,
    ConversationMode, ListConversationsRequest, NpsOutcome, OpenConversationRequest,
    SendNpsRequest,
};
use api::error::v1::ErrorReason;
use api::identity::v1::account_service_client::AccountServiceClient;
use api::identity::v1::{Account, UpdateAccountRequest};
use api::onlinechat::v1::{FinishConversationRequest, OnlineChatMode};
use integration_tests::Seed;
use integration_tests::actors::{Visitor, finished};
use integration_tests::calls::{refused, with_token};
use testkit::wait_for;
use tonic::Code;

use super::{conversation, office};

#[tokio::test]
async fn closed_conversation_refuses_messages() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    let closed = admin.close(&open.id).await.expect("closed");
    let closing = closed.closing.clone().expect("a closing");
    assert_eq!(
        (closing.closed_by(), &closing.user_id),
        (ClosedBy::Employee, &admin.user().id)
    );
    let refused_as = (Code::FailedPrecondition, ErrorReason::ConversationClosed);
    assert_eq!(refused(admin.send(&open.id, "Ещё одно").await), refused_as);
    assert_eq!(
        refused(admin.mark_no_answer_needed(&open.id).await),
        refused_as
    );
    assert_eq!(
        admin
            .close(&open.id)
            .await
            .expect("closing again changes nothing"),
        closed
    );
    assert_eq!(admin.messages(&open.id).await.len(), 1);

    // Writing first begins a new one.
    let started = admin
        .start(&open.chat_id, "Это снова мы")
        .await
        .expect("started");
    let started = started.conversation.expect("a conversation");
    assert_eq!(
        (started.number, started.life()),
        (2, ConversationLife::Open)
    );
    let again = admin.start(&open.chat_id, "И ещё раз").await;
    assert_eq!(
        refused(again),
        (Code::AlreadyExists, ErrorReason::ConversationAlreadyOpen)
    );
}

#[tokio::test]
async fn a_closed_conversation_leaves_the_list_and_stays_under_its_filter() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    admin.close(&open.id).await.expect("closed");
    let usual = admin
        .list(ListConversationsRequest::default())
        .await
        .expect("a page");
    assert_eq!(usual.conversations, []);
    let closed = admin.all(ConversationLife::Closed).await;
    assert_eq!(
        closed.iter().map(|it| &it.id).collect::<Vec<_>>(),
        [&open.id]
    );
    assert_eq!(admin.messages(&open.id).await.len(), 1, "its messages stay");
}

#[tokio::test]
async fn a_message_after_closing_begins_a_new_conversation_in_messengers() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let first = conversation(&admin, &connector, "chat").await;
    admin.close(&first.id).await.expect("closed");
    let second = connector.write("chat", "chat-2", "Снова я").await;
    assert_ne!(second.conversation_id, first.id);
    assert_eq!(
        (second.conversation_number, second.seq),
        (2, 2),
        "a new number, the chat's next place"
    );
}

#[tokio::test]
async fn a_message_after_closing_opens_the_one_active_conversation_again_and_keeps_its_number() {
    let (_cluster, admin, connector) = office(ConversationMode::OneActive).await;
    let first = conversation(&admin, &connector, "chat").await;
    admin.close(&first.id).await.expect("closed");
    let mut inbox = admin.watch().await;
    let again = connector.write("chat", "chat-2", "Снова я").await;
    assert_eq!(
        (&again.conversation_id, again.conversation_number),
        (&first.id, 1)
    );
    // A stream may begin with changes that were on their way when it was opened.
    let mut change = inbox.next().await;
    while matches!(change.kind(), ChangeKind::Created | ChangeKind::Closed) {
        change = inbox.next().await;
    }
    assert_eq!(change.kind(), ChangeKind::Reopened);
    let conversation = change.conversation.expect("it");
    assert_eq!(
        (conversation.life(), conversation.answer()),
        (ConversationLife::Open, ConversationAnswer::RequiresAnswer)
    );
    assert_eq!(conversation.closing, None);
}

/// A-08, with the services and the clocks that run in production.
#[tokio::test]
async fn a_rating_after_the_survey_leaves_the_conversation_closed() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let wanted = UpdateAccountRequest {
        account: Some(Account {
            nps_enabled: true,
            ..Account::default()
        }),
        ..UpdateAccountRequest::default()
    };
    AccountServiceClient::new(admin.channel())
        .update_account(admin.ask(wanted).await)
        .await
        .expect("switched on");
    let mut number = 0;
    let asked = wait_for("the survey goes out", async || {
        number += 1;
        let open = conversation(&admin, &connector, &format!("chat {number}")).await;
        let request = SendNpsRequest {
            conversation_id: open.id.clone(),
            ..SendNpsRequest::default()
        };
        let request = admin.ask(request).await;
        let reply = admin.conversations().send_nps(request).await;
        let reply = reply.expect("closed").into_inner();
        (reply.outcome() == NpsOutcome::Sent).then_some(open)
    })
    .await;
    let rated = connector
        .write(&format!("chat {number}"), "rating", "10")
        .await;
    assert_eq!(rated.conversation_id, asked.id);
    let survey = wait_for("the rating is kept", async || {
        let request = OpenConversationRequest {
            conversation_id: asked.id.clone(),
            ..OpenConversationRequest::default()
        };
        let request = admin.ask(request).await;
        let reply = admin.inbox().open_conversation(request).await;
        let reply = reply.expect("opened").into_inner();
        let life = reply.conversation.as_ref().map(|it| it.life());
        assert_eq!(life, Some(ConversationLife::Closed));
        reply.survey.filter(|survey| survey.rating > 0)
    })
    .await;
    assert_eq!(survey.rating, 10);
}

#[tokio::test]
async fn a_visitor_keeps_several_conversations_and_finishes_them() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let chat = admin.online_chat(OnlineChatMode::Multiple).await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    let seed = Seed::take();
    let [one, other] = [seed.uuid().to_string(), seed.uuid().to_string()];
    let first = visitor
        .send(seed.uuid(), &one, "О заказе")
        .await
        .expect("sent")
        .conversation
        .expect("it");
    let second = visitor
        .send(seed.uuid(), &other, "О доставке")
        .await
        .expect("sent")
        .conversation
        .expect("it");
    assert_eq!(
        (first.number, second.number, first.can_finish),
        (1, 2, true)
    );
    assert_eq!(visitor.conversations().await.expect("a list").len(), 2);

    let finish = || FinishConversationRequest {
        thread_id: one.clone(),
    };
    for _ in 0..2 {
        let done = visitor
            .client()
            .finish_conversation(with_token(visitor.token(), finish()))
            .await;
        done.expect("finishing a finished one changes nothing");
    }
    let left = visitor.conversations().await.expect("a list");
    assert_eq!(
        left.iter().map(|it| &it.thread_id).collect::<Vec<_>>(),
        [&other]
    );
    let closed = admin.all(ConversationLife::Closed).await.remove(0);
    assert_eq!(
        (closed.number, closed.closing.expect("it").closed_by()),
        (1, ClosedBy::Client)
    );
}

#[tokio::test]
async fn only_employees_close_the_one_active_conversation() {
    let (cluster, admin, connector) = office(ConversationMode::OneActive).await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    let sent = visitor
        .send(Seed::take().uuid(), "", "Привет")
        .await
        .expect("sent");
    assert!(!sent.conversation.expect("it").can_finish);
    let request = FinishConversationRequest::default();
    let answer = visitor
        .client()
        .finish_conversation(with_token(visitor.token(), request))
        .await;
    assert_eq!(
        refused(answer),
        (Code::FailedPrecondition, ErrorReason::FinishNotAllowed)
    );
    // Nor does the hub take it from a connector.
    let open = conversation(&admin, &connector, "chat").await;
    let result = connector
        .publish(vec![connector.event("chat", "finish", finished())])
        .await
        .expect("published")
        .remove(0);
    assert_eq!(result.reason, "FINISH_NOT_ALLOWED");
    assert_eq!(
        admin.get(&open.id).await.expect("it").life(),
        ConversationLife::Open
    );
}

#[tokio::test]
async fn closing_under_an_old_etag_is_refused() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    connector.write("chat", "chat-2", "Подождите").await;
    let request = CloseConversationRequest {
        conversation_id: open.id.clone(),
        etag: open.etag,
    };
    let answer = admin
        .conversations()
        .close_conversation(admin.ask(request).await)
        .await;
    assert_eq!(refused(answer), (Code::Aborted, ErrorReason::EtagMismatch));
    let etag = admin.get(&open.id).await.expect("it").etag;
    let request = CloseConversationRequest {
        conversation_id: open.id,
        etag,
    };
    admin
        .conversations()
        .close_conversation(admin.ask(request).await)
        .await
        .expect("closed");
}
