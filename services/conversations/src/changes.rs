//! What happened to a conversation, for live streams and other services.

use api::conversations::internal::v1::{ConversationEvent, PreviousCards};
use api::conversations::v1::{ChangeKind, ConnectionHealthChange, WritabilityChange};
use events::NewEvent;
use pg::{Error, Tx};
use prost::Message as _;
use types::{AccountId, ConnectionId, ConversationId, UserId};

use crate::domain::card::{Card, Cards, Kind, Sight};
use crate::domain::connection::HealthNews;
use crate::domain::conversation::{ClosedBy, Conversation, Life};
use crate::domain::message::Message;
use crate::wire;

/// The kind of the events of changed conversations.
pub const EVENT_KIND: &str = "conversation.changed";

/// One change of a conversation and the rows after it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The conversation after it.
    pub conversation: Conversation,
    /// The message that was added or changed.
    pub message: Option<Message>,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// Facts of the request that came with the message.
    pub facts: Vec<(String, String)>,
    /// The cards before they changed.
    pub previous: Option<Cards>,
    /// The message is an old one that an import brought: news to nobody.
    pub silent: bool,
}

/// A chat in which something changed, for hints to its channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touched {
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of the chat.
    pub external_chat_id: String,
}

impl Change {
    /// The chat it happened in.
    #[must_use]
    pub fn touched(&self) -> Touched {
        Touched {
            connection: self.conversation.connection,
            external_chat_id: self.external_chat_id.clone(),
        }
    }

    /// The employee whose work it is: who wrote the message, or closed the conversation (CNV-04).
    #[must_use]
    pub fn worker(&self) -> Option<UserId> {
        let closed_by = match self.conversation.life {
            Life::Closed {
                by: ClosedBy::Employee(user),
                ..
            } if self.kind == ChangeKind::Closed => Some(user),
            Life::Open | Life::Closed { .. } => None,
        };
        let added = [
            ChangeKind::Created,
            ChangeKind::Reopened,
            ChangeKind::MessageAdded,
        ];
        let message = self.message.as_ref().filter(|_| added.contains(&self.kind));
        closed_by.or(message.and_then(|message| message.author.user))
    }

    /// The event that tells of it.
    #[must_use]
    pub fn event(&self) -> NewEvent {
        let payload = ConversationEvent {
            kind: self.kind.into(),
            conversation: Some(wire::conversation(&self.conversation, &Sight::whole())),
            message: self.message.as_ref().map(wire::message),
            external_chat_id: self.external_chat_id.clone(),
            external_thread_id: self.conversation.thread.clone(),
            facts: self.facts.iter().cloned().collect(),
            previous: self.previous.as_ref().map(previous),
            favourite_of_id: Vec::new(),
            group: self.conversation.group,
            writability: None,
            notifications_read_by_id: Vec::new(),
            silent: self.silent,
            connection_health: None,
        };
        NewEvent {
            account: self.conversation.account,
            aggregate: ConversationId::uuid(self.conversation.id),
            kind: EVENT_KIND,
            payload: payload.encode_to_vec(),
        }
    }
}

/// The kind of the events that tell one user of their favourites.
pub const FAVOURITE_KIND: &str = "conversation.favourite";

/// Tells somebody's streams that a conversation is among their favourites, or no longer: the last act of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn append_favourite(
    tx: &mut Tx,
    conversation: &Conversation,
    owner: uuid::Uuid,
    favourite: bool,
) -> Result<(), Error> {
    let told = wire::conversation(conversation, &Sight::whole());
    let payload = ConversationEvent {
        kind: ChangeKind::FavouriteChanged.into(),
        conversation: Some(wire::with_favourite(told, favourite)),
        favourite_of_id: owner.as_bytes().to_vec(),
        ..ConversationEvent::default()
    };
    let event = NewEvent {
        account: conversation.account,
        aggregate: ConversationId::uuid(conversation.id),
        kind: FAVOURITE_KIND,
        payload: payload.encode_to_vec(),
    };
    events::append(tx, &[event]).await.map(|_| ())
}

