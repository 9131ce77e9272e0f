//! What rules ask crm to add, and what they ask it about.

use api::crm::internal::v1::{
    ApplyRulesRequest, ApplyRulesResponse, CardChanged, GetRuleCatalogueRequest,
    LookUpClientRequest, LookUpClientResponse, RuleContact, RuleDeal, RuleRecord, RuleTask,
    RuleValue,
};
use api::crm::v1::{
    AcceptUnsortedRecordRequest, CompleteTaskRequest, GetContactRequest, GetDealRequest,
    MessengerIdentity, Pipeline,
};
use prost_types::Timestamp;
use tonic::Status;
use types::{ContactId, DealId, PipelineId, StageId, TaskId, UnsortedId, UserId};
use uuid::Uuid;

use crate::world::World;

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn messenger() -> MessengerIdentity {
    MessengerIdentity {
        connector_key: "onlinechat".into(),
        external_id: "vis_1".into(),
        name: "Иван".into(),
    }
}

struct Wanted {
    contact: ContactId,
    deal: DealId,
    task: TaskId,
    pipeline: Pipeline,
}

async fn wanted(world: &World) -> Wanted {
    Wanted {
        contact: ContactId::generate(),
        deal: DealId::generate(),
        task: TaskId::generate(),
        pipeline: world.pipeline("Продажи", &["Переговоры"]).await,
    }
}

/// A contact, its deal and a task.
fn all(world: &World, wanted: &Wanted) -> ApplyRulesRequest {
    let user: UserId = world.admin.id().parse().expect("an id");
    let pipeline: PipelineId = wanted.pipeline.id.parse().expect("an id");
    let stage: StageId = wanted.pipeline.stages[1].id.parse().expect("an id");
    ApplyRulesRequest {
        account_id: bytes(world.account.uuid()),
        author_id: "run_1".into(),
        author_name: "Сайт".into(),
        contact: Some(RuleContact {
            contact_id: bytes(wanted.contact.uuid()),
            name: "Иван".into(),
            responsible_user_id: bytes(user.uuid()),
            tags: vec!["onlinechat".into(), "Весна".into(), "весна".into()],
            messenger: Some(messenger()),
            phone: "+7 (495) 123-45-67".into(),
            email: "not an address".into(),
            ..RuleContact::default()
        }),
        deal: Some(RuleDeal {
            deal_id: bytes(wanted.deal.uuid()),
            name: "Обращение № 1".into(),
            responsible_user_id: bytes(user.uuid()),
            pipeline_id: bytes(pipeline.uuid()),
            stage_id: bytes(stage.uuid()),
            tags: vec!["onlinechat".into()],
            ..RuleDeal::default()
        }),
        task: Some(RuleTask {
            task_id: bytes(wanted.task.uuid()),
            text: "Ответить".into(),
            due_time: Some(Timestamp {
                seconds: 1_800_000_000,
                nanos: 0,
            }),
            responsible_user_id: bytes(user.uuid()),
            integration_key: "int_1".into(),
            ..RuleTask::default()
        }),
        record: None,
    }
}

async fn apply(world: &World, request: ApplyRulesRequest) -> Result<ApplyRulesResponse, Status> {
    let answer = world
        .internal()
        .apply_rules(world.service().ask(request))
        .await;
    answer.map(tonic::Response::into_inner)
}

async fn look_up(world: &World, request: LookUpClientRequest) -> LookUpClientResponse {
    let request = LookUpClientRequest {
        account_id: bytes(world.account.uuid()),
        integration_key: "int_1".into(),
        ..request
    };
    let answer = world
        .internal()
        .look_up_client(world.service().ask(request))
        .await;
    answer.expect("known").into_inner()
}

fn by_messenger() -> LookUpClientRequest {
    LookUpClientRequest {
        messenger: Some(messenger()),
        ..LookUpClientRequest::default()
    }
}

