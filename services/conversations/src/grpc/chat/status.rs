//! Obstacles to writing as refusals.

use kit::Refusal;
use types::{ChatId, ConnectionId, ConversationId};

use crate::domain::writability::Obstacle;

/// Where somebody wants to write.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The chat.
    pub chat: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The conversation, where one is meant.
    pub conversation: Option<ConversationId>,
}

/// With what sending is refused.
#[must_use]
pub fn refusal_of(obstacle: Obstacle, place: Place) -> Refusal {
    match obstacle {
        Obstacle::ConversationClosed => Refusal::conversation_closed(
            place
                .conversation
                .map(|conversation| conversation.to_string())
                .unwrap_or_default(),
        ),
        Obstacle::Blocked => Refusal::chat_blocked(place.chat),
        Obstacle::NoSubscription => Refusal::subscription_unpaid(),
        Obstacle::ConnectionDisabled => Refusal::connection_disabled(place.connection),
        Obstacle::Erased => Refusal::contact_erased(place.chat),
        Obstacle::Unreachable => Refusal::client_unreachable(place.chat),
        Obstacle::DialogueClosed => Refusal::dialogue_closed(place.chat),
        Obstacle::NoTemplates => Refusal::template_not_found(""),
        Obstacle::TemplatesUnpaid => Refusal::templates_unpaid(place.chat),
    }
}
