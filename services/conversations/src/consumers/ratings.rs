//! Ratings of surveys, kept off the path of the commit: ingest puts the client's number into the closed conversation.

use std::sync::Arc;
use std::time::Duration;

use api::conversations::internal::v1::ConversationEvent;
use api::conversations::v1::{ChangeKind, Message};
use events::{Carrier, Event, Failure, LocalSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};
use prost::Message as _;
use uuid::Uuid;

use crate::changes::EVENT_KIND;
use crate::domain::nps;
use crate::store::surveys;

/// Its name among the consumers.
const CONSUMER: &str = "ratings";

/// The conversation has the rating at once; what counts ratings may wait.
const REST: Duration = Duration::from_millis(250);

/// Starts keeping ratings.
pub fn spawn(db: &Db, carrier: Carrier, life: &Lifecycle) {
    let source = Arc::new(LocalSource(db.clone()));
    events::consume(
        db.clone(),
        CONSUMER,
        carrier,
        source,
        Arc::new(Ratings),
        life,
    );
}

struct Ratings;

impl events::Effect for Ratings {
    fn concerns(&self, event: &Event) -> bool {
        !matches!(rated(event), Ok(None))
    }

    fn rest(&self) -> Duration {
        REST
    }

    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        Box::pin(async move {
            let Some(message) = rated(event)? else {
                return Ok(());
            };
            let account = Uuid::from_slice(&event.account_id).map_err(poison)?;
            let conversation = message.conversation_id.parse().map_err(poison)?;
            let rating = nps::rating(&message.text);
            let time = message.create_time.as_ref();
            let time = time.and_then(kit::time::from_proto);
            let (Some(rating), Some(time)) = (rating, time) else {
                return Err(Failure::Poison("the message is no rating".to_owned()));
            };
            surveys::rate(tx, account.into(), conversation, message.seq, rating, time).await?;
            Ok(())
        })
    }
}

/// The client's rating that an event tells of.
fn rated(event: &Event) -> Result<Option<Message>, Failure> {
    if event.kind != EVENT_KIND {
        return Ok(None);
    }
    let told = ConversationEvent::decode(&event.payload[..]).map_err(poison)?;
    Ok(match told.kind() {
        ChangeKind::Rated => told.message,
        _ => None,
    })
}

fn poison(error: impl std::fmt::Display) -> Failure {
    Failure::Poison(format!("the event cannot be read: {error}"))
}
