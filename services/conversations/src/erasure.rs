//! What conversations does when a client has their data erased: the walk through its places.

use ::erasure::{At, Job, Payloads, Person, Step, Store, Tally, parts};
use auth::AccountScope;
use events::Carrier;
use futures::TryStreamExt;
use kit::Refusal;
use pg::{Db, Error, Tx};
use types::{AttachmentId, ChatId, ConversationId};
use uuid::Uuid;

use crate::after_commit::AfterCommit;
use crate::changes::writability_changed;
use crate::files::{Files, Part};
use crate::store::{attachments, erasure};

const CHATS: u32 = 0;
const MESSAGES: u32 = 1;
const DELIVERIES: u32 = 2;
const FILES: u32 = 3;
const ANSWERS: u32 = 4;
const PARKED: u32 = 5;
const OUTBOX: u32 = 6;
const STREAMS: u32 = 7;
const QUARANTINE: u32 = 8;
const STAGES: u32 = 9;

/// Accounts' rights, pipelines and tags tell of no client.
const PAYLOADS: Payloads = Payloads {
    event: |kind| match kind {
        "crm.contact.changed"
        | "crm.company.changed"
        | "crm.deal.changed"
        | "crm.customer.changed" => Some("beseda.crm.internal.v1.CardChanged"),
        _ if kind.starts_with("conversation.") => {
            Some("beseda.conversations.internal.v1.ConversationEvent")
        }
        _ => None,
    },
    package: "beseda.conversations.v1",
    // By these answers find their way.
    kept: &["external_chat_id", "external_thread_id"],
};

