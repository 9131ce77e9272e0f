//! One job: a message, which every integration is asked about in order, or a run that is tried again.

use std::time::Duration;

use pg::{Error, SystemScope, Tx};
use rules::{Before, Occasion, Plan, Request};
use types::{AccountId, MessageId, RunId};

use crate::core::Core;
use crate::domain::client::{Asked, Client};
use crate::domain::fault::Fault;
use crate::domain::integration::Integration;
use crate::domain::run::{Run, State, steps};
use crate::domain::said::Said;
use crate::store::jobs::{self, Claim, Job};
use crate::store::{integrations, requests, runs};
use crate::target::{Due, Journal, Question};

/// How often a plan is made anew before the run fails.
const REPLANS: i32 = 3;
/// How long a worker has a client after it kept that it asks the CRM for something: longer than a CRM may take to answer.
const HOLD: Duration = Duration::from_secs(25);

/// What became of a job.
pub enum Outcome {
    /// There is no more to do about it.
    Done,
    /// The CRM does not answer: it and the client's later jobs wait.
    Wait(String),
}

/// What a job is about.
struct Task {
    account: AccountId,
    claim: Claim,
    asked: Asked,
    client: Client,
    due: Due,
}

/// What is stored about a job.
pub struct Loaded {
    asked: Option<Asked>,
    integrations: Vec<Integration>,
    runs: Vec<Run>,
}

/// Does a job.
///
/// # Errors
/// When the database fails.
pub async fn process(
    core: &Core,
    claim: &Claim,
    job: &Job,
    stored: Loaded,
) -> Result<Outcome, Error> {
    // Deleted by age: whoever asked has waited for a month.
    let Some(asked) = stored.asked else {
        return Ok(Outcome::Done);
    };
    let task = Task {
        account: claim.account,
        claim: claim.clone(),
        client: Client::of(claim.account, &asked, &job.facts),
        asked,
        due: Due {
            message_time: job.message_time,
        },
    };
    let mut runs = stored.runs;
    if job.is_rerun {
        return match runs.pop() {
            Some(run) => execute(core, &task, run, &stored.integrations).await,
            None => Ok(Outcome::Done),
        };
    }
    message(core, &task, job, &stored.integrations, runs).await
}

/// What is stored about a job.
///
/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, account: AccountId, job: &Job) -> Result<Loaded, Error> {
    let runs = if job.is_rerun {
        let run = runs::get(tx, account, RunId::from(job.id), false).await?;
        run.into_iter().collect()
    } else {
        runs::of_message(tx, account, MessageId::from(job.id)).await?
    };
    Ok(Loaded {
        asked: requests::get(tx, account, job.conversation).await?,
        integrations: integrations::all(tx, account).await?,
        runs,
    })
}

/// Asks every integration about a message, in order.
async fn message(
    core: &Core,
    task: &Task,
    job: &Job,
    all: &[Integration],
    runs: Vec<Run>,
) -> Result<Outcome, Error> {
    let request = task.asked.request(&job.facts, job.occasion);
    let mut said = Said::default();
    for integration in all.iter().filter(|it| it.settings.enabled) {
        let known = runs.iter().find(|run| run.integration == integration.id);
        let run = match known {
            Some(run) => run.clone(),
            None => {
                let before = said.before(integration.portal);
                match plan(core, task, integration, &request, before).await {
                    Ok(drafted) => drafted.run(task, job, integration, core),
                    Err(fault) => return Ok(Outcome::Wait(fault.to_string())),
                }
            }
        };
        said.note(integration, &run.plan, run.known.contact.is_some());
        if known.is_none() && is_worth_telling(&run, job.occasion) {
            insert(core, task.account, run.clone()).await?;
        }
        if let Outcome::Wait(why) = execute(core, task, run, all).await? {
            return Ok(Outcome::Wait(why));
        }
    }
    Ok(Outcome::Done)
}

/// A message that goes on with an open conversation and changes nothing leaves no run.
fn is_worth_telling(run: &Run, occasion: Occasion) -> bool {
    occasion != Occasion::Active || !run.steps.is_empty()
}

/// A plan and what it was made from.
struct Draft {
    plan: Plan,
    known: rules::Known,
    request: Request,
}

impl Draft {
    fn run(self, task: &Task, job: &Job, integration: &Integration, core: &Core) -> Run {
        let now = core.clock.now();
        let steps = steps(&self.plan);
        Run {
            id: RunId::generate(),
            integration: integration.id,
            integration_name: integration.settings.name.clone(),
            portal: integration.portal,
            conversation: task.asked.conversation,
            number: task.asked.number,
            message: MessageId::from(job.id),
            client_key: task.asked.client_key.clone(),
            client_name: task.client.name.clone(),
            state: if steps.is_empty() {
                State::Nothing
            } else {
                State::Pending
            },
            problem: String::new(),
            attempts: 0,
            settings_version: integration.version,
            request: self.request,
            known: self.known,
            plan: self.plan,
            steps,
            create_time: now,
            update_time: now,
        }
    }
}