fn card_id(card: Option<CardChanged>) -> Vec<u8> {
    card.expect("a card").card_id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_add_is_added_once() {
    let world = World::start().await;
    let wanted = wanted(&world).await;
    let request = all(&world, &wanted);
    let first = apply(&world, request.clone()).await.expect("added");
    assert_eq!(card_id(first.contact.clone()), bytes(wanted.contact.uuid()));
    let again = apply(&world, request.clone()).await.expect("the same");
    assert_eq!(again, first);
    // Another attempt of another run for the same person takes the contact that is there.
    let other = Wanted {
        contact: ContactId::generate(),
        deal: DealId::generate(),
        task: TaskId::generate(),
        pipeline: wanted.pipeline.clone(),
    };
    let second = apply(&world, all(&world, &other)).await.expect("added");
    assert_eq!(card_id(second.contact), bytes(wanted.contact.uuid()));
    let request = GetContactRequest {
        contact_id: wanted.contact.to_string(),
    };
    let contact = world
        .contacts()
        .get_contact(world.admin.ask(request))
        .await
        .expect("there")
        .into_inner()
        .contact
        .expect("a contact");
    assert_eq!(
        (
            contact.tag_ids.len(),
            contact.phones.len(),
            contact.emails.len()
        ),
        (2, 1, 0)
    );
    let request = GetDealRequest {
        deal_id: wanted.deal.to_string(),
    };
    let deal = world
        .deals()
        .get_deal(world.admin.ask(request))
        .await
        .expect("there")
        .into_inner()
        .deal
        .expect("a deal");
    assert_eq!(deal.main_contact_id, contact.id);
    assert_eq!(deal.stage_id, wanted.pipeline.stages[1].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_known_with_open_deals_and_tasks() {
    let world = World::start().await;
    let wanted = wanted(&world).await;
    assert_eq!(
        look_up(&world, by_messenger()).await,
        LookUpClientResponse::default()
    );
    apply(&world, all(&world, &wanted)).await.expect("added");
    let known = look_up(&world, by_messenger()).await;
    assert_eq!(card_id(known.contact), bytes(wanted.contact.uuid()));
    assert_eq!(known.open_deals[0].card_id, bytes(wanted.deal.uuid()));
    assert!(known.open_task);
    let by_phone = LookUpClientRequest {
        phone: "8 495 123 45 67".replacen('8', "+7", 1),
        ..LookUpClientRequest::default()
    };
    assert!(look_up(&world, by_phone).await.contact.is_some());
    let done = CompleteTaskRequest {
        task_id: wanted.task.to_string(),
        ..CompleteTaskRequest::default()
    };
    world
        .tasks()
        .complete_task(world.admin.ask(done))
        .await
        .expect("completed");
    assert!(!look_up(&world, by_messenger()).await.open_task);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_told_until_they_are_deals() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let (record, conversation) = (UnsortedId::generate(), Uuid::from_u128(7));
    let request = ApplyRulesRequest {
        account_id: bytes(world.account.uuid()),
        author_id: "run_1".into(),
        record: Some(RuleRecord {
            record_id: bytes(record.uuid()),
            title: "Иван".into(),
            source_key: "int_1".into(),
            conversation_id: bytes(conversation),
            messenger: Some(messenger()),
            ..RuleRecord::default()
        }),
        ..ApplyRulesRequest::default()
    };
    apply(&world, request.clone()).await.expect("added");
    apply(&world, request).await.expect("the same");
    let of_conversation = || LookUpClientRequest {
        conversation_id: bytes(conversation),
        ..by_messenger()
    };
    let pending = look_up(&world, of_conversation()).await;
    assert!(pending.pending_record && pending.record_deal.is_none());
    let accept = AcceptUnsortedRecordRequest {
        record_id: record.to_string(),
        ..AcceptUnsortedRecordRequest::default()
    };
    let accepted = world
        .unsorted()
        .accept_unsorted_record(world.admin.ask(accept))
        .await;
    let deal = accepted
        .expect("accepted")
        .into_inner()
        .record
        .expect("a record")
        .deal_id;
    let known = look_up(&world, of_conversation()).await;
    let told = Uuid::from_slice(&card_id(known.record_deal)).expect("an id");
    assert_eq!(DealId::from(told).to_string(), deal);
    assert!(!known.pending_record && known.contact.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_told_what_does_not_fit_and_nothing_of_it_stays() {
    let world = World::start().await;
    let wanted = wanted(&world).await;
    let mut request = all(&world, &wanted);
    let deal = request.deal.as_mut().expect("a deal");
    deal.values = vec![RuleValue {
        field_id: vec![9; 16],
        text: "весна".into(),
    }];
    let refused = apply(&world, request).await.expect_err("no such field");
    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert!(look_up(&world, by_messenger()).await.contact.is_none());
    let by_admin = world
        .internal()
        .apply_rules(world.admin.ask(all(&world, &wanted)))
        .await;
    assert_eq!(
        by_admin.expect_err("a service's").code(),
        tonic::Code::PermissionDenied
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_names_pipelines_and_employees() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Переговоры"]).await;
    let request = GetRuleCatalogueRequest {
        account_id: bytes(world.account.uuid()),
    };
    let catalogue = world
        .internal()
        .get_rule_catalogue(world.service().ask(request))
        .await;
    let catalogue = catalogue.expect("told").into_inner();
    assert_eq!(catalogue.pipelines[0].stages.len(), pipeline.stages.len());
    assert!(catalogue.employees.iter().any(|employee| employee.active));
}
