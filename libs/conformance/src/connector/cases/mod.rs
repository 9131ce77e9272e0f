//! The cases, in the order in which they run.

mod files;
mod inbound;
mod life;
mod many;
mod outbound;

use super::Case;

macro_rules! cases {
    ($($module:ident :: $name:ident $text:literal => $expected:literal;)*) => {
        vec![$(Case {
            name: $text,
            expected: $expected,
            run: |bench| Box::pin($module::$name(bench)),
        }),*]
    };
}

pub(super) fn all() -> Vec<Case> {
    cases! {
        life::registers "registers" => "at its start the connector registers a manifest that the hub can take, whose schema the settings fit";
        life::tells_health "tells-health" => "the connector tells that its connection works";
        inbound::brings "brings-messages" => "what clients write is brought once, in the order of each chat";
        inbound::lost_answer "lost-answer" => "events whose answer was lost are brought again under the same ids";
        inbound::unavailable "hub-cannot-store" => "events that the hub could not store are brought again, and nothing overtakes them within a chat";
        inbound::slow "slow-hub" => "while the hub is slow nothing is lost, doubled or overtaken within a chat";
        inbound::back_pressure "back-pressure" => "a hub that is too busy is not called more than 30 times in 3 seconds, and gets all of it afterwards";
        inbound::refused "refused-event" => "an event that is refused for good is left behind, and the next ones are brought";
        inbound::unsupported "unknown-kind" => "what the connector does not know is brought as a message with unsupported_kind, and holds up nothing";
        outbound::sends "sends" => "a delivery is announced by SENDING, reaches the client, and is reported SENT under its lease";
        outbound::shuffled "order-within-chats" => "messages of many chats, queued in turns, reach each client once and in order";
        outbound::held_chat "blocked-chat" => "a chat that the channel refuses for now is tried again, and delays no other";
        outbound::fenced "lost-lease" => "a delivery whose SENDING was refused is not sent; under its next lease it is, once";
        outbound::handed_out_twice "handed-out-twice" => "a delivery that comes again with maybe_sent is not in the channel twice: it is reported SENT or UNKNOWN";
        outbound::lost_report "lost-report" => "a report whose answer was lost is told again, and nothing is sent twice";
        outbound::slow_reports "slow-reports" => "while the hub takes reports slowly nothing is sent twice, and all is reported";
        outbound::lost_by_channel "channel-loses-answer" => "a message whose answer the channel lost is not sent twice: it is reported UNKNOWN, or SENT if the channel knows it";
        files::in_ "files-in" => "a file of a client is uploaded again until the hub has it, whole";
        files::out "files-out" => "a file that breaks off is not sent by half; the message arrives with the whole file or fails";
        many::at_once "many-chats" => "many chats at once are brought and answered, and one that the channel refuses for now delays none of them";
        life::rests "switched-off" => "a connection that is switched off neither brings nor sends; switched on it does both, and nothing is lost";
        life::hub_restarts "hub-restart" => "after a restart of the hub the connector registers again, and brings and sends what came meanwhile";
        life::killed_bringing "killed-while-bringing" => "a connector that is killed before or after the hub stored what it brought, and was not told, loses and doubles nothing";
        life::killed "killed" => "a connector that is killed at work loses nothing, and doubles nothing, once it runs again";
    }
}
