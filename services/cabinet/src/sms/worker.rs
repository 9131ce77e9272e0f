//! Takes SMS that wait and sends them.
//!
//! Whether anybody has the number is asked here and not where a client asks for a code: that call does the same work for every number,
//! and its time says nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use pg::SystemScope;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use types::{AccountId, Clock, SmsMessageId, SmsProviderId};

use super::{ErrorClass, Fault, Sent, Sms};
use crate::domain::text::Purpose;
use crate::erasure::subject_of;
use crate::limits::{Limit, range};
use crate::state::{Parts, State};
use crate::store::messages::{self, End, Waiting};
use crate::store::providers::{self, Stored};
use crate::store::{cabinets, counters, erasures};

/// SMS that one replica sends at once: many, because each only waits for its provider.
const AT_ONCE: usize = 256;
/// For so long nobody else takes an SMS that is being sent: longer than all providers together may take.
const LEASE: Duration = Duration::from_secs(90);
/// How often one looks without being woken.
const POLL: Duration = Duration::from_millis(500);
/// How often an SMS is tried through all providers.
const ATTEMPTS: i16 = 3;
/// Time between attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// Number and text of an SMS that waits.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// To whom.
    pub phone: String,
    /// What it says.
    pub text: String,
}

/// The place for which an SMS is sealed.
#[must_use]
pub fn seal_context(id: SmsMessageId) -> String {
    format!("sms:{id}")
}

/// Runs until the service stops. What was taken and not ended is taken again later. An SMS waits for a place and not for the slowest of
/// those before it: a provider that answers late or never holds up its own SMS only.
pub async fn keep(state: State, stopping: CancellationToken) {
    let clock = Clock::system();
    let mut sending = FuturesUnordered::new();
    loop {
        let room = AT_ONCE.saturating_sub(sending.len());
        let taken = take(&state, room).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "SMS that wait could not be read; the next round tries again");
            Vec::new()
        });
        let more = !taken.is_empty();
        sending.extend(taken.into_iter().map(|sms| process(&state, sms)));
        if more && sending.len() < AT_ONCE {
            continue;
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            Some(()) = sending.next() => {}
            () = state.wake_sms.notified() => {}
            () = clock.sleep(POLL) => {}
        }
    }
}

/// Takes as many as there is room for.
async fn take(state: &Parts, room: usize) -> Result<Vec<Waiting>, pg::Error> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let now = state.clock.now();
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let taken = state.db.tx(SystemScope::for_job("take SMS"), move |tx| {
        Box::pin(async move { messages::take(tx, now, now + LEASE, limit).await })
    });
    taken.await
}

/// What becomes of an SMS in one attempt.
enum Outcome {
    Sent(SmsProviderId, Sent),
    Ended(End, Option<ErrorClass>),
    Later(Option<ErrorClass>),
}

async fn process(state: &Parts, sms: Waiting) {
    let outcome = match attempt(state, &sms).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::warn!(%error, sms.id = %sms.id, "an SMS could not be sent; it is tried again");
            Outcome::Later(None)
        }
    };
    let name = match &outcome {
        Outcome::Sent(..) => "sent",
        Outcome::Ended(End::Unknown, _) => "nobody's number",
        Outcome::Ended(End::Capped, _) => "capped",
        Outcome::Ended(End::Failed, _) => "failed",
        Outcome::Later(_) => "later",
    };
    metrics::counter!("beseda_cabinet_sms_total", "outcome" => name).increment(1);
    if let Err(error) = store(state, &sms, outcome).await {
        // The lease runs out, and it is tried again.
        tracing::warn!(%error, sms.id = %sms.id, "what became of an SMS could not be stored");
    }
}

async fn store(state: &Parts, sms: &Waiting, outcome: Outcome) -> Result<(), pg::Error> {
    let (account, id, now) = (sms.account, sms.id, state.clock.now());
    let due = now + PAUSE * u32::from(sms.attempts.unsigned_abs());
    let over = sms.attempts >= ATTEMPTS || due >= sms.expire_time;
    let job = SystemScope::for_job("note what became of an SMS");
    let stored = state.db.tx(job, move |tx| {
        Box::pin(async move {
            match outcome {
                Outcome::Sent(provider, sent) => {
                    messages::sent(tx, account, id, provider, &sent.external_id).await
                }
                Outcome::Ended(end, class) => messages::end(tx, account, id, end, class).await,
                Outcome::Later(class) if over => {
                    messages::end(tx, account, id, End::Failed, class).await
                }
                Outcome::Later(class) => messages::later(tx, account, id, due, class).await,
            }
        })
    });
    stored.await
}

async fn attempt(state: &Parts, sms: &Waiting) -> anyhow::Result<Outcome> {
    if state.clock.now() >= sms.expire_time {
        return Ok(Outcome::Ended(End::Failed, None));
    }
    let opened = state.master_key.open(&sms.sealed, &seal_context(sms.id))?;
    let Payload { phone, text } = serde_json::from_slice(&opened)?;
    if sms.purpose == Purpose::LogIn && !is_clients(state, sms.account, &phone).await? {
        return Ok(Outcome::Ended(End::Unknown, None));
    }
    if let Some(cap) = reached_cap(state, sms, &phone).await? {
        tracing::error!(account.id = %sms.account, cap, "SMS are held back: a cap was reached");
        metrics::counter!("beseda_cabinet_sms_capped_total", "cap" => cap).increment(1);
        return Ok(Outcome::Ended(End::Capped, None));
    }
    send(state, sms, &phone, &text).await
}

