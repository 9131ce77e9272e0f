//! Filters of the list (CNV-30): trees of conditions joined by "and" and "or".
//!
//! [`Node::matches`] decides for one conversation, by what its viewer sees of it. [`plan`](super::plan) says which rows can match at
//! all, so that a store reads few others.

use std::borrow::Cow;
use std::collections::BTreeSet;

use access::AccountRights;
use time::OffsetDateTime;
use types::{ConnectionId, GroupId, PipelineId, StageId, TagId, UserId};
use uuid::Uuid;

use super::card::{Card, Cards, Sight, Viewer};
use super::conversation::{Answer, Conversation};

/// The most levels of a tree.
pub const MAX_DEPTH: usize = 5;

/// The most nodes of a tree.
pub const MAX_NODES: usize = 50;

/// The most values of one condition.
pub const MAX_VALUES: usize = 50;

/// A node of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// All of these hold.
    All(Vec<Node>),
    /// At least one of these holds.
    Any(Vec<Node>),
    /// This holds.
    Is(Condition),
}

/// What is asked of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Open, or closed.
    Open(bool),
    /// The answer state.
    Answer(Answer),
    /// Among the viewer's favourites, or not.
    Favourite(bool),
    /// Through one of these channels.
    Channels(BTreeSet<String>),
    /// Through one of these connections.
    Connections(BTreeSet<ConnectionId>),
    /// The responsible employee belongs to one of these departments.
    Groups(BTreeSet<GroupId>),
    /// One of these employees is responsible.
    Responsible(BTreeSet<UserId>),
    /// The deal is in one of these pipelines.
    Pipelines(BTreeSet<PipelineId>),
    /// The deal is on one of these stages.
    Stages(BTreeSet<StageId>),
    /// One of its cards carries one of these tags.
    Tags(BTreeSet<TagId>),
    /// Created in this period.
    Created(Period),
    /// The newest message was stored in this period.
    LastMessage(Period),
    /// All of these words, in lower case, stand in its names.
    Words(Vec<String>),
    /// One of these employees worked in it.
    HandledBy(BTreeSet<UserId>),
    /// An employee of one of these departments worked in it.
    HandledByGroups(BTreeSet<GroupId>),
}

/// A period of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Not before that.
    pub start: Option<OffsetDateTime>,
    /// Before that.
    pub end: Option<OffsetDateTime>,
}

impl Period {
    fn contains(&self, time: OffsetDateTime) -> bool {
        self.start.is_none_or(|start| time >= start) && self.end.is_none_or(|end| time < end)
    }
}

/// What a filter names that can be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A connection.
    Connection(ConnectionId),
    /// A department.
    Group(GroupId),
    /// An employee.
    User(UserId),
    /// A pipeline.
    Pipeline(PipelineId),
    /// A stage.
    Stage(StageId),
    /// A tag.
    Tag(TagId),
}

impl Reference {
    /// Its id.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Connection(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
            Self::User(id) => id.uuid(),
            Self::Pipeline(id) => id.uuid(),
            Self::Stage(id) => id.uuid(),
            Self::Tag(id) => id.uuid(),
        }
    }
}

/// What conditions look at: a conversation as its viewer sees it.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    conversation: &'a Conversation,
    /// The deal or customer where the viewer sees it, and the contact, each without the fields that are hidden from them.
    cards: Vec<Cow<'a, Card>>,
    /// Does the viewer see messages?
    readable: bool,
    favourite: bool,
    handled_by: &'a [UserId],
}

impl<'a> Facts<'a> {
    /// Of a conversation with its cards, for a viewer who sees this much of it.
    #[must_use]
    pub fn new(
        viewer: &Viewer,
        conversation: &'a Conversation,
        cards: &'a Cards,
        sight: &Sight,
        favourite: bool,
        handled_by: &'a [UserId],
    ) -> Self {
        let shown = cards.card.as_ref().filter(|_| sight.card_id.is_some());
        Self {
            conversation,
            cards: shown
                .into_iter()
                .chain(&cards.contact)
                .map(|card| viewer.readable(card))
                .collect(),
            readable: sight.visibility.shows_messages(),
            favourite,
            handled_by,
        }
    }

    fn deal(&self) -> Option<&Card> {
        self.cards.first().map(AsRef::as_ref)
    }

    fn responsible(&self) -> Option<UserId> {
        self.cards.iter().find_map(|card| card.responsible)
    }

    fn says(&self, word: &str) -> bool {
        let names = self.cards.iter().map(|card| &card.name[..]);
        names
            .chain([&self.conversation.title[..]])
            .any(|name| name.to_lowercase().contains(word))
    }
}

