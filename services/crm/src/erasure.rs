//! What crm does when a client has their data erased: the walk through its places.

use ::erasure::{At, Job, Payloads, Person, Step, Store, Tally, parts};
use auth::AccountScope;
use events::{Carrier, NewEvent, Waker};
use kit::Refusal;
use pg::{Error, Tx};

use crate::changes::events::{Fate, of_card};
use crate::domain::card::Card;
use crate::domain::ids::CardId;
use crate::store::erasure;

const CONTACTS: u32 = 0;
const RELATED: u32 = 1;
const UNSORTED: u32 = 2;
const ANSWERS: u32 = 3;
const OUTBOX: u32 = 4;
const STREAMS: u32 = 5;
const RECORDINGS: u32 = 6;
const STAGES: u32 = 7;

/// Pipelines and tags are the account's: their events tell of no client.
const PAYLOADS: Payloads = Payloads {
    event: |kind| match kind {
        "crm.pipeline.changed" | "crm.tag.changed" => None,
        _ => Some("beseda.crm.internal.v1.CardChanged"),
    },
    package: "beseda.crm.v1",
    kept: &[],
};

/// The data of clients in crm.
pub struct Clients {
    /// Copies of events.
    pub carrier: Carrier,
    /// Tells the relay of events.
    pub waker: Waker,
}

#[tonic::async_trait]
impl Store for Clients {
    fn stages(&self) -> u32 {
        STAGES
    }

    async fn find(
        &self,
        tx: &mut Tx,
        scope: AccountScope,
        phone: &str,
        known: &Person,
    ) -> Result<Person, Error> {
        erasure::find(tx, scope.account(), phone, known).await
    }

    async fn apart(&self, job: &Job, at: &At, tally: &mut Tally) -> Result<Option<Step>, Refusal> {
        if at.stage != STREAMS {
            return Ok(None);
        }
        let of = ("crm.streams", PAYLOADS);
        parts::streams(&self.carrier, job, at, of, tally)
            .await
            .map(Some)
    }

    async fn step(
        &self,
        tx: &mut Tx,
        job: &Job,
        at: &At,
        tally: &mut Tally,
    ) -> Result<Step, Error> {
        match at.stage {
            CONTACTS => contacts(tx, job, at, tally).await,
            RELATED => {
                let (step, renamed) = erasure::related(tx, job, at, tally).await?;
                let events = renamed.iter().map(|card| told(job, card)).collect();
                Ok(Step { events, ..step })
            }
            UNSORTED => erasure::unsorted(tx, job, at, tally).await,
            ANSWERS => {
                let own = own(tx, job).await?;
                let of = ("crm.idempotency_keys", PAYLOADS, &own);
                parts::answers(tx, job, at, of, tally).await
            }
            OUTBOX => {
                let own = own(tx, job).await?;
                parts::outbox(tx, job, at, ("crm.outbox", PAYLOADS, &own), tally).await
            }
            RECORDINGS => erasure::recordings(tx, job, at, tally).await,
            _ => Ok(Step::default()),
        }
    }

    fn committed(&self) {
        self.waker.wake();
    }
}

/// One contact a part, in the order of their ids.
async fn contacts(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let mut left = job.person.contacts.iter();
    let Some(id) = left.find(|id| id.uuid() > at.id()) else {
        return Ok(Step::default());
    };
    let card = erasure::contact(tx, job, *id, tally).await?;
    Ok(Step {
        next: Some(id.uuid().to_string()),
        events: card.iter().map(|card| told(job, card)).collect(),
    })
}

/// The contacts, and the cards around them.
async fn own(tx: &mut Tx, job: &Job) -> Result<parts::Own, Error> {
    let cards = erasure::around(tx, job).await?;
    let contacts = job.person.contacts.iter().copied().map(CardId::from);
    let all = contacts.chain(cards);
    Ok(parts::Own::new(all.map(|id| (id.uuid(), id.to_string()))))
}

fn told(job: &Job, card: &Card) -> NewEvent {
    of_card(job.account(), card, Fate::There)
}