/// The data of clients in conversations.
pub struct Clients {
    /// The database.
    pub db: Db,
    /// Contents of files.
    pub files: Files,
    /// Copies of events.
    pub carrier: Carrier,
    /// Tells others.
    pub after: AfterCommit,
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
        _: &str,
        known: &Person,
    ) -> Result<Person, Error> {
        erasure::find(tx, scope.account(), known).await
    }

    async fn apart(&self, job: &Job, at: &At, tally: &mut Tally) -> Result<Option<Step>, Refusal> {
        match at.stage {
            FILES => self.files(job, at, tally).await.map(Some),
            STREAMS => {
                let of = ("conversations.streams", PAYLOADS);
                let step = parts::streams(&self.carrier, job, at, of, tally).await;
                step.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn step(
        &self,
        tx: &mut Tx,
        job: &Job,
        at: &At,
        tally: &mut Tally,
    ) -> Result<Step, Error> {
        let chats = erasure::chats_of(tx, job.scope, &job.person).await?;
        let conversations = erasure::conversations_of(tx, job.scope, &chats).await?;
        let own = || own(job, &chats, &conversations);
        match at.stage {
            CHATS => next_chat(tx, job, at, (&chats, &conversations), tally).await,
            MESSAGES => erasure::messages(tx, job, (&conversations, at), tally).await,
            DELIVERIES => erasure::deliveries(tx, job, (&chats, at), tally).await,
            ANSWERS => {
                let of = ("conversations.idempotency_keys", PAYLOADS, &own());
                parts::answers(tx, job, at, of, tally).await
            }
            PARKED => {
                let of = ("conversations.parked_events", PAYLOADS, &own());
                parts::parked(tx, job, of, tally).await
            }
            OUTBOX => {
                let of = ("conversations.outbox", PAYLOADS, &own());
                parts::outbox(tx, job, at, of, tally).await
            }
            QUARANTINE => erasure::quarantine(tx, job, tally).await,
            _ => Ok(Step::default()),
        }
    }

    fn committed(&self) {
        self.after.changed([]);
    }
}

impl Clients {
    /// Files with text in which a value stands are deleted: a visiting card is personal as a whole.
    async fn files(&self, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Refusal> {
        if at.place.is_empty() {
            self.pictures(job, tally).await?;
        }
        let (scope, person) = (job.scope, job.person.clone());
        let place = at.place.clone();
        let read = self.db.tx(scope, move |tx| {
            Box::pin(async move {
                let chats = erasure::chats_of(tx, scope, &person).await?;
                let conversations = erasure::conversations_of(tx, scope, &chats).await?;
                erasure::text_files(tx, scope, &conversations, &place).await
            })
        });
        let read: Result<(Vec<Uuid>, Option<String>), Error> = read.await;
        let (files, next) = read?;
        tally.look(files.len());
        let mut gone = Vec::new();
        for id in files {
            if let Some(found) = self.values_in(job, id.into()).await? {
                tally.add("conversations.files", &found);
                gone.push(id);
            }
        }
        if job.erases() && !gone.is_empty() {
            for id in &gone {
                let deleted = self.files.delete(job.account(), (*id).into()).await;
                deleted.map_err(Refusal::store_unavailable)?;
            }
            let marked = self.db.tx(scope, move |tx| {
                Box::pin(async move { erasure::gone(tx, scope, &gone).await })
            });
            let marked: Result<(), Error> = marked.await;
            marked?;
        }
        Ok(Step::to(next))
    }

    /// The pictures that the client showed of themselves go with their contents.
    async fn pictures(&self, job: &Job, tally: &mut Tally) -> Result<(), Refusal> {
        let (scope, person) = (job.scope, job.person.clone());
        let read = self.db.tx(scope, move |tx| {
            Box::pin(async move {
                let chats = erasure::chats_of(tx, scope, &person).await?;
                attachments::of_chats(tx, scope, &chats).await
            })
        });
        let read: Result<Vec<AttachmentId>, Error> = read.await;
        let pictures = read?;
        tally.look(pictures.len());
        // One that is there later was shown anew, by a client who has written again.
        if !job.erases() || pictures.is_empty() {
            return Ok(());
        }
        for id in &pictures {
            tally.add("conversations.pictures", &::erasure::Found::new());
            let deleted = self.files.delete(job.account(), *id).await;
            deleted.map_err(Refusal::store_unavailable)?;
        }
        let forgotten = self.db.tx(scope, move |tx| {
            Box::pin(async move { attachments::forget_pictures(tx, scope, &pictures).await })
        });
        let forgotten: Result<(), Error> = forgotten.await;
        Ok(forgotten?)
    }

    /// Which values stand in a file; `None` for none. One that is not there was deleted before somebody was killed.
    async fn values_in(
        &self,
        job: &Job,
        id: AttachmentId,
    ) -> Result<Option<::erasure::Found>, Refusal> {
        let read = self.files.read(job.account(), id, Part::Contents, None);
        let contents = match read.await {
            Ok(contents) => contents,
            Err(object_store::Error::NotFound { .. }) => {
                return Ok(job.erases().then(Default::default));
            }
            Err(error) => return Err(Refusal::store_unavailable(error)),
        };
        let bytes = contents
            .stream
            .try_fold(Vec::new(), |mut all, bytes| async move {
                all.extend_from_slice(&bytes);
                Ok(all)
            });
        let bytes = bytes.await.map_err(Refusal::store_unavailable)?;
        let found = job.sieve.find(&String::from_utf8_lossy(&bytes));
        Ok((!found.is_empty()).then_some(found))
    }
}

/// One chat a part, in the order of their ids; first the names of cards.
async fn next_chat(
    tx: &mut Tx,
    job: &Job,
    at: &At,
    (chats, conversations): (&[Uuid], &[Uuid]),
    tally: &mut Tally,
) -> Result<Step, Error> {
    if at.place.is_empty() {
        erasure::contacts(tx, job, conversations, tally).await?;
    }
    let Some(id) = chats.iter().find(|id| **id > at.id()) else {
        return Ok(Step::default());
    };
    let change = erasure::chat(tx, job, (*id).into(), tally).await?;
    let mut step = Step::to(Some(id));
    if let Some(change) = change {
        let connection = change.conversation.connection;
        step.events = vec![
            change.event(),
            writability_changed(job.account(), Some(connection)),
        ];
    }
    Ok(step)
}

fn own(job: &Job, chats: &[Uuid], conversations: &[Uuid]) -> parts::Own {
    let contacts = job.person.contacts.iter();
    let contacts = contacts.map(|id| (id.uuid(), id.to_string()));
    let chats = chats.iter().map(|id| (*id, ChatId::from(*id).to_string()));
    let conversations = conversations
        .iter()
        .map(|id| (*id, ConversationId::from(*id).to_string()));
    parts::Own::new(contacts.chain(chats).chain(conversations))
}
