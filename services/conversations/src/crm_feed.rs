//! What employees write is told in the timelines of the cards that the conversation belongs to (CHW-69). The message is noted in its own
//! transaction and told afterwards: whether crm answers never decides whether something can be sent. Telling twice changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::crm::internal::v1::{AddSentMessagesRequest, SentMessage};
use auth::ServiceChannel;
use kit::lifecycle::Lifecycle;
use kit::time::to_proto;
use pg::{Db, Error, SystemScope, Tx};
use tonic::{Code, Request};
use types::{AccountId, Clock, MessageId};
use uuid::Uuid;

use crate::domain::card::Cards;
use crate::store::cards;
use crate::store::crm_feed::{self, Due};

/// How often somebody looks for what is due.
const POLL: Duration = Duration::from_millis(500);

/// Messages that are told together.
const TOGETHER: i64 = 100;

/// How long crm may take; shorter than the shortest lease.
const DEADLINE: Duration = Duration::from_secs(10);

type Crm = CrmInternalServiceClient<ServiceChannel>;

/// What is told in one account.
type Told = BTreeMap<AccountId, Vec<(MessageId, SentMessage)>>;

/// Starts telling crm.
pub fn spawn(db: Db, crm: ServiceChannel, clock: Clock, life: &Lifecycle) {
    let crm = CrmInternalServiceClient::new(crm);
    let stopping = life.stopping();
    life.spawn("tell crm what was written", async move {
        // What is cut off is told again when its lease is over.
        tokio::select! { () = run(&db, &crm, &clock) => {}, () = stopping.cancelled() => {} }
    });
}

async fn run(db: &Db, crm: &Crm, clock: &Clock) {
    let system = Clock::system();
    loop {
        match pass(db, crm, clock).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "what was written could not be told to crm; the next look tries again");
            }
        }
        system.sleep(POLL).await;
    }
}

/// Tells what is due; true when there may be more.
async fn pass(db: &Db, crm: &Crm, clock: &Clock) -> Result<bool, Error> {
    let now = clock.now();
    let claimed = db.tx(SystemScope::for_job("tell crm"), move |tx| {
        Box::pin(async move {
            let due = crm_feed::claim(tx, now, TOGETHER).await?;
            let more = due.len() as i64 == TOGETHER;
            Ok::<_, Error>((told(tx, due).await?, more))
        })
    });
    let (told, more) = claimed.await?;
    for (account, messages) in told {
        if tell(crm, account, &messages).await {
            let done = messages.iter().map(|(id, _)| (account, *id)).collect();
            forget(db, done).await?;
        }
    }
    Ok(more)
}

/// What to tell of messages. Those whose conversation has lost its cards meanwhile are told nowhere.
async fn told(tx: &mut Tx, due: Vec<Due>) -> Result<Told, Error> {
    if due.is_empty() {
        return Ok(Told::new());
    }
    let wanted: Vec<_> = due.iter().map(|it| (it.account, it.conversation)).collect();
    let cards = cards::of_conversations(tx, &wanted).await?;
    let (mut told, mut lost) = (Told::new(), Vec::new());
    for it in due {
        let (account, message) = (it.account, it.message);
        let cards = cards.get(&it.conversation);
        match cards.and_then(|cards| sent(it, cards)) {
            Some(sent) => told.entry(account).or_default().push((message, sent)),
            None => lost.push((account, message)),
        }
    }
    crm_feed::done(tx, &lost).await?;
    Ok(told)
}

fn sent(due: Due, cards: &Cards) -> Option<SentMessage> {
    let bytes = |id: Option<Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let card = cards.card.as_ref().map(|card| card.id);
    let contact = cards.contact.as_ref().map(|contact| contact.id);
    card.or(contact)?;
    Some(SentMessage {
        message_id: bytes(Some(due.message.uuid())),
        conversation_id: bytes(Some(due.conversation.uuid())),
        card_id: bytes(card),
        contact_id: bytes(contact),
        author_id: due.author_id,
        author_name: due.author_name,
        create_time: Some(to_proto(due.create_time)),
    })
}

/// False when crm is to be told again.
async fn tell(crm: &Crm, account: AccountId, messages: &[(MessageId, SentMessage)]) -> bool {
    let mut request = Request::new(AddSentMessagesRequest {
        account_id: account.uuid().as_bytes().to_vec(),
        messages: messages.iter().map(|(_, sent)| sent.clone()).collect(),
    });
    request.set_timeout(DEADLINE);
    match crm.clone().add_sent_messages(request).await {
        Ok(_) => true,
        Err(status) if status.code() == Code::InvalidArgument => {
            tracing::error!(account.id = %account, problem = status.message(), "crm refuses what was written for good");
            true
        }
        Err(status) => {
            tracing::warn!(account.id = %account, code = ?status.code(), "crm was not told what was written; it is told again");
            false
        }
    }
}

async fn forget(db: &Db, done: Vec<(AccountId, MessageId)>) -> Result<(), Error> {
    db.tx(SystemScope::for_job("tell crm"), move |tx| {
        Box::pin(async move { crm_feed::done(tx, &done).await })
    })
    .await
}
