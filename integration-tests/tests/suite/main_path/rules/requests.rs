//! Requests become what decision tables 2.6 and 2.7 say.

use api::crm::v1 as crm;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::tag_service_client::TagServiceClient;
use api::crm::v1::task_service_client::TaskServiceClient;
use api::crm::v1::unsorted_service_client::UnsortedServiceClient;
use api::onlinechat::v1::{OnlineChatMode, StartVisitorSessionRequest};
use api::sync::v1::{
    DealPlace, FieldCard, FieldPair, NameTemplates, PipelineRule, RequestTag, RuleCondition,
    RuleNode, RuleOperator, RunState, TaskAssignment, TaskSettings, TransferMethod, rule_node,
};
use integration_tests::calls::with_token;

use super::{Office, pipeline, told};

fn tasks() -> Option<TaskSettings> {
    Some(TaskSettings {
        term: Some(prost_types::Duration {
            seconds: 3600,
            nanos: 0,
        }),
        assignment: TaskAssignment::FromContact.into(),
    })
}

fn condition(parameter: &str, value: &str) -> RuleNode {
    RuleNode {
        node: Some(rule_node::Node::Condition(RuleCondition {
            parameter: parameter.into(),
            operator: RuleOperator::Equals.into(),
            values: vec![value.into()],
        })),
    }
}

#[tokio::test]
async fn a_first_request_becomes_contact_deal_and_task_and_is_explained() {
    let office = Office::open().await;
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.tasks = tasks();
    office.create(draft).await.expect("created");
    let event = told(&office.connector, "ivan", "1", &[]);
    let first = office
        .connector
        .publish(vec![event])
        .await
        .expect("published")
        .remove(0);
    let run = office.settled(&first.conversation_id, 1).await.remove(0);
    assert_eq!(run.state(), RunState::Done, "{run:?}");
    let (contacts, deals, tasks) = (
        office.contacts().await,
        office.deals().await,
        office.tasks().await,
    );
    assert_eq!((contacts.len(), deals.len(), tasks.len()), (1, 1, 1));
    assert_eq!(contacts[0].name, "Иван");
    assert_eq!(deals[0].main_contact_id, contacts[0].id);
    assert_eq!(tasks[0].card_id, deals[0].id);
    let conversation = office
        .admin
        .get(&first.conversation_id)
        .await
        .expect("there");
    assert_eq!(
        (conversation.contact_id, conversation.card_id),
        (contacts[0].id.clone(), deals[0].id.clone())
    );
    // Why this deal, and by which requirement.
    let told = office.explain(&run).await;
    let why = told.plan.expect("a plan").decisions;
    let requirements: Vec<_> = why
        .iter()
        .filter(|it| it.done)
        .map(|it| &it.requirement[..])
        .collect();
    for requirement in ["SYN-19", "SYN-07", "SYN-30", "SYN-34", "SYN-16", "SYN-13"] {
        assert!(
            requirements.contains(&requirement),
            "{requirement}: {why:#?}"
        );
    }
    assert_eq!(told.run.expect("a run").steps.len(), 4);
}

#[tokio::test]
async fn the_advertisement_by_which_a_client_came_decides_over_the_deal() {
    let office = Office::open().await;
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.filter = Some(condition("referral_type", "ad"));
    draft.names = Some(NameTemplates {
        deal: "{{referral_headline}} ({{referral}}, {{referral_id}}, {{ctwa_clid}})".into(),
        ..NameTemplates::default()
    });
    office.create(draft).await.expect("created");
    let by_ad = [
        ("referral", "https://fb.me/1"),
        ("referral_type", "ad"),
        ("referral_id", "7"),
        ("referral_headline", "Окна"),
        ("ctwa_clid", "ARA"),
    ];
    let by_post = [("referral", "https://fb.me/2"), ("referral_type", "post")];
    let events = vec![
        told(&office.connector, "anna", "1", &by_ad),
        told(&office.connector, "boris", "2", &by_post),
    ];
    let stored = office.connector.publish(events).await.expect("published");
    let states = [RunState::Done, RunState::Nothing];
    for (conversation, state) in stored.iter().zip(states) {
        let run = office.settled(&conversation.conversation_id, 1).await;
        assert_eq!(run[0].state(), state);
    }
    let deals = office.deals().await;
    let names: Vec<&str> = deals.iter().map(|it| &it.name[..]).collect();
    assert_eq!(names, ["Окна (https://fb.me/1, 7, ARA)"]);
}