async fn plan(
    core: &Core,
    task: &Task,
    integration: &Integration,
    request: &Request,
    before: Before<'_>,
) -> Result<Draft, Fault> {
    let (account, portal) = (task.account, integration.portal);
    let catalogue = core.catalogue(account, portal).await?;
    let question = Question {
        integration: Some(integration.id),
        occasion: request.occasion,
        with_tasks: integration.settings.tasks.is_some(),
    };
    let target = core.target(account, portal);
    let known = target.look_up(&task.client, &question).await?;
    let (settings, language) = (&integration.settings, integration.language);
    Ok(Draft {
        plan: rules::plan(settings, request, &known, &catalogue, before, language),
        known,
        request: request.clone(),
    })
}

async fn insert(core: &Core, account: AccountId, run: Run) -> Result<(), Error> {
    let kept = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
        Box::pin(async move { runs::insert(tx, account, &run).await })
    });
    kept.await
}

/// Does what is not done of a run.
async fn execute(
    core: &Core,
    task: &Task,
    mut run: Run,
    all: &[Integration],
) -> Result<Outcome, Error> {
    let (target, journal) = (core.target(task.account, run.portal), Kept { core, task });
    while run.state == State::Pending {
        run.attempts += 1;
        let outcome = target
            .apply(&task.client, &mut run, &task.due, &journal)
            .await;
        run.update_time = core.clock.now();
        let mut wait = None;
        match outcome {
            Ok(()) => {
                (run.state, run.problem) = (State::Done, String::new());
                metrics::counter!("beseda_rules_runs_total", "outcome" => "done").increment(1);
            }
            Err(Fault::Unavailable(why)) => {
                run.problem.clone_from(&why);
                wait = Some(why);
            }
            Err(Fault::Stale(why)) => match replan(core, task, &mut run, all).await {
                Ok(true) => {}
                Ok(false) => fail(&mut run, why),
                Err(fault) => wait = Some(fault.to_string()),
            },
            Err(Fault::Refused(why)) => fail(&mut run, why),
        }
        if !keep(core, task, &run, Duration::ZERO).await? {
            return Ok(Outcome::Wait("another worker goes on".to_owned()));
        }
        if let Some(why) = wait {
            return Ok(Outcome::Wait(why));
        }
    }
    Ok(Outcome::Done)
}

fn fail(run: &mut Run, why: String) {
    metrics::counter!("beseda_rules_runs_total", "outcome" => "failed").increment(1);
    tracing::warn!(run.id = %run.id, why, "a run failed; RerunRun tries it again");
    (run.state, run.problem) = (State::Failed, why);
}

/// Plans a run anew that nothing was done of, with what is there now; false where that is not possible.
async fn replan(
    core: &Core,
    task: &Task,
    run: &mut Run,
    all: &[Integration],
) -> Result<bool, Fault> {
    let integration = all.iter().find(|it| it.id == run.integration);
    let Some(integration) = integration.filter(|_| run.is_untouched() && run.attempts < REPLANS)
    else {
        return Ok(false);
    };
    core.fresh_catalogue(task.account, run.portal).await?;
    // Who went first has not changed: this run exists, so nobody had taken the request.
    let before = Before::default();
    let drafted = plan(core, task, integration, &run.request, before).await?;
    run.steps = steps(&drafted.plan);
    run.state = if run.steps.is_empty() {
        State::Nothing
    } else {
        State::Pending
    };
    run.settings_version = integration.version;
    (run.plan, run.known) = (drafted.plan, drafted.known);
    Ok(true)
}

/// Keeps how far a run is, as long as the worker has the client.
struct Kept<'a> {
    core: &'a Core,
    task: &'a Task,
}

#[tonic::async_trait]
impl Journal for Kept<'_> {
    async fn keep(&self, run: &Run) -> Result<(), Fault> {
        match keep(self.core, self.task, run, HOLD).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Unavailable("another worker goes on".to_owned())),
            Err(error) => Err(Fault::Unavailable(error.to_string())),
        }
    }
}

/// Stores how far a run is, and keeps the client; false where another worker has it, whose word counts then.
async fn keep(core: &Core, task: &Task, run: &Run, time: Duration) -> Result<bool, Error> {
    let (claim, run) = (task.claim.clone(), run.clone());
    let until = core.clock.now() + time;
    let kept = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
        Box::pin(async move {
            let held = jobs::hold(tx, &claim, until).await?;
            if held {
                runs::update(tx, claim.account, &run).await?;
            }
            Ok(held)
        })
    });
    kept.await
}