/// Is it the number of a client who may come in? While an erasure of it runs, crm may know it for some seconds more (CAB-33). crm is asked
/// last: an erasure that has ended by then has ended there, too.
async fn is_clients(state: &Parts, account: AccountId, phone: &str) -> anyhow::Result<bool> {
    let subject = subject_of(&state.master_key, phone);
    let job = SystemScope::for_job("look for an erasure");
    let erased = state.db.tx(job, move |tx| {
        Box::pin(async move { erasures::runs(tx, account, &subject).await })
    });
    Ok(!erased.await? && state.crm.is_client(account, phone).await?)
}

/// The cap that this SMS would exceed. An SMS counts once, however often it is tried.
async fn reached_cap(
    state: &Parts,
    sms: &Waiting,
    phone: &str,
) -> Result<Option<&'static str>, pg::Error> {
    if sms.attempts > 1 {
        return Ok(None);
    }
    let (account, now) = (sms.account, state.clock.now());
    let of_range = state.keys.number(account, range(phone));
    let caps: [(Limit, Vec<u8>); 2] = [
        (state.limits.range, of_range.to_vec()),
        (state.limits.account, Vec::new()),
    ];
    let counted = state.db.tx(SystemScope::for_job("count SMS"), move |tx| {
        Box::pin(async move {
            for (limit, key) in &caps {
                if counters::count(tx, account, limit, key, now)
                    .await?
                    .is_some()
                {
                    return Ok(Some(limit.name));
                }
            }
            Ok(None)
        })
    });
    counted.await
}

/// Through the account's providers, one after the other, until one takes it.
async fn send(state: &Parts, sms: &Waiting, phone: &str, text: &str) -> anyhow::Result<Outcome> {
    let mut last = None;
    for stored in chosen(state, sms.account).await? {
        let Some(outcome) = through(state, sms, &stored, phone, text).await? else {
            continue;
        };
        note(state, sms.account, stored.id, &outcome).await?;
        let class = match outcome {
            Ok(sent) => return Ok(Outcome::Sent(stored.id, sent)),
            Err(fault) => fault.class,
        };
        if !class.may_go_on() {
            return Ok(Outcome::Ended(End::Failed, Some(class)));
        }
        last = Some(class);
    }
    Ok(Outcome::Later(last))
}

/// One try through one provider; `None` when its widget is not known here any more.
async fn through(
    state: &Parts,
    sms: &Waiting,
    stored: &Stored,
    phone: &str,
    text: &str,
) -> anyhow::Result<Option<Result<Sent, Fault>>> {
    let settings = all_settings(state, stored)?;
    let Some(provider) = state.provider(sms.account, stored, settings) else {
        return Ok(None);
    };
    let sms = Sms {
        id: sms.id,
        phone: phone.to_owned(),
        text: text.to_owned(),
        report_url: state.report_url(sms.account, stored.id),
    };
    let outcome = provider.send(&sms).await;
    let class = outcome
        .as_ref()
        .map_or_else(|it| it.class.name(), |_| "sent");
    let labels = [
        ("widget", stored.widget_key.clone()),
        ("outcome", class.to_owned()),
    ];
    metrics::counter!("beseda_cabinet_sms_tries_total", &labels).increment(1);
    Ok(Some(outcome))
}

/// The providers that the account has chosen, in its order.
async fn chosen(state: &Parts, account: AccountId) -> Result<Vec<Stored>, pg::Error> {
    let read = state
        .db
        .tx(SystemScope::for_job("read providers of SMS"), move |tx| {
            Box::pin(async move {
                let cabinet = cabinets::find(tx, account).await?;
                let order = cabinet.map(|it| it.settings.sms_providers);
                let all = providers::all(tx, account).await?;
                let order = order.unwrap_or_default();
                let find = |id: &SmsProviderId| all.iter().find(|it| it.id == *id).cloned();
                Ok(order.iter().filter_map(find).collect())
            })
        });
    read.await
}

/// A provider's settings, secrets among them.
fn all_settings(state: &Parts, stored: &Stored) -> anyhow::Result<BTreeMap<String, String>> {
    let secrets = state.open_secrets(stored)?;
    Ok(stored.settings.clone().into_iter().chain(secrets).collect())
}

async fn note(
    state: &Parts,
    account: AccountId,
    id: SmsProviderId,
    outcome: &Result<Sent, Fault>,
) -> Result<(), pg::Error> {
    if let Err(fault) = outcome {
        tracing::warn!(account.id = %account, provider.id = %id, class = fault.class.name(), words = fault.text, "a provider did not take an SMS");
    }
    let (outcome, now) = (outcome.clone(), state.clock.now());
    let noted = state
        .db
        .tx(SystemScope::for_job("note how a provider is"), move |tx| {
            Box::pin(async move { providers::note(tx, account, id, &outcome, now).await })
        });
    noted.await
}