#[tokio::test]
async fn a_repeated_request_becomes_a_deal_only_where_none_is_open() {
    let office = Office::open().await;
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.tasks = tasks();
    office.create(draft).await.expect("created");
    let first = office.connector.write("ivan", "1", "Здравствуйте").await;
    office.settled(&first.conversation_id, 1).await;
    // The conversation goes on: neither deal nor, while one is open, task.
    office.connector.write("ivan", "2", "Вы здесь?").await;
    office
        .admin
        .close(&first.conversation_id)
        .await
        .expect("closed");
    let second = office.connector.write("ivan", "3", "Ещё вопрос").await;
    assert_ne!(second.conversation_id, first.conversation_id);
    office.settled(&second.conversation_id, 1).await;
    let deals = office.deals().await;
    assert_eq!(
        (
            office.contacts().await.len(),
            deals.len(),
            office.tasks().await.len()
        ),
        (1, 1, 1)
    );
    let conversation = office
        .admin
        .get(&second.conversation_id)
        .await
        .expect("there");
    assert_eq!(
        conversation.card_id, deals[0].id,
        "it is conducted in the open deal (3c)"
    );
    // With the deal won and the task done, the next request has a deal and a task of its own.
    win(&office, &deals[0]).await;
    let done = crm::CompleteTaskRequest {
        task_id: office.tasks().await[0].id.clone(),
        ..Default::default()
    };
    let done = office.admin.ask(done).await;
    TaskServiceClient::new(office.admin.channel())
        .complete_task(done)
        .await
        .expect("completed");
    office
        .admin
        .close(&second.conversation_id)
        .await
        .expect("closed");
    let third = office.connector.write("ivan", "4", "И снова я").await;
    office.settled(&third.conversation_id, 1).await;
    assert_eq!(
        (
            office.contacts().await.len(),
            office.deals().await.len(),
            office.tasks().await.len()
        ),
        (1, 2, 1)
    );
}

async fn win(office: &Office, deal: &crm::Deal) {
    let won = office
        .pipeline
        .stages
        .iter()
        .find(|stage| stage.kind() == crm::StageKind::Won);
    let request = crm::UpdateDealRequest {
        deal: Some(crm::Deal {
            id: deal.id.clone(),
            stage_id: won.expect("a stage").id.clone(),
            ..crm::Deal::default()
        }),
        update_mask: None,
    };
    let request = office.admin.ask(request).await;
    DealServiceClient::new(office.admin.channel())
        .update_deal(request)
        .await
        .expect("won");
}

#[tokio::test]
async fn unsorted_records_come_with_new_and_closed_chats_and_their_task_once_accepted() {
    let office = Office::open().await;
    let mut draft = office.draft(TransferMethod::UseUnsorted);
    draft.tasks = tasks();
    draft.names = Some(NameTemplates {
        deal: "Шаблон".into(),
        ..NameTemplates::default()
    });
    office.create(draft).await.expect("created");
    let event = told(&office.connector, "ivan", "1", &[]);
    let first = office
        .connector
        .publish(vec![event])
        .await
        .expect("published")
        .remove(0);
    office.settled(&first.conversation_id, 1).await;
    let list = async || {
        let request = office
            .admin
            .ask(crm::ListUnsortedRecordsRequest::default())
            .await;
        let mut unsorted = UnsortedServiceClient::new(office.admin.channel());
        let listed = unsorted.list_unsorted_records(request).await;
        listed.expect("listed").into_inner().records
    };
    let records = list().await;
    assert_eq!(
        (records.len(), &records[0].title[..]),
        (1, "Иван"),
        "no template is applied (SYN-27)"
    );
    assert_eq!(
        (office.deals().await.len(), office.tasks().await.len()),
        (0, 0)
    );
    // Accepted, the next message of the open chat has its task in the record's deal.
    let accept = crm::AcceptUnsortedRecordRequest {
        record_id: records[0].id.clone(),
        ..Default::default()
    };
    let accept = office.admin.ask(accept).await;
    let mut unsorted = UnsortedServiceClient::new(office.admin.channel());
    let accepted = unsorted
        .accept_unsorted_record(accept)
        .await
        .expect("accepted");
    let deal = accepted.into_inner().record.expect("a record").deal_id;
    office.connector.write("ivan", "2", "Вы здесь?").await;
    office.settled(&first.conversation_id, 2).await;
    assert_eq!(office.tasks().await[0].card_id, deal);
    assert_eq!(list().await.len(), 0, "the chat is open (3e)");
    office
        .admin
        .close(&first.conversation_id)
        .await
        .expect("closed");
    let second = office.connector.write("ivan", "3", "Ещё вопрос").await;
    office.settled(&second.conversation_id, 1).await;
    assert_eq!(list().await.len(), 1, "the chat was closed (SYN-10)");
}

