//! What the rows of an account say. Everything follows from the account and a number, so each table is written on its own.

use types::{AccountId, ConnectionId, PipelineId, StageId, TagId, UserId};
use uuid::Uuid;

use super::{Account, DataSet, Scope};
use crate::dice::Dice;

/// Two years.
const SPAN: i64 = 730 * 86_400;
/// Stages of a deal.
pub const STAGES: u64 = 12;
/// Tags of cards.
pub const TAGS: u64 = 12;

/// An account whose rows are to be made.
#[derive(Debug)]
pub struct World {
    /// The account.
    pub account: AccountId,
    /// How many conversations and messages it has.
    pub conversations: u64,
    /// How many messages.
    pub messages: u64,
    /// Its connections.
    pub connections: Vec<ConnectionId>,
    seed: u64,
    owners: Vec<UserId>,
    /// Who owns few contacts.
    rare: Option<UserId>,
    end: i64,
}

/// A conversation.
#[derive(Debug)]
pub struct Conversation {
    /// Its place in the account, from 0.
    pub number: u64,
    /// The number of its chat, which is that of its contact.
    pub chat: u64,
    pub id: Uuid,
    pub open: bool,
    pub requires_answer: bool,
    /// Whether a deal belongs to it.
    pub has_deal: bool,
    /// Seconds since 1970.
    pub create: i64,
    pub update: i64,
    /// Place of its first message in the chat.
    pub first_seq: u64,
    pub messages: u64,
}

/// What an id names.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Conversation = 1,
    Chat = 2,
    Contact = 3,
    Deal = 4,
    Message = 5,
}

/// A stage of every account's deals.
pub fn stage(number: u64) -> StageId {
    Dice::new(0x57A6_E000 + number % STAGES).uuid().into()
}

/// The pipeline of every account's deals.
pub fn pipeline() -> PipelineId {
    Dice::new(0x1B1B_E11E).uuid().into()
}

/// A tag of every account; the first is on every second card, each next one on half as many.
pub fn tag(number: u64) -> TagId {
    Dice::new(0x7A60_0000 + number % TAGS).uuid().into()
}

impl World {
    /// The account with this place in the data set.
    pub fn of(data: &DataSet, place: usize, account: &Account) -> Self {
        let seed = 0xBE5E_DA00_u64 + place as u64 * 0x1_0000_0001;
        let mut dice = Dice::new(seed);
        let people = || data.people.iter().filter(|_| place == 0);
        let mut owners: Vec<UserId> = people()
            .filter(|person| !matches!(person.scope, Scope::Administrator | Scope::Rare))
            .map(|person| person.user)
            .collect();
        if owners.is_empty() {
            owners = (0..5).map(|_| dice.uuid().into()).collect();
        }
        let rare = people().find(|person| person.scope == Scope::Rare);
        Self {
            account: account.id,
            conversations: account.conversations,
            messages: account.messages,
            connections: account.connections.clone(),
            seed,
            owners,
            rare: rare.map(|person| person.user),
            end: data.end,
        }
    }

    /// The numbers that belong to something.
    pub fn dice(&self, kind: Kind, number: u64) -> Dice {
        let mut dice = Dice::new(self.seed ^ ((kind as u64) << 56) ^ number);
        Dice::new(dice.next())
    }

    /// How many chats there are: most clients come back once.
    pub fn chats(&self) -> u64 {
        self.conversations.div_ceil(2)
    }

    /// When something of this place in the account happened.
    fn time(&self, number: u64) -> i64 {
        let back = SPAN as f64 * (1.0 - number as f64 / self.conversations as f64);
        self.end - back as i64
    }

    /// A conversation: the earlier ones of a chat are closed, most of the latest are open.
    pub fn conversation(&self, number: u64) -> Conversation {
        let mut dice = self.dice(Kind::Conversation, number);
        let create = self.time(number);
        let id = dice.uuid_at(millis(create));
        let newest = number % 2 == 1 || number + 1 == self.conversations;
        let open = newest && dice.roll(100) < 85;
        let update = (create + dice.roll(5 * 86_400) as i64).min(self.end);
        Conversation {
            number,
            chat: number / 2,
            id,
            open,
            requires_answer: dice.roll(100) < if open { 30 } else { 10 },
            has_deal: dice.roll(100) < 70,
            create,
            update,
            first_seq: 1 + if number % 2 == 1 {
                self.messages_of(number - 1)
            } else {
                0
            },
            messages: self.messages_of(number),
        }
    }

    /// Messages are dealt out in turn, at least one to each.
    fn messages_of(&self, number: u64) -> u64 {
        (self.messages.saturating_sub(number + 1) / self.conversations) + 1
    }

    /// A chat, contact or deal.
    pub fn id(&self, kind: Kind, number: u64) -> Uuid {
        let at = match kind {
            Kind::Chat | Kind::Contact => number * 2,
            Kind::Deal | Kind::Conversation | Kind::Message => number,
        };
        self.dice(kind, number).uuid_at(millis(self.time(at)))
    }

    /// The id of a message of a conversation.
    pub fn message(&self, of: &Conversation, place: u64) -> Uuid {
        self.dice(Kind::Message, of.number ^ (place << 32))
            .uuid_at(millis(of.create) + place)
    }

    /// Who is responsible for a contact.
    pub fn contact_owner(&self, contact: u64) -> UserId {
        let mut dice = self.dice(Kind::Contact, contact ^ (1 << 40));
        match self.rare {
            Some(rare) if dice.roll(2_000) == 0 => rare,
            _ => self.owner(&mut dice),
        }
    }

    /// Who is responsible for the deal of a conversation: mostly who is for the contact.
    pub fn deal_owner(&self, number: u64) -> UserId {
        let mut dice = self.dice(Kind::Deal, number ^ (1 << 40));
        if dice.roll(100) < 80 {
            self.contact_owner(number / 2)
        } else {
            self.owner(&mut dice)
        }
    }

    fn owner(&self, dice: &mut Dice) -> UserId {
        self.owners[usize::try_from(dice.roll(self.owners.len() as u64)).unwrap_or_default()]
    }

    /// The stage of the deal of a conversation.
    pub fn stage(&self, number: u64) -> StageId {
        stage(self.dice(Kind::Deal, number ^ (1 << 41)).roll(STAGES))
    }

    /// The tags of a card, as an array.
    pub fn tags(&self, kind: Kind, number: u64) -> String {
        let mut dice = self.dice(kind, number ^ (1 << 42));
        let carried = (0..TAGS).filter(|tag| dice.roll(2 << tag) == 0);
        let tags: Vec<String> = carried.map(|it| tag(it).uuid().to_string()).collect();
        format!("{{{}}}", tags.join(","))
    }

    /// The connection of a chat, and the key of its connector.
    pub fn connection(&self, chat: u64) -> (ConnectionId, String) {
        let number = self
            .dice(Kind::Chat, chat ^ (1 << 40))
            .roll(self.connections.len() as u64);
        let place = usize::try_from(number).unwrap_or_default();
        (self.connections[place], channel(place))
    }
}

/// The key of the connector of an account's connection with this place.
pub fn channel(place: usize) -> String {
    format!("channel-{}", place % 3)
}

fn millis(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default() * 1_000
}
