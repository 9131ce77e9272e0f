//! What others' events do here. Identity tells what this service keeps of an account; its log-ins, users and keys are no
//! concern of conversations and are passed over.

mod account_changed;
mod account_states;

use std::sync::Arc;

use events::{Carrier, Event, RemoteSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};

pub use account_states::AccountStates;

/// Identity's name as a source of events.
const IDENTITY: &str = "identity";

/// Starts taking identity's events in.
pub fn spawn(db: &Db, carrier: Carrier, identity: RemoteSource, life: &Lifecycle) {
    events::consume(
        db.clone(),
        IDENTITY,
        carrier,
        Arc::new(identity),
        Arc::new(IdentityEvents),
        life,
    );
}

/// What identity's events do here.
struct IdentityEvents;

impl events::Effect for IdentityEvents {
    fn apply<'t>(
        &'t self,
        tx: &'t mut Tx,
        event: &'t Event,
    ) -> BoxFuture<'t, Result<(), events::Failure>> {
        Box::pin(async move {
            match &event.kind[..] {
                account_changed::KIND => account_changed::apply(tx, event).await,
                _ => Ok(()),
            }
        })
    }
}
