//! Settings of integrations that transfer to a portal (SYN-03, SYN-04).

use api::error::v1::ErrorReason;
use api::sync::v1::{
    DealPlace, GetCatalogueRequest, GetIntegrationRequest, Integration, ListEmployeesRequest,
    NamedThing, PreviewNameRequest, RequestTag, RunState, SyncEmployeesRequest,
    UpdateIntegrationRequest,
};
use kit::refusal::reason_of;
use prost_types::FieldMask;
use serde_json::json;
use tonic_types::StatusExt;
use types::PortalId;

use super::office::{Office, hello, to_portal};

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_is_bound_to_one_portal_that_is_connected() {
    let office = Office::open().await;
    let unknown = PortalId::generate().to_string();
    let refused = office.create(office.draft(&unknown)).await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason_of(&refused), Some(ErrorReason::PortalNotFound));
    let portal = office.connect().await.expect("connected");
    let made = office.create(office.draft(&portal.id)).await;
    let made = made.expect("created");
    assert_eq!(made.target, Some(to_portal(&portal.id)));
    let moved = UpdateIntegrationRequest {
        integration: Some(Integration {
            target: Some(to_portal(&unknown)),
            ..made
        }),
        update_mask: None,
    };
    let mut integrations = office.integrations().await;
    let refused = integrations.update_integration(office.ask(moved)).await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason_of(&refused), Some(ErrorReason::FieldInvalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_fields_and_employees_are_the_portals() {
    let (office, integration) = Office::with(|_| ()).await;
    let mut integrations = office.integrations().await;
    let told = integrations.get_catalogue(office.ask(GetCatalogueRequest {
        integration_id: integration.id.clone(),
        ..Default::default()
    }));
    let told = told.await.expect("told").into_inner();
    let names: Vec<_> = told.pipelines.iter().map(|it| &it.name[..]).collect();
    assert_eq!(names, ["Продажи", "Сервис"], "in the portal's order");
    let stages = told.pipelines[0].stages.iter();
    let stages: Vec<_> = stages.map(|it| (&it.id[..], it.r#final)).collect();
    assert_eq!(
        stages,
        [("11", false), ("12", false), ("142", true), ("143", true)]
    );
    let texts = told.fields.iter().filter(|it| it.text);
    let texts: Vec<_> = texts.map(|it| &it.name[..]).collect();
    assert_eq!(texts, ["Город", "Кампания"], "without the mark of Beseda");
    let synced = integrations.sync_employees(office.ask(SyncEmployeesRequest {
        integration_id: integration.id.clone(),
    }));
    assert_eq!(
        synced.await.expect("synchronised").into_inner().employees,
        3
    );
    let listed = integrations.list_employees(office.ask(ListEmployeesRequest {
        integration_id: integration.id,
    }));
    let listed = listed.await.expect("listed").into_inner().employees;
    let active: Vec<_> = listed.iter().map(|it| (&it.name[..], it.active)).collect();
    assert_eq!(active, [("Анна", true), ("Борис", true), ("Вера", false)]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_away_in_the_portal_is_told_and_has_a_fallback() {
    let (office, integration) = Office::with(|draft| {
        draft.default_place = Some(DealPlace {
            pipeline_id: "1".into(),
            stage_id: "12".into(),
        });
        draft.responsible_employee_id = "502".into();
    })
    .await;
    // The plan of the first request is made while all is there, and what it names goes away before it is done.
    office.write(&hello("anna")).await;
    office.settled(1).await;
    {
        let mut state = office.fake.state();
        let pipeline = state.pipelines.iter_mut().find(|it| it["id"] == 1);
        let statuses = &mut pipeline.expect("a pipeline")["_embedded"]["statuses"];
        statuses
            .as_array_mut()
            .expect("a list")
            .retain(|it| it["id"] != 12);
        state.users[1]["rights"]["is_active"] = json!(false);
    }
    office.write(&hello("ivan")).await;
    let runs = office.settled(2).await;
    assert_eq!(runs[1].state(), RunState::Done, "{runs:#?}");
    let lead = office.fake.state().leads.values().last().cloned();
    let lead = lead.expect("a deal");
    assert_eq!(
        (&lead["status_id"], &lead["responsible_user_id"]),
        (&json!(11), &json!(501))
    );
    let mut integrations = office.integrations().await;
    let made_id = integration.id;
    let shown = integrations.get_integration(office.ask(GetIntegrationRequest {
        integration_id: made_id.clone(),
    }));
    let shown = shown.await.expect("shown").into_inner().integration;
    let problems = shown.expect("an integration").problems;
    let fields: Vec<_> = problems.iter().map(|it| &it.field[..]).collect();
    assert_eq!(
        fields,
        ["default_place.stage_id", "responsible_employee_id"]
    );
    // What dangles keeps nobody from changing the rest; what is named anew has to be there.
    let id = made_id;
    let change = |path: &str, changed: Integration| UpdateIntegrationRequest {
        integration: Some(Integration {
            id: id.clone(),
            ..changed
        }),
        update_mask: Some(FieldMask {
            paths: vec![path.to_owned()],
        }),
    };
    let name = Integration {
        name: "Сайт".into(),
        ..Integration::default()
    };
    let renamed = integrations.update_integration(office.ask(change("name", name)));
    renamed.await.expect("renamed");
    let gone = Integration {
        responsible_employee_id: "503".into(),
        ..Integration::default()
    };
    let gone = change("responsible_employee_id", gone);
    let refused = integrations.update_integration(office.ask(gone)).await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason_of(&refused), Some(ErrorReason::FieldInvalid));
    let off = change("enabled", Integration::default());
    let off = integrations.update_integration(office.ask(off)).await;
    off.expect("switched off");
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_are_not_on_the_fixed_list_are_refused() {
    let office = Office::open().await;
    let portal = office.connect().await.expect("connected");
    let mut draft = office.draft(&portal.id);
    draft.tags = vec![RequestTag::Site.into(), 99, RequestTag::Unspecified.into()];
    let refused = office.create(draft).await.expect_err("refused");
    assert_eq!(reason_of(&refused), Some(ErrorReason::FieldInvalid));
    let details = refused.get_details_bad_request().expect("fields");
    let fields = details.field_violations.into_iter().map(|it| it.field);
    let fields: Vec<String> = fields.collect();
    assert_eq!(fields, ["integration.tags[1]", "integration.tags[2]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_shown_before_they_are_kept_and_an_empty_one_is_the_default() {
    let office = Office::open().await;
    let mut integrations = office.integrations().await;
    let mut shown = async |template: &str| {
        let request = PreviewNameRequest {
            thing: NamedThing::Deal.into(),
            template: template.to_owned(),
            facts: [("client_name", "Иван"), ("utm_campaign", "весна")]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
        };
        let shown = integrations.preview_name(office.ask(request)).await;
        shown.map(|shown| {
            let shown = shown.into_inner();
            (shown.name, shown.template)
        })
    };
    let own = "{{client_name}}: {{utm_campaign}}";
    let (name, template) = shown(own).await.expect("shown");
    assert_eq!((&name[..], &template[..]), ("Иван: весна", own));
    let (name, template) = shown("").await.expect("shown");
    assert!(template.contains("{{") && !name.contains("{{"), "{name}");
    let refused = shown("{{klient}}").await.expect_err("refused");
    assert_eq!(reason_of(&refused), Some(ErrorReason::FieldInvalid));
}