#[tokio::test]
async fn facts_of_the_request_choose_the_pipeline_and_fill_tags_names_and_fields() {
    let office = Office::open().await;
    let spring = pipeline(&office.admin, "Весна").await;
    let field = crm::Field {
        card_kind: crm::CardKind::Deal.into(),
        r#type: crm::FieldType::Text.into(),
        name: "Кампания".into(),
        ..crm::Field::default()
    };
    let field = crm::CreateFieldRequest {
        field: Some(field),
        request_id: String::new(),
    };
    let field = office.admin.ask(field).await;
    let field = FieldServiceClient::new(office.admin.channel())
        .create_field(field)
        .await;
    let field = field.expect("made").into_inner().field.expect("a field");
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.channels.push("onlinechat".into());
    draft.filter = Some(condition("site", "okna.example"));
    draft.pipeline_rules = vec![PipelineRule {
        condition: Some(condition("utm_campaign", "spring")),
        place: Some(DealPlace {
            pipeline_id: spring.id.clone(),
            stage_id: String::new(),
        }),
    }];
    draft.tags = vec![RequestTag::Site.into(), RequestTag::Campaign.into()];
    draft.names = Some(NameTemplates {
        deal: "{{site}}: {{utm_campaign|без кампании}} {{language}}".into(),
        ..NameTemplates::default()
    });
    draft.fields = vec![FieldPair {
        card: FieldCard::Deal.into(),
        field_id: field.id.clone(),
        parameter: "utm_campaign".into(),
    }];
    office.create(draft).await.expect("created");
    // From a channel that does not fit nothing comes.
    let other = office.connector.write("other", "1", "Здравствуйте").await;
    let run = office.settled(&other.conversation_id, 1).await.remove(0);
    assert_eq!(run.state(), RunState::Nothing);
    let chat = office.admin.online_chat(OnlineChatMode::OneActive).await;
    visit(&office, &chat.id).await;
    let deal = testkit::wait_for("the deal is there", async || office.deals().await.pop()).await;
    assert_eq!(
        (&deal.name[..], &deal.pipeline_id),
        ("okna.example: spring es", &spring.id)
    );
    assert_eq!(deal.field_values[0].field_id, field.id);
    let tags = office.admin.ask(crm::ListTagsRequest::default()).await;
    let tags = TagServiceClient::new(office.admin.channel())
        .list_tags(tags)
        .await;
    let tags = tags.expect("listed").into_inner().tags;
    let names: Vec<_> = tags.iter().map(|tag| &tag.name[..]).collect();
    assert_eq!(names, ["okna.example", "spring"]);
    assert_eq!(
        (deal.tag_ids.len(), office.contacts().await[0].tag_ids.len()),
        (2, 2)
    );
}

/// A visitor writes on a page with an advertisement's marks.
async fn visit(office: &Office, chat: &str) {
    let client = api::onlinechat::v1::visitor_service_client::VisitorServiceClient::new(
        office.admin.channel(),
    );
    let request = StartVisitorSessionRequest {
        online_chat_id: chat.into(),
        language: "es".into(),
        embedding_origin: office.cluster.url(),
        page_url: "https://www.okna.example/dacha?utm_campaign=spring&utm_source=yandex".into(),
        ..StartVisitorSessionRequest::default()
    };
    let session = client
        .clone()
        .start_visitor_session(request)
        .await
        .expect("a session")
        .into_inner();
    let message = api::onlinechat::v1::SendVisitorMessageRequest {
        client_message_id: uuid::Uuid::from_u128(7).to_string(),
        text: "Сколько стоит?".into(),
        ..Default::default()
    };
    let message = with_token(&session.session_token, message);
    client
        .clone()
        .send_visitor_message(message)
        .await
        .expect("sent");
}

#[tokio::test]
async fn messages_of_one_client_at_once_become_one_contact_and_deal() {
    let office = Office::open().await;
    office
        .create(office.draft(TransferMethod::ContactAndDeal))
        .await
        .expect("created");
    let writes = (0..20).map(|number| {
        let connector = office.connector.clone();
        async move {
            connector
                .write("ivan", &format!("{number}"), "Здравствуйте")
                .await
        }
    });
    let results = futures::future::join_all(writes).await;
    office.settled(&results[0].conversation_id, 1).await;
    let last = office
        .connector
        .write("last", "last-1", "Здравствуйте")
        .await;
    office.settled(&last.conversation_id, 1).await;
    assert_eq!(
        (office.contacts().await.len(), office.deals().await.len()),
        (2, 2)
    );
}
