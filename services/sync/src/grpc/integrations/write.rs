//! Changing integrations. What settings name has to be there when they are saved; what goes away later is a problem that is told.

use api::sync::v1::{
    self as proto, CreateIntegrationRequest, CreateIntegrationResponse, DeleteIntegrationRequest,
    DeleteIntegrationResponse, UpdateIntegrationRequest, UpdateIntegrationResponse,
};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::{Once, hash};
use prost_types::FieldMask;
use rules::{Settings, Why, problems};
use tonic::Request;
use types::{AccountId, IntegrationId, PortalId};

use super::read::{existing, integration_id};
use crate::Error;
use crate::core::Core;
use crate::domain::integration::{Integration, MAX_INTEGRATIONS, etag_fits};
use crate::grpc::portals::{connected, stays_connected};
use crate::grpc::{By, enter, parse, wire};
use crate::store::integrations;

/// Where an integration may stand.
const POSITIONS: std::ops::RangeInclusive<i32> = 0..=1_000_000;

/// Adds one.
pub async fn create(
    core: &Core,
    request: Request<CreateIntegrationRequest>,
) -> Result<CreateIntegrationResponse, Error> {
    let (by, request) = enter(request)?;
    let mut fields = Fields::new();
    let wire = request.integration.clone().unwrap_or_default();
    let draft = draft(&mut fields, &wire)?;
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    if let Some(portal) = draft.portal {
        connected(core, &by, portal).await?;
    }
    check(core, &by, &draft, None).await?;
    let once = Once::new(&by.caller, "CreateIntegration", request_id, hash(&request))?;
    let (account, author, now) = (by.account(), by.author(), core.clock.now());
    let integration = Integration {
        id: IntegrationId::generate(),
        language: by.caller.language(),
        employee_sync_time: None,
        version: 1,
        create_time: now,
        update_time: now,
        ..draft.integration()
    };
    core.db
        .tx(by.scope, move |tx| {
            Box::pin(async move {
                if let Some(answer) = once.answered(tx).await?? {
                    return Ok(answer);
                }
                may_enable(tx, account, &integration).await?;
                if integrations::all(tx, account).await?.len() >= MAX_INTEGRATIONS {
                    return Err(Error::LimitReached(MAX_INTEGRATIONS));
                }
                integrations::insert(tx, account, &integration, &author).await?;
                let answer = CreateIntegrationResponse {
                    integration: Some(wire::integration(&integration)),
                };
                once.keep(tx, &answer).await?;
                Ok(answer)
            })
        })
        .await
}

/// What a request says of an integration.
struct Draft {
    settings: Settings,
    portal: Option<PortalId>,
    position: i32,
    daily_sync: bool,
}

impl Draft {
    fn integration(self) -> Integration {
        Integration {
            id: IntegrationId::from(uuid::Uuid::nil()),
            position: self.position,
            language: types::Language::En,
            portal: self.portal,
            settings: self.settings,
            daily_sync: self.daily_sync,
            employee_sync_time: None,
            version: 0,
            create_time: time::OffsetDateTime::UNIX_EPOCH,
            update_time: time::OffsetDateTime::UNIX_EPOCH,
        }
    }
}

fn draft(fields: &mut Fields, wire: &proto::Integration) -> Result<Draft, Refusal> {
    let settings = parse::settings(fields, wire)?;
    let portal = parse::target(fields, wire.target.as_ref());
    if !POSITIONS.contains(&wire.position) {
        fields.reject("integration.position", "must be 0 to 1,000,000");
    }
    Ok(Draft {
        settings,
        portal,
        position: wire.position,
        daily_sync: wire.daily_employee_sync,
    })
}

/// While the old integration is on, no new one can be (SYN-02, A-39); nor one without its portal (SYN-01).
async fn may_enable(tx: &mut Tx, account: AccountId, it: &Integration) -> Result<(), Error> {
    let old = integrations::lock_old(tx, account).await?;
    match it.portal {
        _ if !it.settings.enabled => Ok(()),
        _ if old => Err(Error::OldIntegrationEnabled),
        Some(portal) => stays_connected(tx, account, portal).await,
        None => Ok(()),
    }
}

/// Refuses what the CRM does not have, and fields that are no texts. What the settings named before, and has gone away since, is a
/// problem that is told: it keeps nobody from changing the rest.
async fn check(
    core: &Core,
    by: &By,
    draft: &Draft,
    before: Option<&Settings>,
) -> Result<(), Error> {
    let kept = before.map(|before| kept(before, &draft.settings));
    let kept = kept.unwrap_or_default();
    if kept.len() == 2 + draft.settings.pipeline_rules.len() + draft.settings.fields.len() {
        return Ok(());
    }
    let catalogue = core.fresh_catalogue(by.account(), draft.portal).await?;
    let mut fields = Fields::new();
    for problem in problems(&draft.settings, &catalogue) {
        if !kept.iter().any(|field| problem.field.starts_with(field)) {
            let field = format!("integration.{}", problem.field);
            fields.reject(&field, refusal(problem.reason.why));
        }
    }
    Ok(fields.finish()?)
}

/// The fields that name the same of the CRM as before.
fn kept(before: &Settings, now: &Settings) -> Vec<String> {
    let mut kept = Vec::new();
    if (&before.pipeline, &before.stage) == (&now.pipeline, &now.stage) {
        kept.push("default_place.".to_owned());
    }
    if before.responsible == now.responsible {
        kept.push("responsible_employee_id".to_owned());
    }
    for (place, rule) in now.pipeline_rules.iter().enumerate() {
        let mut known = before.pipeline_rules.iter();
        if known.any(|it| (&it.pipeline, &it.stage) == (&rule.pipeline, &rule.stage)) {
            kept.push(format!("pipeline_rules[{place}]."));
        }
    }
    for (place, pair) in now.fields.iter().enumerate() {
        let mut known = before.fields.iter();
        if known.any(|it| (it.card, &it.field) == (pair.card, &pair.field)) {
            kept.push(format!("fields[{place}]."));
        }
    }
    kept
}

