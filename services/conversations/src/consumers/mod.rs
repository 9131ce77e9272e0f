//! What others' events do here. Identity tells what this service keeps of an account, its members and rights; crm tells the cards
//! that decide who sees a conversation, and what filters can name. Everything else is no concern of conversations and is passed over.

mod account_changed;
mod account_states;
mod card_changed;
mod crm_names;
pub mod notifications;
pub mod ratings;
pub mod search_index;

use std::sync::Arc;

use events::{Carrier, Event, RemoteSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};

pub use account_states::AccountStates;
pub use card_changed::card_of;

/// Identity's name as a source of events.
const IDENTITY: &str = "identity";

/// crm's name as a source of events.
const CRM: &str = "crm";

/// Starts taking others' events in.
///
/// # Errors
/// When the URL of Redis is malformed.
pub fn spawn(
    db: &Db,
    redis_url: &str,
    identity: RemoteSource,
    crm: RemoteSource,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    for (name, source) in [(IDENTITY, identity), (CRM, crm)] {
        let carrier = Carrier::new(redis_url, name)?;
        let effect = Arc::new(OthersEvents);
        events::consume(db.clone(), name, carrier, Arc::new(source), effect, life);
    }
    Ok(())
}

/// What others' events do here.
struct OthersEvents;

impl events::Effect for OthersEvents {
    fn apply<'t>(
        &'t self,
        tx: &'t mut Tx,
        event: &'t Event,
    ) -> BoxFuture<'t, Result<(), events::Failure>> {
        Box::pin(async move {
            match &event.kind[..] {
                account_changed::KIND => account_changed::apply(tx, event).await,
                rights::CHANGED => rights::apply(tx, event).await,
                crm_names::PIPELINE => crm_names::pipeline(tx, event).await,
                crm_names::TAG => crm_names::tag(tx, event).await,
                kind if card_changed::KINDS.contains(&kind) => card_changed::apply(tx, event).await,
                _ => Ok(()),
            }
        })
    }
}
