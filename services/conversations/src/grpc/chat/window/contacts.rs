//! The contacts of the left menu's window: the conversations of the imBox's list, of which each contact is shown once, where its first
//! one stands. What decides who sees a conversation decides here as well.

use std::collections::{BTreeMap, BTreeSet};

use access::Visibility;
use api::conversations::v1::{ListWindowContactsRequest, ListWindowContactsResponse};
use auth::{AccountScope, Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use pg::Tx;
use serde::{Deserialize, Serialize};
use tonic::Request;
use types::ConversationId;
use uuid::Uuid;

use super::creation::{creation, may_write};
use super::entries::{Entry, Wanted, entries};
use crate::domain::conversation::{Answer, Conversation};
use crate::domain::filter::{Condition, Node};
use crate::domain::plan::plan;
use crate::domain::window::Whose;
use crate::grpc::chat::Chats;
use crate::grpc::chat::get::moment;
use crate::grpc::chat::shown::Moment;
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::conversations::{self, Key};
use crate::store::{cards, chats};

/// How many pages of conversations a call reads at most.
const MOST_PAGES: i64 = 10;

/// The parts of the list: clients that wait, and all others.
const PARTS: usize = 2;

/// Where the list goes on: in which part, after which conversation.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct At {
    part: usize,
    after: Key,
}

/// What the tokens of the list are made with.
#[must_use]
pub fn token(scope: AccountScope) -> PageToken<'static> {
    PageToken {
        method: "ListWindowContacts",
        account: scope.account(),
    }
}

/// How many contacts a page has.
///
/// # Errors
/// FIELD_INVALID for a negative number.
pub fn size(requested: i32) -> Result<i64, Refusal> {
    page_size(requested, 50, 100)
}

pub async fn list_window_contacts(
    service: &Chats,
    request: &Request<ListWindowContactsRequest>,
) -> Result<ListWindowContactsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let token = token(caller.scope()?);
    let request = request.get_ref();
    let size = size(request.page_size)?;
    let at: Option<At> = token.decode(&(), &request.page_token)?;
    let moment = moment(service, &caller).await?;
    let is_administrator = caller.require_administrator().is_ok();
    let may_write = may_write(&caller);
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let creation = creation(tx, &by, may_write, moment).await?;
            let (found, next) = page(tx, &by, at, size, moment).await?;
            Ok::<_, Error>((found, next, creation.is_offered()))
        })
    });
    let (found, next, offered): (Vec<Entry>, Option<At>, bool) = read.await?;
    Ok(ListWindowContactsResponse {
        contacts: found
            .iter()
            .map(|it| it.proto(is_administrator, offered))
            .collect(),
        next_page_token: next.map_or_else(String::new, |at| token.encode(&(), &at)),
    })
}

/// A page that begins at `at`.
///
/// # Errors
/// When the database fails.
pub async fn page(
    tx: &mut Tx,
    by: &By,
    at: Option<At>,
    size: i64,
    moment: Moment,
) -> Result<(Vec<Entry>, Option<At>), Error> {
    let mut reading = Reading {
        size,
        found: Vec::new(),
        shown: BTreeSet::new(),
        left: size * MOST_PAGES,
    };
    let begin = at.map_or(0, |at| at.part);
    let mut next = None;
    for part in begin..PARTS {
        let after = at.filter(|at| at.part == part);
        let after = after.map_or_else(Key::start, |at| at.after);
        next = reading.part(tx, by, At { part, after }).await?;
        if next.is_some() {
            break;
        }
    }
    Ok((entries(tx, by, &reading.found, moment).await?, next))
}

/// The conversations of a part.
fn filter(part: usize) -> Node {
    let is = |condition| Node::Is(condition);
    let open = |answer| is(Condition::Open(true)).and(is(Condition::Answer(answer)));
    match part {
        0 => open(Answer::Required),
        _ => Node::Any(vec![open(Answer::NotNeeded), is(Condition::Open(false))]),
    }
}

/// A page in the making.
struct Reading {
    size: i64,
    found: Vec<Wanted>,
    /// What is on this page already.
    shown: BTreeSet<Whose>,
    /// How many conversations may still be read.
    left: i64,
}

impl Reading {
    /// Reads a part until it ends, which gives `None`, or the page is full, or enough was read.
    async fn part(&mut self, tx: &mut Tx, by: &By, mut at: At) -> Result<Option<At>, Error> {
        let plan = plan(&filter(at.part), &by.viewer);
        if plan.is_empty() {
            return Ok(None);
        }
        loop {
            if self.left <= 0 || self.room() == 0 {
                return Ok(Some(at));
            }
            let limit = (self.room() * 2).min(self.left);
            let read =
                conversations::read(tx, by.scope, Uuid::nil(), &plan, at.after, limit).await?;
            self.left -= i64::try_from(read.rows.len()).unwrap_or(i64::MAX).max(1);
            let mut first = self.first_ones(tx, by, &read.rows).await?;
            for row in &read.rows {
                if let Some(wanted) = first.remove(&row.id) {
                    if self.room() == 0 {
                        return Ok(Some(at));
                    }
                    self.shown.insert(wanted.whose);
                    self.found.push(wanted);
                }
                at.after = Key::of(row);
            }
            if !read.more {
                return Ok(None);
            }
        }
    }

    fn room(&self) -> i64 {
        self.size - i64::try_from(self.found.len()).unwrap_or(i64::MAX)
    }

    /// Of rows those that are seen and stand first among what is shown as one.
    async fn first_ones(
        &self,
        tx: &mut Tx,
        by: &By,
        rows: &[Conversation],
    ) -> Result<BTreeMap<ConversationId, Wanted>, Error> {
        let keys: Vec<_> = rows.iter().map(|row| (row.account, row.id)).collect();
        let mut cards = cards::of_conversations(tx, &keys).await?;
        let mut seen = BTreeMap::new();
        for row in rows {
            let Some(cards) = cards.remove(&row.id) else {
                continue;
            };
            let whose = Whose::of(row.chat, &cards);
            let is_hidden = by.viewer.sight(&cards).visibility == Visibility::Hidden;
            if !is_hidden && !self.shown.contains(&whose) {
                let contact = cards.contact.filter(|_| matches!(whose, Whose::Contact(_)));
                seen.insert(row.id, Wanted { whose, contact });
            }
        }
        let whose: BTreeSet<Whose> = seen.values().map(|wanted| wanted.whose).collect();
        let whose: Vec<Whose> = whose.into_iter().collect();
        let known = chats::entries(tx, by.scope, &whose).await?;
        seen.retain(|id, wanted| known.get(&wanted.whose).is_some_and(|it| it.first == *id));
        Ok(seen)
    }
}
