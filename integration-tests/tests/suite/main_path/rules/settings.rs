//! Settings: what is refused, what is told, what a draft would change.

use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;
use api::sync::v1::{
    DryRunRequest, FieldCard, FieldPair, GetCatalogueRequest, GetIntegrationRequest,
    ListEmployeesRequest, NameTemplates, PipelineRule, RuleCondition, RuleNode, RuleNodes,
    RuleOperator, SetOldIntegrationRequest, SyncEmployeesRequest, TransferMethod,
    UpdateIntegrationRequest, dry_run_request, rule_node,
};
use integration_tests::calls::{reason, refused};
use tonic::Status;
use tonic_types::StatusExt;

use super::Office;

fn named(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|it| it.field_violations.clone());
    violations
        .unwrap_or_default()
        .into_iter()
        .map(|it| it.field)
        .collect()
}

fn condition(parameter: &str, values: &[&str]) -> RuleNode {
    let values = values.iter().map(|text| (*text).to_owned());
    RuleNode {
        node: Some(rule_node::Node::Condition(RuleCondition {
            parameter: parameter.into(),
            operator: RuleOperator::Contains.into(),
            values: values.collect(),
        })),
    }
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_by_its_field() {
    let office = Office::open().await;
    let mut wrong = office.draft(TransferMethod::Unspecified);
    wrong.name = String::new();
    wrong.filter = Some(condition("weather", &["rain"]));
    wrong.names = Some(NameTemplates {
        deal: "{{klient}}".into(),
        ..NameTemplates::default()
    });
    let refusal = office.create(wrong).await.expect_err("refused");
    let expected = [
        "integration.name",
        "integration.method",
        "integration.filter.condition.parameter",
        "integration.names.deal",
    ];
    assert_eq!(named(&refusal), expected);
    // What the CRM does not have.
    let mut gone = office.draft(TransferMethod::ContactAndDeal);
    gone.responsible_employee_id = types::UserId::generate().to_string();
    gone.pipeline_rules = vec![PipelineRule {
        condition: Some(condition("site", &["a"])),
        place: Some(api::sync::v1::DealPlace {
            pipeline_id: types::PipelineId::generate().to_string(),
            stage_id: String::new(),
        }),
    }];
    let refusal = office.create(gone).await.expect_err("refused");
    let expected = [
        "integration.pipeline_rules[0].place.pipeline_id",
        "integration.responsible_employee_id",
    ];
    assert_eq!(named(&refusal), expected);
    // Deeper than the documented six levels.
    let mut deep = office.draft(TransferMethod::ContactAndDeal);
    let nest = |inner| RuleNode {
        node: Some(rule_node::Node::All(RuleNodes { nodes: vec![inner] })),
    };
    deep.filter = Some((0..6).fold(condition("site", &["a"]), |inner, _| nest(inner)));
    assert_eq!(
        reason(&office.create(deep).await.expect_err("refused")),
        R::FilterTooDeep
    );
}

#[tokio::test]
async fn old_and_new_integrations_are_never_on_together() {
    let office = Office::open().await;
    let set_old = async |enabled| {
        let request = office.admin.ask(SetOldIntegrationRequest { enabled }).await;
        office.integrations().set_old_integration(request).await
    };
    set_old(true).await.expect("set");
    let draft = office.draft(TransferMethod::ContactAndDeal);
    assert_eq!(
        refused(office.create(draft.clone()).await).1,
        R::OldIntegrationEnabled
    );
    set_old(false).await.expect("set");
    office.create(draft).await.expect("created");
    assert_eq!(refused(set_old(true).await).1, R::IntegrationEnabled);
}

#[tokio::test]
async fn settings_change_by_version_and_tell_what_is_gone() {
    let office = Office::open().await;
    let second = super::pipeline(&office.admin, "Вторая").await;
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.default_place = Some(api::sync::v1::DealPlace {
        pipeline_id: second.id.clone(),
        stage_id: String::new(),
    });
    let made = office.create(draft).await.expect("created");
    let rename = |etag: &str| UpdateIntegrationRequest {
        integration: Some(api::sync::v1::Integration {
            id: made.id.clone(),
            name: "Другое".into(),
            etag: etag.into(),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".into()],
        }),
    };
    let update = async |etag: &str| {
        let request = office.admin.ask(rename(etag)).await;
        office.integrations().update_integration(request).await
    };
    let changed = update(&made.etag)
        .await
        .expect("changed")
        .into_inner()
        .integration;
    let changed = changed.expect("an integration");
    assert_eq!(
        (&changed.name[..], &changed.channels),
        ("Другое", &made.channels)
    );
    assert_eq!(refused(update(&made.etag).await).1, R::EtagMismatch);
    let delete = crm::DeletePipelineRequest {
        pipeline_id: second.id,
    };
    let delete = office.admin.ask(delete).await;
    let mut pipelines =
        crm::pipeline_service_client::PipelineServiceClient::new(office.admin.channel());
    pipelines.delete_pipeline(delete).await.expect("deleted");
    let get = GetIntegrationRequest {
        integration_id: made.id.clone(),
    };
    let get = office.admin.ask(get).await;
    let got = office
        .integrations()
        .get_integration(get)
        .await
        .expect("there")
        .into_inner();
    let problems = got.integration.expect("an integration").problems;
    assert_eq!(problems[0].field, "default_place.pipeline_id");
    // The defined fallback: the first pipeline.
    let written = office.connector.write("ivan", "1", "Здравствуйте").await;
    office.settled(&written.conversation_id, 1).await;
    assert_eq!(office.deals().await[0].pipeline_id, office.pipeline.id);
}

#[tokio::test]
async fn a_draft_is_tried_on_the_last_requests_and_compared() {
    let office = Office::open().await;
    let saved = office
        .create(office.draft(TransferMethod::ContactAndDeal))
        .await
        .expect("created");
    for chat in ["anna", "boris"] {
        let written = office
            .connector
            .write(chat, &format!("{chat}-1"), "Здравствуйте")
            .await;
        office.settled(&written.conversation_id, 1).await;
    }
    let dry_run = async |draft, requests| {
        let request = DryRunRequest {
            draft,
            requests: Some(requests),
        };
        let request = office.admin.ask(request).await;
        office
            .runs()
            .dry_run(request)
            .await
            .expect("tried")
            .into_inner()
    };
    let same = dry_run(Some(saved.clone()), dry_run_request::Requests::Last(10)).await;
    assert_eq!((same.results.len(), same.differing), (2, 0));
    let mut draft = saved.clone();
    draft.method = TransferMethod::UseUnsorted.into();
    let other = dry_run(Some(draft), dry_run_request::Requests::Last(10)).await;
    assert_eq!(other.differing, 2);
    // As it was when the requests came: then there was no contact.
    let plan = other.results[0].saved_plan.clone().expect("a plan");
    assert_eq!(plan.changes.len(), 3, "{plan:#?}");
    let by_number = dry_run_request::Requests::Conversation("1".into());
    let one = dry_run(None, by_number).await;
    assert_eq!((one.results.len(), one.results[0].plans.len()), (1, 1));
    // Nothing was done by it.
    assert_eq!(
        (office.contacts().await.len(), office.deals().await.len()),
        (2, 2)
    );
}

#[tokio::test]
async fn employees_are_synchronised_by_the_button() {
    let office = Office::open().await;
    let made = office
        .create(office.draft(TransferMethod::ContactAndDeal))
        .await
        .expect("created");
    office
        .admin
        .colleague("boris@office.example", api::identity::v1::Role::Manager)
        .await;
    let list = async || {
        let request = ListEmployeesRequest {
            integration_id: made.id.clone(),
        };
        let request = office.admin.ask(request).await;
        office
            .integrations()
            .list_employees(request)
            .await
            .expect("listed")
            .into_inner()
            .employees
    };
    assert_eq!(list().await, []);
    let synced = testkit::wait_for("both are known", async || {
        let request = SyncEmployeesRequest {
            integration_id: made.id.clone(),
        };
        let request = office.admin.ask(request).await;
        let synced = office
            .integrations()
            .sync_employees(request)
            .await
            .expect("done")
            .into_inner();
        (synced.employees == 2).then_some(synced)
    })
    .await;
    assert_eq!((synced.removed, list().await.len()), (0, 2));
}

#[tokio::test]
async fn pipelines_and_fields_added_in_the_crm_are_there_at_the_next_look() {
    let office = Office::open().await;
    let look = async || {
        let request = GetCatalogueRequest::default();
        let request = office.admin.ask(request).await;
        let catalogue = office.integrations().get_catalogue(request).await;
        let catalogue = catalogue.expect("told").into_inner();
        (catalogue.pipelines.len(), catalogue.fields.len())
    };
    assert_eq!(look().await, (1, 0));
    super::pipeline(&office.admin, "Вторая").await;
    let field = crm::CreateFieldRequest {
        field: Some(crm::Field {
            card_kind: crm::CardKind::Contact.into(),
            r#type: crm::FieldType::Number.into(),
            name: "Этаж".into(),
            ..crm::Field::default()
        }),
        request_id: String::new(),
    };
    let field = office.admin.ask(field).await;
    let mut fields = crm::field_service_client::FieldServiceClient::new(office.admin.channel());
    let field = fields
        .create_field(field)
        .await
        .expect("made")
        .into_inner()
        .field;
    assert_eq!(look().await, (2, 1));
    // It is no text field: pairing it is refused.
    let mut draft = office.draft(TransferMethod::ContactAndDeal);
    draft.fields = vec![FieldPair {
        card: FieldCard::Contact.into(),
        field_id: field.expect("a field").id,
        parameter: "site".into(),
    }];
    let refusal = office.create(draft).await.expect_err("refused");
    assert_eq!(named(&refusal), ["integration.fields[0].field_id"]);
}