/// Why something that settings name is refused.
fn refusal(why: Why) -> &'static str {
    match why {
        Why::PipelineGone | Why::RulePipelineGone => "names no pipeline of the CRM",
        Why::StageGone => "names no stage of the pipeline",
        Why::FieldGone => "names no additional field of such a card",
        Why::FieldNotText => "names a field that is no text: only texts can be filled",
        _ => "names no employee of the CRM who works",
    }
}

/// Can what settings name be looked at? An integration whose portal is not connected can still be switched off.
async fn may_check(core: &Core, by: &By, draft: &Draft) -> Result<bool, Error> {
    let Some(portal) = draft.portal else {
        return Ok(true);
    };
    match connected(core, by, portal).await {
        Ok(_) => Ok(true),
        Err(Error::PortalNotConnected(_)) if !draft.settings.enabled => Ok(false),
        Err(error) => Err(error),
    }
}

/// Changes one.
pub async fn update(
    core: &Core,
    request: Request<UpdateIntegrationRequest>,
) -> Result<UpdateIntegrationResponse, Error> {
    let (by, request) = enter(request)?;
    let given = request.integration.unwrap_or_default();
    let mut fields = Fields::new();
    let id: Option<IntegrationId> = fields.id("integration.id", &given.id);
    fields.finish()?;
    // Without an id the request was refused.
    let id = id.unwrap_or_else(IntegrationId::generate);
    let before = existing(core, &by, id).await?;
    let wanted = etag_of(&given, before.version);
    let mut fields = Fields::new();
    if given.target.is_some() && parse::target(&mut fields, given.target.as_ref()) != before.portal
    {
        fields.reject("integration.target", "is fixed at creation");
    }
    let merged = merged(wire::integration(&before), given, request.update_mask)?;
    let draft = Draft {
        portal: before.portal,
        ..draft(&mut fields, &merged)?
    };
    fields.finish()?;
    if may_check(core, &by, &draft).await? {
        check(core, &by, &draft, Some(&before.settings)).await?;
    }
    let (account, author, now) = (by.account(), by.author(), core.clock.now());
    let changed = core.db.tx(by.scope, move |tx| {
        Box::pin(async move {
            let drafted = draft.integration();
            may_enable(tx, account, &drafted).await?;
            let found = integrations::get(tx, account, id, true).await?;
            let found = found.ok_or(Error::IntegrationNotFound(id))?;
            if !etag_fits(&wanted, found.version) {
                return Err(Error::EtagMismatch);
            }
            let changed = Integration {
                position: drafted.position,
                settings: drafted.settings,
                daily_sync: drafted.daily_sync,
                version: found.version + 1,
                update_time: now,
                ..found
            };
            integrations::update(tx, account, &changed, &author).await?;
            Ok(changed)
        })
    });
    let changed: Integration = changed.await?;
    Ok(UpdateIntegrationResponse {
        integration: Some(wire::integration(&changed)),
    })
}

/// The version that may be changed: what the request says, else the one that the rest was merged with.
fn etag_of(given: &proto::Integration, version: i64) -> String {
    if given.etag.is_empty() {
        crate::domain::integration::etag(version)
    } else {
        given.etag.clone()
    }
}

/// The integration with the fields that the mask names, or all, as they are given.
fn merged(
    before: proto::Integration,
    given: proto::Integration,
    mask: Option<FieldMask>,
) -> Result<proto::Integration, Refusal> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Ok(given);
    }
    let mut merged = before;
    for path in &paths {
        match &path[..] {
            "name" => merged.name.clone_from(&given.name),
            "enabled" => merged.enabled = given.enabled,
            "position" => merged.position = given.position,
            "exclusive" => merged.exclusive = given.exclusive,
            "channels" => merged.channels.clone_from(&given.channels),
            "method" => merged.method = given.method,
            "filter" => merged.filter.clone_from(&given.filter),
            "tasks" => merged.tasks = given.tasks,
            "tags" => merged.tags.clone_from(&given.tags),
            "names" => merged.names.clone_from(&given.names),
            "default_place" => merged.default_place.clone_from(&given.default_place),
            "pipeline_rules" => merged.pipeline_rules.clone_from(&given.pipeline_rules),
            "responsible_employee_id" => {
                merged
                    .responsible_employee_id
                    .clone_from(&given.responsible_employee_id);
            }
            "daily_employee_sync" => merged.daily_employee_sync = given.daily_employee_sync,
            "fields" => merged.fields.clone_from(&given.fields),
            _ => {
                let problem = format!("\"{path}\" is no field that can be changed");
                return Err(Refusal::field("update_mask", problem));
            }
        }
    }
    Ok(merged)
}

/// Deletes one.
pub async fn delete(
    core: &Core,
    request: Request<DeleteIntegrationRequest>,
) -> Result<DeleteIntegrationResponse, Error> {
    let (by, request) = enter(request)?;
    let id = integration_id(&request.integration_id)?;
    let (account, etag) = (by.account(), request.etag);
    let deleted = core.db.tx(by.scope, move |tx| {
        Box::pin(async move {
            let found = integrations::get(tx, account, id, true).await?;
            let found = found.ok_or(Error::IntegrationNotFound(id))?;
            if !etag_fits(&etag, found.version) {
                return Err(Error::EtagMismatch);
            }
            Ok(integrations::delete(tx, account, id).await?)
        })
    });
    deleted.await?;
    Ok(DeleteIntegrationResponse {})
}
