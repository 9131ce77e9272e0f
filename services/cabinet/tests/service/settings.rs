//! What administrators set.

use api::cabinet::v1::{
    CabinetCardKind, CabinetEventKind, CabinetSettings, DeleteLogoRequest, GetCabinetRequest,
    GetCabinetSettingsRequest, ShownField, ShownStatus, UploadLogoRequest,
};
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::{
    CardKind, CreateFieldRequest, CreatePipelineRequest, Field, FieldType, Pipeline, Stage,
};

use crate::world::{PUBLIC_URL, World, refusal, with};

impl World {
    pub async fn settings(&self) -> CabinetSettings {
        let request = with(&self.admin, GetCabinetSettingsRequest {});
        let reply = self.settings_of().get_cabinet_settings(request).await;
        reply.expect("answered").into_inner().settings.expect("it")
    }

    /// A pipeline with one working stage; its stages.
    pub async fn stages(&self) -> Vec<Stage> {
        let pipeline = Pipeline {
            name: "Продажи".to_owned(),
            stages: vec![Stage {
                name: "В работе".to_owned(),
                ..Stage::default()
            }],
            ..Pipeline::default()
        };
        let request = CreatePipelineRequest {
            pipeline: Some(pipeline),
            ..CreatePipelineRequest::default()
        };
        let made = PipelineServiceClient::new(self.crm.clone())
            .create_pipeline(with(&self.admin, request))
            .await;
        made.expect("made")
            .into_inner()
            .pipeline
            .expect("it")
            .stages
    }

    /// A field of the account's own; its id.
    pub async fn own_field(&self, kind: CardKind) -> String {
        let field = Field {
            card_kind: kind.into(),
            r#type: FieldType::Text.into(),
            name: "Размер".to_owned(),
            ..Field::default()
        };
        let request = CreateFieldRequest {
            field: Some(field),
            ..CreateFieldRequest::default()
        };
        let made = FieldServiceClient::new(self.crm.clone())
            .create_field(with(&self.admin, request))
            .await;
        made.expect("made").into_inner().field.expect("it").id
    }
}

fn status(stage_id: &str, name: &str) -> ShownStatus {
    ShownStatus {
        stage_id: stage_id.to_owned(),
        name: name.to_owned(),
        color: "#2e7d32".to_owned(),
    }
}

