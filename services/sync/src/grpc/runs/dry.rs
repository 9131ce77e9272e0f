//! DryRun: what integrations would do, without doing it.

use std::collections::BTreeMap;

use api::sync::v1::dry_run_request::Requests;
use api::sync::v1::{
    self as proto, ChatOccasion, DescribedRequest, DryRunRequest, DryRunResponse, DryRunResult,
};
use kit::time::to_proto;
use kit::validate::Fields;
use rules::{Before, Contact, Known, Occasion, OpenDeal, Plan, Request, Settings};
use types::{IntegrationId, Language, PortalId};

use super::list::Conversation;
use crate::Error;
use crate::core::Core;
use crate::domain::client::{Asked, Client};
use crate::domain::integration::Integration;
use crate::domain::said::Said;
use crate::grpc::portals::connected;
use crate::grpc::{By, enter, parse, wire};
use crate::store::{integrations, requests, runs};
use crate::target::Question;

/// How many real requests can be tried at once.
const LAST: std::ops::RangeInclusive<i32> = 1..=200;

/// One request to try, and what is known of its client by integration; absent: it is asked.
struct Case {
    asked: Option<Asked>,
    request: Request,
    known: Knowledge,
}

/// What is known of the client.
enum Knowledge {
    /// For every integration the same.
    Described(Known),
    /// As it was when the request was handled, and else as it is now.
    Stored(BTreeMap<IntegrationId, Known>),
}

/// An integration to try: a saved one, or a draft.
struct Tried {
    id: Option<IntegrationId>,
    portal: Option<PortalId>,
    settings: Settings,
    language: Language,
}

impl Tried {
    fn of(saved: &Integration) -> Self {
        Self {
            id: Some(saved.id),
            portal: saved.portal,
            settings: saved.settings.clone(),
            language: saved.language,
        }
    }

    fn wire(&self, plan: &Plan, by: &By) -> proto::Plan {
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        wire::plan(plan, (&id, &self.settings.name), by.caller.language())
    }
}

pub async fn dry_run(
    core: &Core,
    request: tonic::Request<DryRunRequest>,
) -> Result<DryRunResponse, Error> {
    let (by, request) = enter(request)?;
    let draft = draft(&by, request.draft.as_ref())?;
    let saved = saved(core, &by).await?;
    let cases = cases(core, &by, request.requests).await?;
    let mut response = DryRunResponse::default();
    for case in &cases {
        let result = match &draft {
            None => all(core, &by, case, &saved).await?,
            Some(draft) => compared(core, &by, case, draft, &saved).await?,
        };
        response.differing += i32::from(result.differs);
        response.results.push(result);
    }
    Ok(response)
}

fn draft(by: &By, draft: Option<&proto::Integration>) -> Result<Option<Tried>, Error> {
    let Some(draft) = draft else { return Ok(None) };
    let mut fields = Fields::new();
    let id = fields.optional_id("draft.id", &draft.id);
    // A draft is tried as if it were on.
    let on = proto::Integration {
        enabled: false,
        ..draft.clone()
    };
    let mut settings = parse::settings(&mut fields, &on)?;
    let portal = parse::target(&mut fields, draft.target.as_ref());
    fields.finish()?;
    settings.enabled = true;
    let language = by.caller.language();
    Ok(Some(Tried {
        id,
        portal,
        settings,
        language,
    }))
}

async fn saved(core: &Core, by: &By) -> Result<Vec<Integration>, Error> {
    let account = by.account();
    let all = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(integrations::all(tx, account).await?) })
    });
    all.await
}

async fn cases(core: &Core, by: &By, requests: Option<Requests>) -> Result<Vec<Case>, Error> {
    let mut fields = Fields::new();
    let asked = match requests {
        Some(Requests::Described(it)) => {
            let case = described(&mut fields, &it);
            fields.finish()?;
            return Ok(vec![case]);
        }
        Some(Requests::Conversation(text)) => {
            let named = Conversation::parse(&mut fields, "conversation", &text);
            fields.finish()?;
            let found = of_conversation(core, by, named).await?;
            vec![found.ok_or(Error::RequestNotFound(text))?]
        }
        Some(Requests::Last(many)) => {
            if !LAST.contains(&many) {
                fields.reject("last", "must be 1 to 200");
            }
            fields.finish()?;
            last(core, by, i64::from(many)).await?
        }
        None => {
            fields.reject("requests", "must be given");
            fields.finish()?;
            Vec::new()
        }
    };
    let mut cases = Vec::new();
    for asked in asked {
        cases.push(real(core, by, asked).await?);
    }
    Ok(cases)
}

