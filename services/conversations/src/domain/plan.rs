//! Which rows a store has to look at for a filter: ranges of indexes in the order of the list.
//!
//! A filter is taken apart into branches, of which at least one holds wherever the filter holds. Each is reduced to bounds: what
//! every conversation that fits must have. The narrowest bound that an index serves drives the reading; everything else is looked
//! at row by row. So a plan never leaves a fitting row out, and at most reads some that do not fit.

use std::collections::BTreeSet;

use access::{Action, Entity, Level, StageRight};
use types::{ConnectionId, StageId, UserId};

use super::card::{Owners, Viewer};
use super::conversation::Answer;
use super::filter::{Condition, Node};

/// The most branches that are read side by side; a filter with more is read as one.
const MAX_BRANCHES: usize = 8;

/// The most ranges of one branch.
const MAX_RANGES: usize = 64;

/// The rows of one branch: an index that drives the reading, and the states they may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Where to read.
    pub by: By,
    /// Open, closed.
    pub lives: Vec<bool>,
    /// Answer states.
    pub answers: Vec<Answer>,
}

/// What drives the reading of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The viewer's favourites.
    Favourites,
    /// The stages of deals.
    Stages(Vec<StageId>),
    /// Who is responsible.
    Responsible(Vec<UserId>),
    /// Who is responsible for the contact: the viewer sees no other.
    ContactOwners(Vec<UserId>),
    /// The connections.
    Connections(Vec<ConnectionId>),
    /// Nothing: all conversations of the account.
    Account,
}

/// What every fitting conversation must have; `None` where anything goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bounds {
    favourite: bool,
    open: Option<bool>,
    answer: Option<Answer>,
    connections: Option<BTreeSet<ConnectionId>>,
    responsible: Option<BTreeSet<UserId>>,
    stages: Option<BTreeSet<StageId>>,
    /// Nothing can fit.
    never: bool,
}

impl Bounds {
    fn of(condition: &Condition) -> Self {
        let mut bounds = Self::default();
        match condition {
            Condition::Open(open) => bounds.open = Some(*open),
            Condition::Answer(answer) => bounds.answer = Some(*answer),
            Condition::Favourite(favourite) => bounds.favourite = *favourite,
            Condition::Connections(set) => bounds.connections = Some(set.clone()),
            Condition::Responsible(set) => bounds.responsible = Some(set.clone()),
            Condition::Stages(set) => bounds.stages = Some(set.clone()),
            Condition::HandledBy(set) => bounds.never = set.is_empty(),
            Condition::Tags(set) => bounds.never = set.is_empty(),
            Condition::Channels(_)
            | Condition::Groups(_)
            | Condition::HandledByGroups(_)
            | Condition::Pipelines(_)
            | Condition::Created(_)
            | Condition::LastMessage(_)
            | Condition::Words(_) => {}
        }
        bounds
    }

    fn and(&self, other: &Self) -> Self {
        let clash = |a: bool, b: bool| a && b;
        Self {
            favourite: self.favourite || other.favourite,
            open: self.open.or(other.open),
            answer: self.answer.or(other.answer),
            connections: both(&self.connections, &other.connections),
            responsible: both(&self.responsible, &other.responsible),
            stages: both(&self.stages, &other.stages),
            never: self.never
                || other.never
                || clash(
                    self.open.is_some() && other.open.is_some(),
                    self.open != other.open,
                )
                || clash(
                    self.answer.is_some() && other.answer.is_some(),
                    self.answer != other.answer,
                ),
        }
    }

    fn or(&self, other: &Self) -> Self {
        match (self.never, other.never) {
            (true, _) => return other.clone(),
            (_, true) => return self.clone(),
            (false, false) => {}
        }
        Self {
            favourite: self.favourite && other.favourite,
            open: self.open.filter(|_| self.open == other.open),
            answer: self.answer.filter(|_| self.answer == other.answer),
            connections: either(&self.connections, &other.connections),
            responsible: either(&self.responsible, &other.responsible),
            stages: either(&self.stages, &other.stages),
            never: false,
        }
    }