fn shown(card_kind: CabinetCardKind, field: &str, name: &str) -> ShownField {
    ShownField {
        card_kind: card_kind.into(),
        field: field.to_owned(),
        name: name.to_owned(),
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(width, height)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("encodes");
    bytes.into_inner()
}

#[tokio::test]
async fn the_cabinet_is_there_switched_off_with_its_link_and_texts_cab_24() {
    let world = World::start().await;
    let settings = world.settings().await;
    assert!(!settings.enabled);
    assert_eq!(
        settings.link,
        format!("{PUBLIC_URL}/cabinet/{}", settings.id)
    );
    assert!(settings.log_in_text.contains("{{code}}"));
    assert_eq!(world.settings().await, settings, "it stays the same one");
    let request = GetCabinetRequest {
        cabinet_id: settings.id.clone(),
    };
    let closed = world.sessions().get_cabinet(request).await;
    assert_eq!(
        refusal(closed),
        format!("CABINET_DISABLED {{cabinet_id={}}}", settings.id)
    );
}

#[tokio::test]
async fn switching_on_needs_a_provider_of_sms_cab_07() {
    let world = World::start().await;
    let on = || CabinetSettings {
        enabled: true,
        ..CabinetSettings::default()
    };
    assert_eq!(
        refusal(world.update(on(), "enabled").await),
        "SMS_PROVIDER_MISSING {}"
    );
    assert!(!world.settings().await.enabled);
}

#[tokio::test]
async fn switching_on_is_refused_on_a_small_plan_cab_05() {
    let world = World::start().await;
    world.identity.basic(world.account);
    let on = CabinetSettings {
        enabled: true,
        ..CabinetSettings::default()
    };
    assert_eq!(
        refusal(world.update(on, "enabled").await),
        "PLAN_INSUFFICIENT {plan=extended}"
    );
}

#[tokio::test]
async fn events_fields_and_statuses_are_kept_in_their_order_cab_13_cab_15_cab_21() {
    let world = World::start().await;
    let stages = world.stages().await;
    let own = world.own_field(CardKind::Deal).await;
    let wanted = CabinetSettings {
        shown_events: vec![
            CabinetEventKind::StatusChanged.into(),
            CabinetEventKind::DealCreated.into(),
        ],
        shown_fields: vec![
            shown(CabinetCardKind::Company, "phones", ""),
            shown(CabinetCardKind::Deal, &own, "Размер вашего заказа"),
            shown(CabinetCardKind::Deal, "price", "Сумма"),
        ],
        statuses_shown: true,
        statuses: vec![status(&stages[1].id, "Готовим"), status(&stages[0].id, "")],
        ..CabinetSettings::default()
    };
    let paths = "shown_events,shown_fields,statuses_shown,statuses";
    let stored = world.update(wanted.clone(), paths).await.expect("stored");
    assert_eq!(stored, world.settings().await);
    assert_eq!(stored.shown_events, wanted.shown_events);
    assert_eq!(stored.shown_fields, wanted.shown_fields);
    assert_eq!(stored.statuses, wanted.statuses);
    assert!(stored.statuses_shown);
    let unchanged = world.stages().await;
    assert_eq!(unchanged[1].name, "В работе", "the pipeline keeps its name");
}

#[tokio::test]
async fn a_status_can_be_added_once_cab_20() {
    let world = World::start().await;
    let stages = world.stages().await;
    let twice = CabinetSettings {
        statuses: vec![
            status(&stages[0].id, "А"),
            status(&stages[1].id, "Б"),
            status(&stages[0].id, "В"),
        ],
        ..CabinetSettings::default()
    };
    assert_eq!(
        refusal(world.update(twice, "statuses").await),
        "FIELD_INVALID {settings.statuses[2]}"
    );
}

#[tokio::test]
async fn what_the_account_does_not_have_is_refused() {
    let world = World::start().await;
    let of_contacts = world.own_field(CardKind::Contact).await;
    let foreign = types::StageId::generate().to_string();
    for (settings, path, wrong) in [
        (
            CabinetSettings {
                statuses: vec![status(&foreign, "")],
                ..CabinetSettings::default()
            },
            "statuses",
            "settings.statuses[0].stage_id",
        ),
        (
            CabinetSettings {
                shown_fields: vec![shown(CabinetCardKind::Deal, &of_contacts, "")],
                ..CabinetSettings::default()
            },
            "shown_fields",
            "settings.shown_fields[0].field",
        ),
        (
            CabinetSettings {
                shown_fields: vec![shown(CabinetCardKind::Deal, "phones", "")],
                ..CabinetSettings::default()
            },
            "shown_fields",
            "settings.shown_fields[0].field",
        ),
        (
            CabinetSettings {
                shown_events: vec![1, 2, 1],
                ..CabinetSettings::default()
            },
            "shown_events",
            "settings.shown_events[2]",
        ),
        (CabinetSettings::default(), "link", "update_mask"),
    ] {
        assert_eq!(
            refusal(world.update(settings, path).await),
            format!("FIELD_INVALID {{{wrong}}}")
        );
    }
}

#[tokio::test]
async fn a_text_of_an_sms_holds_the_code_in_seventy_characters_sms_03_sms_04() {
    let world = World::start().await;
    let text = |text: String| CabinetSettings {
        log_in_text: text,
        ..CabinetSettings::default()
    };
    let fits = text(format!("{}{{{{code}}}}", "я".repeat(62)));
    let stored = world.update(fits.clone(), "log_in_text").await;
    assert_eq!(stored.expect("stored").log_in_text, fits.log_in_text);
    for wrong in [
        format!("{}{{{{code}}}}", "я".repeat(63)),
        "Ваш код".to_owned(),
    ] {
        assert_eq!(
            refusal(world.update(text(wrong), "log_in_text").await),
            "FIELD_INVALID {settings.log_in_text}"
        );
    }
    let usual = world.update(text(String::new()), "log_in_text").await;
    assert!(usual.expect("stored").log_in_text.contains("{{code}}"));
}

#[tokio::test]
async fn the_switch_of_erasure_comes_with_its_warning_cab_38() {
    let world = World::start().await;
    let switch = |on| CabinetSettings {
        erasure_enabled: on,
        ..CabinetSettings::default()
    };
    let on = world.update(switch(true), "erasure_enabled").await;
    assert!(!on.expect("stored").erasure_warning.is_empty());
    let off = world.update(switch(false), "erasure_enabled").await;
    assert_eq!(off.expect("stored").erasure_warning, "");
}

#[tokio::test]
async fn a_logo_is_stored_replaced_and_taken_away_cab_09() {
    let world = World::start().await;
    let upload = async |png: Vec<u8>| {
        let request = with(&world.admin, UploadLogoRequest { png });
        let reply = world.settings_of().upload_logo(request).await?;
        Ok::<_, tonic::Status>(reply.into_inner().settings.expect("it"))
    };
    let first = upload(png(80, 40)).await.expect("stored").logo.expect("it");
    assert_eq!((first.width, first.height), (80, 40));
    let second = upload(png(800, 800))
        .await
        .expect("stored")
        .logo
        .expect("it");
    assert_ne!(first.url, second.url, "browsers fetch the new one");
    assert_eq!(refusal(upload(png(79, 40)).await), "FIELD_INVALID {png}");
    assert_eq!(world.settings().await.logo, Some(second));
    let request = with(&world.admin, DeleteLogoRequest {});
    let without = world.settings_of().delete_logo(request).await;
    let without = without.expect("deleted").into_inner().settings.expect("it");
    assert_eq!(without.logo, None);
}

#[tokio::test]
async fn a_change_of_an_older_version_is_refused() {
    let world = World::start().await;
    let before = world.settings().await;
    let titled = |title: &str| CabinetSettings {
        title: title.to_owned(),
        etag: before.etag.clone(),
        ..CabinetSettings::default()
    };
    world.update(titled("А"), "title").await.expect("stored");
    assert_eq!(
        refusal(world.update(titled("Б"), "title").await),
        "ETAG_MISMATCH {}"
    );
    assert_eq!(world.settings().await.title, "А");
}