fn described(fields: &mut Fields, it: &DescribedRequest) -> Case {
    let facts = parse::facts(fields, "described.facts", &it.facts);
    let occasion = match fields.known::<ChatOccasion>("described.occasion", it.occasion) {
        Some(ChatOccasion::Closed) => Occasion::Closed,
        Some(ChatOccasion::Active) => Occasion::Active,
        Some(ChatOccasion::New | ChatOccasion::Unspecified) | None => Occasion::New,
    };
    let deal = &it.open_deal_pipeline_id;
    let known = it.client_known || !deal.is_empty() || it.open_task;
    let contact = known.then(|| Contact {
        id: "contact".to_owned(),
        responsible: String::new(),
    });
    let open = (!deal.is_empty()).then(|| OpenDeal {
        id: "deal".to_owned(),
        pipeline: deal.clone(),
    });
    Case {
        asked: None,
        request: Request::new(facts, occasion, false),
        known: Knowledge::Described(Known {
            contact,
            open_deals: open.into_iter().collect(),
            open_task: it.open_task,
            ..Known::default()
        }),
    }
}

async fn of_conversation(
    core: &Core,
    by: &By,
    named: Option<Conversation>,
) -> Result<Option<Asked>, Error> {
    let account = by.account();
    let found = core.db.tx(by.scope, move |tx| {
        Box::pin(async move {
            Ok::<_, Error>(match named {
                Some(Conversation::Id(id)) => requests::get(tx, account, id).await?,
                Some(Conversation::Number(number)) => {
                    requests::numbered(tx, account, number).await?
                }
                None => None,
            })
        })
    });
    found.await
}

async fn last(core: &Core, by: &By, many: i64) -> Result<Vec<Asked>, Error> {
    let account = by.account();
    let last = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(requests::last(tx, account, many).await?) })
    });
    last.await
}

/// A request that was made: as it was handled then, where a run tells.
async fn real(core: &Core, by: &By, asked: Asked) -> Result<Case, Error> {
    let (account, message) = (by.account(), asked.first_message);
    let runs = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(runs::of_message(tx, account, message).await?) })
    });
    let runs = runs.await?;
    let request = match runs.first() {
        Some(run) => run.request.clone(),
        None => asked.request(&asked.facts, Occasion::New),
    };
    let known = runs.into_iter().map(|run| (run.integration, run.known));
    Ok(Case {
        asked: Some(asked),
        request,
        known: Knowledge::Stored(known.collect()),
    })
}

async fn plan(
    core: &Core,
    by: &By,
    case: &Case,
    tried: &Tried,
    before: Before<'_>,
) -> Result<(Plan, bool), Error> {
    if let Some(portal) = tried.portal {
        connected(core, by, portal).await?;
    }
    let catalogue = core.catalogue(by.account(), tried.portal).await?;
    let known = match (&case.known, &case.asked) {
        (Knowledge::Described(known), _) => known.clone(),
        (Knowledge::Stored(stored), asked) => {
            let stored = tried.id.and_then(|id| stored.get(&id));
            match (stored, asked) {
                (Some(known), _) => known.clone(),
                (None, Some(asked)) => {
                    let client = Client::of(by.account(), asked, &asked.facts);
                    let question = Question {
                        integration: tried.id,
                        occasion: case.request.occasion,
                        with_tasks: tried.settings.tasks.is_some(),
                    };
                    let target = core.target(by.account(), tried.portal);
                    target.look_up(&client, &question).await?
                }
                (None, None) => Known::default(),
            }
        }
    };
    let (settings, request) = (&tried.settings, &case.request);
    let plan = rules::plan(
        settings,
        request,
        &known,
        &catalogue,
        before,
        tried.language,
    );
    Ok((plan, known.contact.is_some()))
}

fn result(case: &Case) -> DryRunResult {
    let asked = case.asked.as_ref();
    DryRunResult {
        conversation_id: asked
            .map(|it| it.conversation.to_string())
            .unwrap_or_default(),
        conversation_number: asked.map(|it| it.number).unwrap_or_default(),
        request_time: asked.map(|it| to_proto(it.create_time)),
        ..DryRunResult::default()
    }
}

/// The plans of the saved integrations, in their order.
async fn all(
    core: &Core,
    by: &By,
    case: &Case,
    saved: &[Integration],
) -> Result<DryRunResult, Error> {
    let (mut result, mut said) = (result(case), Said::default());
    for integration in saved {
        let tried = Tried::of(integration);
        let before = said.before(integration.portal);
        let (plan, is_known) = plan(core, by, case, &tried, before).await?;
        said.note(integration, &plan, is_known);
        result.plans.push(tried.wire(&plan, by));
    }
    Ok(result)
}

/// The plan of a draft, and how it differs from that of the settings that are saved under its id.
async fn compared(
    core: &Core,
    by: &By,
    case: &Case,
    draft: &Tried,
    saved: &[Integration],
) -> Result<DryRunResult, Error> {
    let mut result = result(case);
    let (drafted, _) = plan(core, by, case, draft, Before::default()).await?;
    result.plans.push(draft.wire(&drafted, by));
    let Some(id) = draft.id else {
        return Ok(result);
    };
    let known = saved.iter().find(|it| it.id == id);
    let tried = Tried::of(known.ok_or(Error::IntegrationNotFound(id))?);
    let (as_saved, _) = plan(core, by, case, &tried, Before::default()).await?;
    result.differs = as_saved.changes != drafted.changes;
    result.saved_plan = Some(tried.wire(&as_saved, by));
    Ok(result)
}