    fn is_empty(&self) -> bool {
        fn empty<T>(set: &Option<BTreeSet<T>>) -> bool {
            set.as_ref().is_some_and(BTreeSet::is_empty)
        }
        self.never || empty(&self.connections) || empty(&self.responsible) || empty(&self.stages)
    }
}

fn both<T: Ord + Clone>(a: &Option<BTreeSet<T>>, b: &Option<BTreeSet<T>>) -> Option<BTreeSet<T>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a & b),
        (known, None) | (None, known) => known.clone(),
    }
}

fn either<T: Ord + Clone>(a: &Option<BTreeSet<T>>, b: &Option<BTreeSet<T>>) -> Option<BTreeSet<T>> {
    Some(a.as_ref()? | b.as_ref()?)
}

/// The branches of a tree, at most [`MAX_BRANCHES`]. Where they would be more, one takes their place.
fn branches(node: &Node) -> Vec<Bounds> {
    let found = match node {
        Node::Is(condition) => vec![Bounds::of(condition)],
        Node::Any(nodes) => nodes.iter().flat_map(branches).collect(),
        Node::All(nodes) => nodes.iter().fold(vec![Bounds::default()], |found, node| {
            let more = few(branches(node));
            few(found
                .iter()
                .flat_map(|a| more.iter().map(|b| a.and(b)))
                .collect())
        }),
    };
    few(found)
}

fn few(mut found: Vec<Bounds>) -> Vec<Bounds> {
    found.retain(|bounds| !bounds.is_empty());
    if found.len() > MAX_BRANCHES {
        let one = found
            .iter()
            .skip(1)
            .fold(found[0].clone(), |all, next| all.or(next));
        return vec![one];
    }
    found
}

/// What to read for a filter, whose departments are resolved; no branch when nothing can fit or the viewer sees nothing.
#[must_use]
pub fn plan(filter: &Node, viewer: &Viewer) -> Vec<Branch> {
    let owners = viewer.owners();
    let mut plan: Vec<Branch> = Vec::new();
    for bounds in branches(filter) {
        if let Some(branch) = branch(&bounds, &owners, sees_every_card(viewer))
            && !plan.contains(&branch)
        {
            plan.push(branch);
        }
    }
    plan
}

fn branch(bounds: &Bounds, owners: &Owners, every_card: bool) -> Option<Branch> {
    let lives = bounds.open.map_or(vec![true, false], |open| vec![open]);
    let answers = match bounds.answer {
        Some(answer) => vec![answer],
        None => vec![Answer::Required, Answer::NotNeeded],
    };
    let by = match owners {
        Owners::Only(owners) if owners.is_empty() => return None,
        _ if bounds.favourite => By::Favourites,
        Owners::Only(owners) => By::ContactOwners(owners.clone()),
        Owners::All => narrowest(bounds, every_card, lives.len()),
    };
    Some(Branch { by, lives, answers })
}

/// The rule: stage, responsible employee, connection, else the whole account by its states.
fn narrowest(bounds: &Bounds, every_card: bool, lives: usize) -> By {
    fn served<T: Copy>(set: &Option<BTreeSet<T>>, lives: usize) -> Option<Vec<T>> {
        let set = set.as_ref()?;
        (set.len() * lives <= MAX_RANGES).then(|| set.iter().copied().collect())
    }
    // Whoever does not see a deal sees the contact's employee as the responsible one: the index does not know that.
    let responsible = bounds.responsible.clone().filter(|_| every_card);
    served(&bounds.stages, lives)
        .map(By::Stages)
        .or_else(|| served(&responsible, lives).map(By::Responsible))
        .or_else(|| served(&bounds.connections, lives).map(By::Connections))
        .unwrap_or(By::Account)
}

/// Is no deal or customer hidden from the viewer?
fn sees_every_card(viewer: &Viewer) -> bool {
    let rights = &viewer.rights;
    let mut stages = rights.stages();
    rights.level(Entity::Deals, Action::View) == Level::Allowed
        && !stages.any(|(_, rights)| rights.get(Action::View).0 == StageRight::Forbidden)
}
