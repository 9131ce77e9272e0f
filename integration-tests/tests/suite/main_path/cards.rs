//! A conversation with its card: opened in one call, and the card edited from there.

use api::connector::v1::IncomingMessage;
use api::connector::v1::channel_event::Event;
use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::open_conversation_response::Card;
use api::conversations::v1::{
    ChangeKind, ChatProfile, ConversationLife, ConversationMode, GetChatProfileRequest,
    LinkConversationRequest, OpenConversationRequest, OpenConversationResponse, OpenWindowRequest,
    WindowPlace,
};
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::tag_service_client::TagServiceClient;
use api::crm::v1::timeline_service_client::TimelineServiceClient;
use api::identity::v1::account_service_client::AccountServiceClient;
use api::identity::v1::{Account, FeedAuthor, Role, UpdateAccountRequest};
use api::onlinechat::v1::{FinishConversationRequest, OnlineChatMode};
use integration_tests::Seed;
use integration_tests::actors::{Admin, CONNECTOR, Employee, Visitor, Watch, written};
use integration_tests::calls::with_token;
use testkit::wait_for;
use tonic::Status;

use super::{conversation, office};

async fn open(employee: &Employee, id: &str) -> Result<OpenConversationResponse, Status> {
    let request = OpenConversationRequest {
        conversation_id: id.into(),
        ..Default::default()
    };
    let opened = employee
        .inbox()
        .open_conversation(employee.ask(request).await)
        .await?;
    Ok(opened.into_inner())
}

