//! «Отправить NPS»: the survey and its answer (CNV-17, A-08).

use api::connector::v1::{ConnectorManifest, RegisterConnectorRequest};
use api::conversations::v1::{
    Connection, Conversation, ConversationAnswer, ConversationLife, ConversationMode,
    GetConversationRequest, GetConversationResponse, NpsOutcome, SendNpsRequest, SendNpsResponse,
};
use api::identity::internal::v1::{AccountChanged, NpsSurvey};
use prost::Message as _;
use testkit::{wait_for, wait_for_state};
use tonic::Status;

use crate::world::{CONNECTOR, World, refusal, with};

const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

/// Identity tells what the account has set.
async fn settle(world: &World, version: i64, paid: bool, survey: NpsSurvey) {
    let state = AccountChanged {
        account_id: world.account.uuid().as_bytes().to_vec(),
        version,
        subscription_active: paid,
        imbox_enabled: true,
        language: "ru".to_owned(),
        message_search: true,
        nps: Some(survey),
        ..AccountChanged::default()
    };
    world
        .identity
        .tell(world.account, "account.changed", state.encode_to_vec());
    wait_for_state("the settings are known", async || {
        let known: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM conversations.account_states WHERE account_id = $1",
        )
        .bind(world.account.uuid())
        .fetch_optional(&mut world.db.owner().await)
        .await
        .expect("readable");
        if known == Some(version) {
            Ok(())
        } else {
            Err(known)
        }
    })
    .await;
}

fn on() -> NpsSurvey {
    NpsSurvey {
        enabled: true,
        in_plan: true,
        text: String::new(),
    }
}

async fn send_nps(world: &World, id: &str, etag: &str) -> Result<SendNpsResponse, Status> {
    let request = SendNpsRequest {
        conversation_id: id.to_owned(),
        etag: etag.to_owned(),
    };
    let reply = world
        .conversations()
        .send_nps(with(&world.admin, request))
        .await?;
    Ok(reply.into_inner())
}

async fn get(world: &World, id: &str) -> GetConversationResponse {
    let request = GetConversationRequest {
        conversation_id: id.to_owned(),
    };
    world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await
        .expect("found")
        .into_inner()
}

/// The client writes; the conversation it went to.
async fn write(world: &World, connection: &Connection, text: &str) -> Conversation {
    let event = world.message(connection, "anna", text);
    let results = world.publish(vec![event]).await.expect("published");
    let id = &results[0].conversation_id;
    get(world, id).await.conversation.expect("a conversation")
}

async fn connection(world: &World, mode: ConversationMode) -> Connection {
    let wanted = Connection {
        conversation_mode: mode.into(),
        ..world.new_connection()
    };
    world.create(&world.admin, wanted).await.expect("created")
}

#[tokio::test]
async fn a_survey_closes_and_the_rating_is_attached_to_the_closed_conversation() {
    let world = World::start().await;
    settle(&world, 1, true, on()).await;
    for mode in [ConversationMode::NewAfterClose, ConversationMode::OneActive] {
        let connection = connection(&world, mode).await;
        let id = world.conversation(&connection, "anna").await;
        let mut deliveries = world.take(10).await;
        let sent = send_nps(&world, &id, "").await.expect("closed");
        assert_eq!(sent.outcome(), NpsOutcome::Sent);
        let closed = sent.conversation.expect("it");
        assert_eq!(closed.life(), ConversationLife::Closed);
        let delivery = deliveries.next().await;
        assert!(delivery.text.starts_with("Насколько"), "{}", delivery.text);

        let rated = write(&world, &connection, " 9 ").await;
        assert_eq!(
            (&rated.id, rated.life(), rated.answer()),
            (
                &id,
                ConversationLife::Closed,
                ConversationAnswer::RequiresAnswer
            ),
            "it opens nothing and leaves the answer state as it was"
        );
        let survey = wait_for("the rating is kept", async || {
            get(&world, &id).await.survey.filter(|it| it.rating > 0)
        })
        .await;
        assert_eq!((survey.rating, survey.rate_time.is_some()), (9, true));
        let texts: Vec<String> = world
            .messages(&id)
            .await
            .into_iter()
            .map(|it| it.text)
            .collect();
        assert_eq!(texts, ["hello", &delivery.text[..], " 9 "]);

        // A second number is a request like any other.
        let next = write(&world, &connection, "9").await;
        assert_eq!(next.life(), ConversationLife::Open);
        assert_eq!(next.id == id, mode == ConversationMode::OneActive);
        assert_eq!(
            get(&world, &id).await.survey.map(|it| it.rating),
            Some(9),
            "rated once"
        );
    }
}

