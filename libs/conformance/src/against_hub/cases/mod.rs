//! The cases, in the order in which they run.

mod deliveries;
mod events;
mod leases;
mod start;

use super::Case;

macro_rules! cases {
    ($($module:ident :: $name:ident $text:literal => $expected:literal;)*) => {
        vec![$(Case {
            name: $text,
            expected: $expected,
            run: |player| Box::pin($module::$name(player)),
        }),*]
    };
}

pub(super) fn all() -> Vec<Case> {
    cases! {
        start::registers "registers" => "a manifest is taken, one whose schema is none is refused with FIELD_INVALID";
        start::strangers "strangers" => "calls without a key, and for a connector that the key does not name, are refused";
        start::connections "tells-connections" => "WatchConnections tells the connection, then Synced, then a change of it";
        start::health "health" => "what is reported of a connection is read by administrators";
        events::once "stores-once" => "an event that comes again is a duplicate with the ids of the first time";
        events::at_once "stores-once-at-once" => "an event that comes in many calls at the same time is stored once, and places have no holes";
        events::order "shuffled-times" => "events are stored in the order in which they come, whatever times they name";
        events::neighbours "bad-event" => "an event that does not fit is refused with a reason and spoils no other of its batch";
        events::unknown "unknown-kind" => "a message of an unsupported kind is stored";
        events::too_many "too-many" => "a batch of 501 events is refused with TOO_LARGE, and none of it is stored";
        events::stream "publish-stream" => "batches of a stream are answered in order";
        events::files "files" => "a file is taken in by parts, comes with its message, and is given out whole and in part; half a file is not kept";
        events::switched_off "switched-off" => "a connection that is switched off brings nothing; switched on it does";
        deliveries::hands_out "hands-out" => "an answer is handed out under a lease, and employees read what became of it";
        deliveries::reconnect "reconnect" => "what was written while nobody took deliveries is handed out afterwards";
        deliveries::order "order-within-chats" => "the second message of a chat comes after the first was reported; other chats do not wait";
        deliveries::retries "retry" => "what is to be tried again comes after the pause, as another attempt under another lease";
        deliveries::most "max-in-flight" => "no more deliveries are out than the connector asked for; a report makes room";
        deliveries::late "late-status" => "a status moves forward only";
        deliveries::early "early-status" => "a receipt that comes before SENT is kept";
        leases::foreign "foreign-lease" => "a report without the newest lease is refused with DELIVERY_NOT_FOUND and changes nothing";
        leases::ends "lease-end" => "a delivery of which nothing is heard comes again when its lease is over, with maybe_sent after SENDING, and the old lease is refused";
    }
}
