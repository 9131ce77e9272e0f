//! What others' events do here: identity tells who works in an account and who may do what.

use std::sync::Arc;

use events::{Carrier, Event, RemoteSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};

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
                rights::CHANGED => rights::apply(tx, event).await,
                _ => Ok(()),
            }
        })
    }
}