#[tokio::test]
async fn what_is_no_rating_opens_a_conversation() {
    let mut world = World::start().await;
    settle(&world, 1, true, on()).await;
    let connection = connection(&world, ConversationMode::NewAfterClose).await;
    let first = world.conversation(&connection, "anna").await;
    send_nps(&world, &first, "").await.expect("closed");
    let second = write(&world, &connection, "11").await;
    assert_ne!(second.id, first);
    assert_eq!(write(&world, &connection, "9").await.id, second.id);

    send_nps(&world, &second.id, "").await.expect("closed");
    world.advance(WEEK + std::time::Duration::from_secs(1));
    let third = write(&world, &connection, "9").await;
    assert_eq!(third.life(), ConversationLife::Open, "too late");
    for id in [&first, &second.id] {
        let survey = get(&world, id).await.survey.expect("a survey");
        assert_eq!(survey.rating, 0);
    }
}

#[tokio::test]
async fn without_a_survey_it_closes_all_the_same_and_says_why() {
    let world = World::start().await;
    let off = NpsSurvey {
        enabled: false,
        ..on()
    };
    let basic = NpsSurvey {
        in_plan: false,
        ..on()
    };
    let cases = [
        (true, off, NpsOutcome::SwitchedOff),
        (true, basic, NpsOutcome::NotInPlan),
        (false, on(), NpsOutcome::CannotWrite),
    ];
    let line = connection(&world, ConversationMode::NewAfterClose).await;
    for (version, (paid, survey, outcome)) in (1..).zip(cases) {
        settle(&world, version, paid, survey).await;
        let id = world.conversation(&line, &format!("chat {version}")).await;
        let reply = send_nps(&world, &id, "").await.expect("closed");
        let closed = reply.conversation.clone().expect("it");
        assert_eq!(
            (reply.outcome(), closed.life(), reply.survey.is_none()),
            (outcome, ConversationLife::Closed, true)
        );
        assert_eq!(world.messages(&id).await.len(), 1);
        let again = send_nps(&world, &id, "").await.expect("nothing changes");
        assert_eq!(again.outcome(), NpsOutcome::AlreadyClosed);
        assert_eq!(again.conversation.expect("it").etag, closed.etag);
    }

    settle(&world, 4, true, on()).await;
    let id = world.conversation(&line, "boris").await;
    world.switch(&line, false).await;
    let reply = send_nps(&world, &id, "").await.expect("closed");
    assert_eq!(reply.outcome(), NpsOutcome::CannotWrite);
}

/// WA-03: what the channel no longer lets be written is no survey either.
#[tokio::test]
async fn after_the_dialogue_no_survey_goes_out() {
    let mut world = World::start().await;
    settle(&world, 1, true, on()).await;
    let manifest = ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "WABA".to_owned(),
        reply_window_seconds: 86_400,
        ..ConnectorManifest::default()
    };
    let request = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    world
        .hub()
        .register_connector(with(&world.connector, request))
        .await
        .expect("registered");
    let line = connection(&world, ConversationMode::NewAfterClose).await;
    let early = world.conversation(&line, "anna").await;
    let late = world.conversation(&line, "boris").await;
    let sent = send_nps(&world, &early, "").await.expect("closed");
    assert_eq!(sent.outcome(), NpsOutcome::Sent);
    world.advance(std::time::Duration::from_secs(86_400));
    let reply = send_nps(&world, &late, "").await.expect("closed");
    let life = reply.conversation.as_ref().map(Conversation::life);
    assert_eq!(
        (reply.outcome(), life),
        (NpsOutcome::DialogueOver, Some(ConversationLife::Closed))
    );
}

#[tokio::test]
async fn a_survey_keeps_to_the_etag_and_is_the_work_of_who_sent_it() {
    let world = World::start().await;
    settle(&world, 1, true, on()).await;
    let line = connection(&world, ConversationMode::NewAfterClose).await;
    let id = world.conversation(&line, "boris").await;
    let stale = send_nps(&world, &id, "\"nonsense\"").await;
    assert!(refusal(stale).contains("ETAG_MISMATCH"));
    assert_eq!(get(&world, &id).await.survey, None);
    send_nps(&world, &id, "").await.expect("closed");
    let handled: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM conversations.participants p
           JOIN conversations.conversations c ON c.id = p.conversation_id AND c.closed_user = p.user_id",
    )
    .fetch_one(&mut world.db.owner().await)
    .await
    .expect("readable");
    assert_eq!(handled, 1, "CNV-04");
}
