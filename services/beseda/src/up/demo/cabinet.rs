//! The demo account's cabinet: its clients log in with codes that the log shows.

use anyhow::bail;
use api::cabinet::v1::cabinet_settings_service_client::CabinetSettingsServiceClient;
use api::cabinet::v1::sms_service_client::SmsServiceClient;
use api::cabinet::v1::{
    CabinetCardKind as Card, CabinetEventKind as Event, CabinetSettings, CreateSmsProviderRequest,
    GetCabinetSettingsRequest, ShownField, ShownStatus, SmsProvider, UpdateCabinetSettingsRequest,
};
use api::crm::v1::Pipeline;
use prost_types::FieldMask;
use tonic::Code;
use tonic::transport::Channel;
use types::Clock;

use super::{PATIENCE, STEP, said, with};

const TITLE: &str = "Окна «Беседа»";
/// Writes SMS to the log.
const PROVIDER: &str = "outbox";
/// Of the pipeline's stages, in their order.
const COLORS: [&str; 6] = [
    "#90a4ae", "#f9a825", "#1565c0", "#6a1b9a", "#2e7d32", "#c62828",
];
const CHANGED: [&str; 8] = [
    "enabled",
    "title",
    "shown_events",
    "shown_fields",
    "statuses_shown",
    "statuses",
    "erasure_enabled",
    "sms_provider_ids",
];

/// Switches it on, where nobody has chosen anything yet; its id.
pub async fn seed(cabinet: &Channel, token: &str, pipeline: &Pipeline) -> anyhow::Result<String> {
    let mut settings = CabinetSettingsServiceClient::new(cabinet.clone());
    let request = with(token, GetCabinetSettingsRequest {});
    let known = settings.get_cabinet_settings(request).await.map_err(said)?;
    let known = known.into_inner().settings.unwrap_or_default();
    if known.enabled || !known.sms_provider_ids.is_empty() {
        return Ok(known.id);
    }
    let provider = SmsProvider {
        widget_key: PROVIDER.to_owned(),
        ..SmsProvider::default()
    };
    let request = CreateSmsProviderRequest {
        sms_provider: Some(provider),
        request_id: types::new_uuid().to_string(),
    };
    let made = SmsServiceClient::new(cabinet.clone())
        .create_sms_provider(with(token, request))
        .await
        .map_err(said)?;
    let provider = made.into_inner().sms_provider.unwrap_or_default().id;
    let request = UpdateCabinetSettingsRequest {
        settings: Some(shown(pipeline, provider)),
        update_mask: Some(FieldMask {
            paths: CHANGED.map(str::to_owned).to_vec(),
        }),
    };
    for _ in 0..PATIENCE {
        let changed = settings.update_cabinet_settings(with(token, request.clone()));
        match changed.await {
            Ok(reply) => return Ok(reply.into_inner().settings.unwrap_or_default().id),
            Err(status) if status.code() == Code::Unavailable => Clock::system().sleep(STEP).await,
            Err(status) => return Err(said(status)),
        }
    }
    bail!("the cabinet's connector did not register itself; the log above may say why")
}

/// Everything that a cabinet can show.
fn shown(pipeline: &Pipeline, provider: String) -> CabinetSettings {
    let field = |card: Card, field: &str, name: &str| ShownField {
        card_kind: card.into(),
        field: field.to_owned(),
        name: name.to_owned(),
    };
    let statuses = pipeline.stages.iter().zip(COLORS);
    let events = [
        Event::DealCreated,
        Event::FieldChanged,
        Event::StatusChanged,
        Event::ResponsibleChanged,
        Event::TaskAdded,
        Event::TaskCompleted,
        Event::Call,
    ];
    CabinetSettings {
        enabled: true,
        title: TITLE.to_owned(),
        shown_events: events.map(Into::into).to_vec(),
        shown_fields: vec![
            field(Card::Deal, "price", "Стоимость"),
            field(Card::Contact, "name", ""),
            field(Card::Contact, "phones", ""),
        ],
        statuses_shown: true,
        statuses: statuses
            .map(|(stage, color)| ShownStatus {
                stage_id: stage.id.clone(),
                name: String::new(),
                color: color.to_owned(),
            })
            .collect(),
        erasure_enabled: true,
        sms_provider_ids: vec![provider],
        ..CabinetSettings::default()
    }
}