/// A contact and a deal of theirs, in a pipeline.
async fn cards(admin: &Admin) -> (crm::Contact, crm::Deal) {
    let pipeline = crm::CreatePipelineRequest {
        pipeline: Some(crm::Pipeline {
            name: "Продажи".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = PipelineServiceClient::new(admin.channel())
        .create_pipeline(admin.ask(pipeline).await)
        .await;
    made.expect("made");
    let contact = crm::CreateContactRequest {
        contact: Some(crm::Contact {
            name: "Анна".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let contact = ContactServiceClient::new(admin.channel())
        .create_contact(admin.ask(contact).await)
        .await;
    let contact = contact.expect("made").into_inner().contact.expect("it");
    let deal = crm::CreateDealRequest {
        deal: Some(crm::Deal {
            name: "Окна".into(),
            main_contact_id: contact.id.clone(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let deal = DealServiceClient::new(admin.channel())
        .create_deal(admin.ask(deal).await)
        .await;
    (contact, deal.expect("made").into_inner().deal.expect("it"))
}

/// Another stage of the deal's pipeline, a tag, and a value of a field of the account's own.
async fn edited(admin: &Admin, deal: &crm::Deal) -> crm::Deal {
    let pipelines = PipelineServiceClient::new(admin.channel())
        .list_pipelines(admin.ask(crm::ListPipelinesRequest::default()).await)
        .await;
    let pipelines = pipelines.expect("listed").into_inner().pipelines;
    let stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    let stage = stages
        .clone()
        .find(|stage| stage.id != deal.stage_id)
        .expect("a pipeline has several stages");
    let tag = crm::CreateTagRequest {
        tag: Some(crm::Tag {
            name: "важно".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let tag = TagServiceClient::new(admin.channel())
        .create_tag(admin.ask(tag).await)
        .await;
    let field = crm::CreateFieldRequest {
        field: Some(crm::Field {
            name: "Адрес".into(),
            card_kind: crm::CardKind::Deal.into(),
            r#type: crm::FieldType::Text.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let field = FieldServiceClient::new(admin.channel())
        .create_field(admin.ask(field).await)
        .await;
    crm::Deal {
        id: deal.id.clone(),
        name: "Окна и двери".into(),
        stage_id: stage.id.clone(),
        tag_ids: vec![tag.expect("made").into_inner().tag.expect("it").id],
        field_values: vec![crm::FieldValue {
            field_id: field.expect("made").into_inner().field.expect("it").id,
            value: Some(crm::field_value::Value::Text("Тверская, 1".into())),
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_conversation_opens_with_its_card_and_the_card_is_edited_from_there() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let talk = conversation(&admin, &connector, "chat").await;
    let (contact, deal) = cards(&admin).await;
    let link = LinkConversationRequest {
        conversation_id: talk.id.clone(),
        contact_id: contact.id.clone(),
        card_id: deal.id.clone(),
    };
    wait_for("the cards have reached conversations", async || {
        ConversationServiceClient::new(admin.channel())
            .link_conversation(admin.ask(link.clone()).await)
            .await
            .ok()
    })
    .await;

    let opened = open(&admin, &talk.id).await.expect("opened");
    assert_eq!(
        opened.conversation.as_ref().map(|it| &it.title[..]),
        Some("Окна")
    );
    assert_eq!(
        (opened.messages.len(), opened.cards_unavailable),
        (1, false)
    );
    assert_eq!(opened.contact.as_ref().map(|it| &it.id), Some(&contact.id));
    let Some(Card::Deal(shown)) = &opened.card else {
        panic!("a deal, not {:?}", opened.card);
    };
    assert_eq!(shown, &deal, "whole, as crm shows it");

    let wanted = edited(&admin, &deal).await;
    let update = crm::UpdateDealRequest {
        deal: Some(wanted.clone()),
        ..Default::default()
    };
    DealServiceClient::new(admin.channel())
        .update_deal(admin.ask(update).await)
        .await
        .expect("changed");
    let mut watch = Watch::new(&admin, opened.cursor);
    let live = loop {
        let change = watch.next().await;
        let title = change.conversation.as_ref().map_or("", |it| &it.title);
        if change.kind() == ChangeKind::CardChanged && title == "Окна и двери" {
            break change;
        }
    };
    assert_eq!(live.conversation.map(|it| it.id), Some(talk.id.clone()));
    let Some(Card::Deal(shown)) = open(&admin, &talk.id).await.expect("opened").card else {
        panic!("a deal");
    };
    assert_eq!(
        (
            shown.name,
            shown.stage_id,
            shown.tag_ids,
            shown.field_values
        ),
        (
            wanted.name,
            wanted.stage_id,
            wanted.tag_ids,
            wanted.field_values
        )
    );

    let colleague = admin.colleague("boris@office.test", Role::Manager).await;
    let refused = open(&colleague, &talk.id)
        .await
        .expect_err("no rights, no card");
    assert_eq!(refused.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_linked_contact_keeps_how_the_channel_knows_the_client() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let (contact, _) = cards(&admin).await;
    let Event::Message(message) = written("Здравствуйте!") else {
        panic!("a message");
    };
    let facts = [("username", "maria_k"), ("user_id", "4242")];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let message = Event::Message(IncomingMessage {
        facts: facts.into(),
        ..message
    });
    let stored = connector
        .insist(&[connector.event("4242", "1", message)])
        .await
        .expect("published");
    let id = stored[0].conversation_id.clone();
    let chat_id = admin.get(&id).await.expect("it").chat_id;
    let profile = async |wanted: fn(&ChatProfile) -> bool| {
        wait_for("the profile", async || {
            let request = GetChatProfileRequest {
                chat_id: chat_id.clone(),
            };
            let reply = ChatServiceClient::new(admin.channel())
                .get_chat_profile(admin.ask(request).await)
                .await;
            let profile = reply.ok()?.into_inner().profile?;
            wanted(&profile).then_some(profile)
        })
        .await
    };
    // It is kept a moment after the message.
    let told = profile(|profile| !profile.username.is_empty()).await;
    assert_eq!((&told.name[..], &told.user_id[..]), ("Мария", "4242"));
    wait_for("the contact is known", async || {
        let link = LinkConversationRequest {
            conversation_id: id.clone(),
            contact_id: contact.id.clone(),
            ..Default::default()
        };
        ConversationServiceClient::new(admin.channel())
            .link_conversation(admin.ask(link).await)
            .await
            .ok()
    })
    .await;
    let request = crm::GetContactRequest {
        contact_id: contact.id.clone(),
    };
    let kept = ContactServiceClient::new(admin.channel())
        .get_contact(admin.ask(request).await)
        .await;
    let kept = kept.expect("it").into_inner().contact.expect("it");
    let expected = crm::MessengerIdentity {
        connector_key: CONNECTOR.into(),
        external_id: "4242".into(),
        name: "maria_k".into(),
    };
    assert_eq!(kept.messengers, [expected]);
    let shown = profile(|profile| !profile.contact_id.is_empty()).await;
    assert_eq!(shown.name, "Анна");
}

#[tokio::test]
async fn a_finished_conversations_history_stays_in_the_deal_card() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let chat = admin.online_chat(OnlineChatMode::Multiple).await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "").await;
    let visitor = visitor.expect("a visitor comes");
    let seed = Seed::take();
    let thread_id = seed.uuid().to_string();
    for text in ["Сколько стоят окна?", "И двери?"] {
        let sent = visitor.send(seed.uuid(), &thread_id, text).await;
        sent.expect("sent");
    }
    let talk = admin.all(ConversationLife::Open).await.remove(0);
    let (contact, deal) = cards(&admin).await;
    let link = LinkConversationRequest {
        conversation_id: talk.id.clone(),
        contact_id: contact.id.clone(),
        card_id: deal.id.clone(),
    };
    wait_for("the cards have reached conversations", async || {
        ConversationServiceClient::new(admin.channel())
            .link_conversation(admin.ask(link.clone()).await)
            .await
            .ok()
    })
    .await;
    let finish = FinishConversationRequest { thread_id };
    let finished = visitor
        .client()
        .finish_conversation(with_token(visitor.token(), finish))
        .await;
    finished.expect("finished");
    assert_eq!(admin.all(ConversationLife::Open).await, [], "it left imBox");

    // The card of the deal: its contact, the contact's chat, the conversation in it, and what was written.
    let request = OpenWindowRequest {
        place: WindowPlace::Deal.into(),
        card_id: deal.id.clone(),
        ..Default::default()
    };
    let window = ChatServiceClient::new(admin.channel())
        .open_window(admin.ask(request).await)
        .await;
    let shown = window.expect("opened").into_inner().contacts.remove(0);
    assert_eq!(shown.contact_id, contact.id);
    let kept = shown.last_chat.and_then(|chat| chat.conversation);
    let kept = kept.expect("the conversation");
    assert_eq!(
        (&kept.id, kept.life()),
        (&talk.id, ConversationLife::Closed)
    );
    let opened = open(&admin, &kept.id).await.expect("opened");
    assert!(matches!(&opened.card, Some(Card::Deal(shown)) if shown.id == deal.id));
    let texts: Vec<_> = opened.messages.iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["Сколько стоят окна?", "И двери?"]);
}

/// What the timeline of the deal says of messages: who wrote them, the newest first.
async fn feed(admin: &Admin, deal: &crm::Deal) -> Vec<(String, String)> {
    let request = crm::ListTimelineEntriesRequest {
        card_id: deal.id.clone(),
        ..Default::default()
    };
    let listed = TimelineServiceClient::new(admin.channel())
        .list_timeline_entries(admin.ask(request).await)
        .await;
    let entries = listed.expect("listed").into_inner().entries.into_iter();
    let sent = entries.filter(|it| it.kind() == crm::TimelineEntryKind::MessageSent);
    sent.map(|it| (it.author_id, it.author_name)).collect()
}

/// CHW-69, A-17.
#[tokio::test]
async fn the_deals_feed_names_the_author_that_the_account_has_set() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let talk = conversation(&admin, &connector, "anna").await.id;
    let (contact, deal) = cards(&admin).await;
    let link = LinkConversationRequest {
        conversation_id: talk.clone(),
        contact_id: contact.id,
        card_id: deal.id.clone(),
    };
    wait_for("the cards have reached conversations", async || {
        ConversationServiceClient::new(admin.channel())
            .link_conversation(admin.ask(link.clone()).await)
            .await
            .ok()
    })
    .await;
    let until = async |count: usize| {
        let there = async || {
            let feed = feed(&admin, &deal).await;
            (feed.len() == count).then_some(feed)
        };
        wait_for("the feed tells of it", there).await
    };
    admin.send(&talk, "Добрый день").await.expect("sent");
    let employee = (admin.user().id.clone(), admin.user().name.clone());
    assert_eq!(until(1).await, std::slice::from_ref(&employee));

    let bot = UpdateAccountRequest {
        account: Some(Account {
            feed_author: FeedAuthor::Bot.into(),
            feed_bot_name: "Радист".into(),
            ..Default::default()
        }),
        update_mask: None,
    };
    let set = AccountServiceClient::new(admin.channel())
        .update_account(admin.ask(bot).await)
        .await;
    set.expect("set");
    // The setting is on its way; what is sent before it came names the employee.
    let bot = (String::new(), "Радист".to_owned());
    let mut count = 1;
    wait_for("the bot is named", async || {
        admin.send(&talk, "Ещё раз").await.expect("sent");
        count += 1;
        (until(count).await[0] == bot).then_some(())
    })
    .await;
    let first = until(count).await.pop();
    assert_eq!(first, Some(employee), "what was told stays");
}