impl Condition {
    /// Does it hold? Departments have to be resolved before.
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let conversation = facts.conversation;
        let contains = |set: &BTreeSet<UserId>, user: Option<UserId>| {
            user.is_some_and(|user| set.contains(&user))
        };
        match self {
            Self::Open(open) => conversation.is_open() == *open,
            Self::Answer(answer) => conversation.answer == *answer,
            Self::Favourite(favourite) => facts.favourite == *favourite,
            Self::Channels(set) => set.contains(&conversation.connector_key),
            Self::Connections(set) => set.contains(&conversation.connection),
            Self::Responsible(set) => contains(set, facts.responsible()),
            Self::Pipelines(set) => facts
                .deal()
                .and_then(|deal| deal.pipeline)
                .is_some_and(|pipeline| set.contains(&pipeline)),
            Self::Stages(set) => facts
                .deal()
                .and_then(|deal| deal.stage)
                .is_some_and(|stage| set.contains(&stage)),
            Self::Tags(set) => facts
                .cards
                .iter()
                .any(|card| card.tags.iter().any(|tag| set.contains(tag))),
            Self::Created(period) => period.contains(conversation.create_time),
            Self::LastMessage(period) => facts.readable && period.contains(conversation.last.time),
            Self::Words(words) => words.iter().all(|word| facts.says(word)),
            Self::HandledBy(set) => {
                facts.readable && facts.handled_by.iter().any(|user| set.contains(user))
            }
            Self::Groups(_) | Self::HandledByGroups(_) => false,
        }
    }

    fn references(&self) -> Vec<Reference> {
        fn all<T: Copy>(set: &BTreeSet<T>, kind: impl Fn(T) -> Reference) -> Vec<Reference> {
            set.iter().copied().map(kind).collect()
        }
        match self {
            Self::Connections(set) => all(set, Reference::Connection),
            Self::Groups(set) | Self::HandledByGroups(set) => all(set, Reference::Group),
            Self::Responsible(set) | Self::HandledBy(set) => all(set, Reference::User),
            Self::Pipelines(set) => all(set, Reference::Pipeline),
            Self::Stages(set) => all(set, Reference::Stage),
            Self::Tags(set) => all(set, Reference::Tag),
            Self::Open(_)
            | Self::Answer(_)
            | Self::Favourite(_)
            | Self::Channels(_)
            | Self::Created(_)
            | Self::LastMessage(_)
            | Self::Words(_) => Vec::new(),
        }
    }

    /// Departments as their employees, and without the tags that are gone: cards may still name those.
    fn resolved(self, account: Option<&AccountRights>, gone: &BTreeSet<Reference>) -> Self {
        let members = |groups: &BTreeSet<GroupId>| {
            let members = account.into_iter().flat_map(|account| &account.members);
            members
                .filter(|(_, member)| member.group.is_some_and(|group| groups.contains(&group)))
                .map(|(user, _)| *user)
                .collect()
        };
        match self {
            Self::Groups(groups) => Self::Responsible(members(&groups)),
            Self::HandledByGroups(groups) => Self::HandledBy(members(&groups)),
            Self::Tags(tags) => {
                let there = tags.into_iter();
                Self::Tags(
                    there
                        .filter(|tag| !gone.contains(&Reference::Tag(*tag)))
                        .collect(),
                )
            }
            other => other,
        }
    }
}

impl Node {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::All(vec![self, other])
    }

    /// Does it fit a conversation? Departments have to be resolved before.
    #[must_use]
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(facts)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(facts)),
            Self::Is(condition) => condition.holds(facts),
        }
    }

    /// The tree with departments as their employees, and without the tags that are gone.
    #[must_use]
    pub fn resolved(self, account: Option<&AccountRights>, gone: &BTreeSet<Reference>) -> Self {
        let each = |nodes: Vec<Self>| {
            let nodes = nodes.into_iter();
            nodes.map(|node| node.resolved(account, gone)).collect()
        };
        match self {
            Self::All(nodes) => Self::All(each(nodes)),
            Self::Any(nodes) => Self::Any(each(nodes)),
            Self::Is(condition) => Self::Is(condition.resolved(account, gone)),
        }
    }

    /// What it names.
    #[must_use]
    pub fn references(&self) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        self.visit(&mut |condition| found.extend(condition.references()));
        found
    }

    /// The channels that it names.
    #[must_use]
    pub fn channels(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.visit(&mut |condition| {
            if let Condition::Channels(keys) = condition {
                found.extend(keys.iter().cloned());
            }
        });
        found
    }

    /// Does it ask who worked in a conversation?
    #[must_use]
    pub fn asks_who_handled(&self) -> bool {
        let mut asks = false;
        self.visit(&mut |condition| asks |= matches!(condition, Condition::HandledBy(_)));
        asks
    }

    fn visit(&self, each: &mut impl FnMut(&Condition)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter().for_each(|node| node.visit(each));
            }
            Self::Is(condition) => each(condition),
        }
    }
}