/// The kind of the events that tell somebody's streams that they have read their feed.
const READ_KIND: &str = "notifications.read";

/// Tells somebody's streams that they have read what is new: the last act of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn append_read(tx: &mut Tx, account: AccountId, reader: uuid::Uuid) -> Result<(), Error> {
    let payload = ConversationEvent {
        notifications_read_by_id: reader.as_bytes().to_vec(),
        ..ConversationEvent::default()
    };
    let event = NewEvent {
        account,
        aggregate: reader,
        kind: READ_KIND,
        payload: payload.encode_to_vec(),
    };
    events::append(tx, &[event]).await.map(|_| ())
}

/// Writes the changes into the outbox: the last act of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, changes: &[Change]) -> Result<(), Error> {
    let events: Vec<NewEvent> = changes.iter().map(Change::event).collect();
    events::append(tx, &events).await.map(|_| ())
}

/// The event that tells that what may be written changed in the chats of a connection, or in all of the account.
#[must_use]
pub fn writability_changed(account: AccountId, connection: Option<ConnectionId>) -> NewEvent {
    let payload = ConversationEvent {
        writability: Some(WritabilityChange {
            connection_id: connection.map(|id| id.to_string()).unwrap_or_default(),
        }),
        ..ConversationEvent::default()
    };
    NewEvent {
        account,
        aggregate: connection.map_or(account.uuid(), ConnectionId::uuid),
        kind: EVENT_KIND,
        payload: payload.encode_to_vec(),
    }
}

/// The kind of the events that tell how a connection is.
const HEALTH_KIND: &str = "connection.health_changed";

/// The event that tells that a connection is other than before.
#[must_use]
pub fn health_changed(news: &HealthNews) -> NewEvent {
    let previous = news.previous.map_or(Default::default(), wire::state);
    let payload = ConversationEvent {
        connection_health: Some(ConnectionHealthChange {
            connection_id: news.connection.to_string(),
            health: Some(wire::health(&news.health)),
            previous_state: previous.into(),
        }),
        ..ConversationEvent::default()
    };
    NewEvent {
        account: news.account,
        aggregate: news.connection.uuid(),
        kind: HEALTH_KIND,
        payload: payload.encode_to_vec(),
    }
}

fn previous(cards: &Cards) -> PreviousCards {
    let bytes = |id: Option<uuid::Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let owner = |card: &Option<Card>| {
        let owner = card.as_ref().and_then(|card| card.responsible);
        bytes(owner.map(types::UserId::uuid))
    };
    let card = cards.card.as_ref();
    PreviousCards {
        contact_owner_id: owner(&cards.contact),
        has_contact: cards.contact.is_some(),
        has_card: card.is_some(),
        card_owner_id: owner(&cards.card),
        stage_id: bytes(card.and_then(|card| card.stage).map(types::StageId::uuid)),
        follower_ids: card
            .map(|card| {
                card.followers
                    .iter()
                    .map(|user| user.uuid().as_bytes().to_vec())
                    .collect()
            })
            .unwrap_or_default(),
    }
}

/// What an event says of the cards before they changed; names, pipelines and tags are not kept.
#[must_use]
pub fn previous_cards(event: &ConversationEvent) -> Option<Cards> {
    let previous = event.previous.as_ref()?;
    let id = |bytes: &[u8]| uuid::Uuid::from_slice(bytes).ok();
    let card = |kind, owner: &[u8]| Card {
        id: uuid::Uuid::nil(),
        kind,
        name: String::new(),
        responsible: id(owner).map(Into::into),
        pipeline: None,
        stage: id(&previous.stage_id).map(Into::into),
        tags: Vec::new(),
        followers: previous
            .follower_ids
            .iter()
            .filter_map(|bytes| id(bytes))
            .map(Into::into)
            .collect(),
        contacts: Vec::new(),
    };
    Some(Cards {
        contact: previous
            .has_contact
            .then(|| card(Kind::Contact, &previous.contact_owner_id)),
        card: previous
            .has_card
            .then(|| card(Kind::Deal, &previous.card_owner_id)),
        group: event.group,
    })
}
