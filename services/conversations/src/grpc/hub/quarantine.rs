//! Keeping what was refused for good, so that an administrator can let it in later.
//!
//! An event that is kept is answered as refused all the same: its connector has no more to do with it. When the database fails here, the
//! whole batch fails, and its connector brings it again: what was stored of it is known then.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, PublishResult};
use api::error::v1::ErrorReason;
use auth::{AccountScope, ConnectorScope};
use kit::Refusal;
use prost::Message as _;
use types::{ConnectionId, QuarantinedEventId};

use super::publish::Refused;
use super::{Hub, enter};
use crate::domain::quarantine::{Cause, Quarantined};
use crate::store::quarantine;

/// Keeps what is worth it of the refused events of a batch, and says in their answers under which ids.
pub(super) async fn keep(
    hub: &Hub,
    connector: &ConnectorScope,
    originals: &[Vec<u8>],
    refused: Vec<Refused>,
    answers: &mut [PublishResult],
) -> Result<(), Refusal> {
    for refused in refused.into_iter().filter(|it| is_kept(it.reason)) {
        let Some(original) = originals.get(refused.place) else {
            continue;
        };
        let Some((event, scope)) = entry(hub, connector, original, refused.cause).await? else {
            continue;
        };
        let reason = event.cause.reason.clone();
        let kept = hub.db.tx(scope, move |tx| {
            Box::pin(async move { quarantine::keep(tx, scope, &event).await })
        });
        let kept: Result<Option<QuarantinedEventId>, pg::Error> = kept.await;
        let kept = kept?;
        let counter = metrics::counter!("beseda_quarantined_events_total", "connector" => connector.key().to_owned(), "reason" => reason);
        counter.increment(1);
        if kept.is_none() {
            tracing::error!(account.id = %scope.account(), connector = connector.key(), "a refused event is not kept: the quarantine of the account is full");
        }
        answers[refused.place].quarantined_event_id =
            kept.map(|id| id.to_string()).unwrap_or_default();
    }
    Ok(())
}

/// Nothing is kept of what an account does not want (a line that is off, the black list), nor of what is nobody's here.
fn is_kept(reason: ErrorReason) -> bool {
    !matches!(
        reason,
        ErrorReason::ConnectionNotFound
            | ErrorReason::ConnectionDisabled
            | ErrorReason::ChatBlocked
    )
}

/// The event as it is kept; `None` where its connection is not the connector's or off, or where it says nothing that could be lost.
async fn entry(
    hub: &Hub,
    connector: &ConnectorScope,
    original: &[u8],
    cause: Cause,
) -> Result<Option<(Quarantined, AccountScope)>, Refusal> {
    let Ok(event) = ChannelEvent::decode(original) else {
        return Ok(None);
    };
    let says_nothing = matches!(event.event, Some(Event::Finished(_) | Event::Read(_)));
    let id: Option<ConnectionId> = event.connection_id.parse().ok();
    let Some(id) = id.filter(|_| !says_nothing) else {
        return Ok(None);
    };
    let found = hub.directory.find(&[id]).await?.remove(&id);
    let known = found.and_then(|connection| enter(connector, connection));
    let Some((connection, scope)) = known.filter(|(connection, _)| connection.enabled) else {
        return Ok(None);
    };
    let now = hub.clock.now();
    let event = Quarantined {
        id: QuarantinedEventId::generate(),
        account: connection.account,
        connection: connection.id,
        connector_key: connection.connector_key.clone(),
        chat: storable(&event.external_chat_id),
        key: key_of(&event.external_event_id, original),
        event: original.to_vec(),
        cause,
        refusals: 1,
        create_time: now,
        refuse_time: now,
    };
    Ok(Some((event, scope)))
}

/// A text of the channel as the database can keep it.
fn storable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What tells an event from others of its connection: its id where that is one, else what it says.
fn key_of(external_event_id: &str, event: &[u8]) -> String {
    let is_id = (1..=200).contains(&external_event_id.len());
    if is_id && !external_event_id.contains(char::is_control) {
        return format!("id:{external_event_id}");
    }
    let hash = kit::secrets::sha256(event);
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_usable_id_is_told_apart_by_what_it_says() {
        assert_eq!(key_of("7", b"event"), "id:7");
        for unusable in ["", "a\0b", &"x".repeat(201)] {
            let key = key_of(unusable, b"event");
            assert!(key.starts_with("sha256:") && key != key_of(unusable, b"another"));
        }
        assert_eq!(storable("a\0b\n"), "ab");
    }
}
