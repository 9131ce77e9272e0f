//! Reading a page: rows by the plan of the filter, looked at one by one until the page is full or ten pages of rows are read.

use std::collections::{BTreeSet, HashMap};

use access::Visibility;
use api::conversations::v1::Conversation as Proto;
use pg::Tx;
use serde::{Deserialize, Serialize};
use types::ConversationId;
use uuid::Uuid;

use crate::domain::conversation::{Answer, Conversation};
use crate::domain::filter::{Condition, Facts, Node, Reference};
use crate::domain::plan::plan;
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::grpc::filter::references;
use crate::store::conversations::{self, Key};
use crate::store::{cards, favourites, participants};
use crate::wire;

/// How many pages of rows a call reads at most.
const MOST_PAGES: i64 = 10;

/// What to list.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What fits.
    pub filter: Node,
    /// Those that require an answer before all others?
    pub unanswered_first: bool,
    /// Whose favourites are meant.
    pub owner: Uuid,
    /// Rows of a page.
    pub size: i64,
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Place {
    /// Which part of the list.
    part: usize,
    /// After which row of it.
    after: Key,
}

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// The rows as the caller sees them.
    pub rows: Vec<Proto>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Place>,
}

/// Reads a page that begins at `place`.
pub async fn read(
    tx: &mut Tx,
    by: &By,
    wanted: Wanted,
    place: Option<Place>,
) -> Result<Page, Error> {
    let account = by.viewer.account.clone();
    let named = wanted.filter.references();
    let tags = named
        .into_iter()
        .filter(|it| matches!(it, Reference::Tag(_)));
    let gone: BTreeSet<_> = references::missing(tx, by, &tags.collect()).await?;
    let filter = wanted.filter.clone().resolved(account.as_deref(), &gone);
    let mut reading = Reading {
        wanted: &wanted,
        page: Vec::new(),
        left: wanted.size * MOST_PAGES,
        next: None,
    };
    let begin = place.map_or(0, |place| place.part);
    let parts = parts(filter, wanted.unanswered_first);
    for (part, filter) in parts.into_iter().enumerate().skip(begin) {
        let after = place.filter(|place| place.part == part);
        let place = Place {
            part,
            after: after.map_or_else(Key::start, |place| place.after),
        };
        reading.part(tx, by, &filter, place).await?;
        if reading.next.is_some() {
            break;
        }
    }
    Ok(Page {
        rows: reading.page,
        next: reading.next,
    })
}

fn parts(filter: Node, unanswered_first: bool) -> Vec<Node> {
    if !unanswered_first {
        return vec![filter];
    }
    let with = |answer| Node::Is(Condition::Answer(answer)).and(filter.clone());
    vec![with(Answer::Required), with(Answer::NotNeeded)]
}

struct Reading<'a> {
    wanted: &'a Wanted,
    page: Vec<Proto>,
    /// How many rows may still be read.
    left: i64,
    /// Where to go on, when the page is full or no more rows may be read.
    next: Option<Place>,
}

impl Reading<'_> {
    /// Reads a part of the list until it ends, the page is full, or enough was read.
    async fn part(
        &mut self,
        tx: &mut Tx,
        by: &By,
        filter: &Node,
        mut place: Place,
    ) -> Result<(), Error> {
        let plan = plan(filter, &by.viewer);
        if plan.is_empty() {
            return Ok(());
        }
        let mut limit = self.room() + 1;
        loop {
            if self.left <= 0 {
                self.next = Some(place);
                return Ok(());
            }
            let limited = limit.min(self.left);
            let found =
                conversations::read(tx, by.scope, self.wanted.owner, &plan, place.after, limited)
                    .await?;
            self.left -= i64::try_from(found.rows.len()).unwrap_or(i64::MAX).max(1);
            let fitting = fitting(tx, by, self.wanted.owner, filter, &found.rows).await?;
            for (row, shown) in found.rows.iter().zip(fitting) {
                if let Some(shown) = shown {
                    if self.room() == 0 {
                        self.next = Some(place);
                        return Ok(());
                    }
                    self.page.push(shown);
                }
                place.after = Key::of(row);
            }
            if !found.more {
                return Ok(());
            }
            // Few rows fit: larger steps cost less.
            limit = (limit * 3).min(self.wanted.size * MOST_PAGES);
        }
    }

    fn room(&self) -> i64 {
        self.wanted.size - i64::try_from(self.page.len()).unwrap_or(i64::MAX)
    }
}

/// Each row as the caller sees it; `None` where it is hidden or does not fit.
async fn fitting(
    tx: &mut Tx,
    by: &By,
    owner: Uuid,
    filter: &Node,
    rows: &[Conversation],
) -> Result<Vec<Option<Proto>>, Error> {
    let account = by.scope.account();
    let ids: Vec<ConversationId> = rows.iter().map(|row| row.id).collect();
    let wanted: Vec<_> = ids.iter().map(|id| (account, *id)).collect();
    let cards = cards::of_conversations(tx, &wanted).await?;
    let favourites = favourites::among(tx, by.scope, owner, &ids).await?;
    let handled = match filter.asks_who_handled() {
        true => participants::of(tx, account, &ids).await?,
        false => HashMap::new(),
    };
    let none = Default::default();
    let shown = rows.iter().map(|row| {
        let cards = cards.get(&row.id).unwrap_or(&none);
        let sight = by.viewer.sight(cards);
        if sight.visibility == Visibility::Hidden {
            return None;
        }
        let favourite = favourites.contains(&row.id);
        let handled = handled.get(&row.id).map_or(&[][..], |users| &users[..]);
        let facts = Facts::new(&by.viewer, row, cards, &sight, favourite, handled);
        filter
            .matches(&facts)
            .then(|| wire::with_favourite(wire::conversation(row, &sight), favourite))
    });
    Ok(shown.collect())
}
