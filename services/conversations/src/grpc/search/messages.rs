//! Messages by what is written in them.

use std::collections::HashMap;

use api::conversations::v1::{
    Highlight, MessageHit, SearchMatch, SearchMessagesRequest, SearchMessagesResponse,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tonic::Request;
use types::{ConversationId, MessageId};

use super::Search;
use crate::domain::card::Sight;
use crate::domain::conversation::Conversation;
use crate::domain::message::Message;
use crate::domain::search::{MAX_CHARACTERS, Problem, Query};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::search::{self, At, Span};
use crate::store::{cards, conversations, messages};
use crate::wire;

/// Blocks that one call looks through: about two million messages for somebody who reads everything, 32 thousand for anybody else. Places
/// alone bound a call, never how much was found: so a short page tells nothing of messages that may not be read.
const BLOCKS: (i64, i64) = (256, 4);

/// Found messages that are looked at together: at first twice the page, which fills it for whoever may read most, since each is read with
/// its conversation and cards; then more, for somebody who may read little.
const FIRST_PAGES: i64 = 2;

/// No more of them than that.
const LARGEST_STEP: i64 = search::BLOCK;

/// Where a page ended: the rebuild and the place in the index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Key {
    epoch: i32,
    before: i64,
}

/// What a page shows.
#[derive(Default)]
struct Page {
    hits: Vec<Hit>,
    next: Option<Key>,
    indexed_until: Option<OffsetDateTime>,
    rebuilding: bool,
}

struct Hit {
    message: Message,
    place: i64,
    marks: Vec<(usize, usize)>,
    conversation: Conversation,
    sight: Sight,
}

/// Conversations of found messages; `None`: their messages may not be read.
type Seen = HashMap<ConversationId, Option<(Conversation, Sight)>>;

pub async fn search_messages(
    service: &Search,
    request: &Request<SearchMessagesRequest>,
) -> Result<SearchMessagesResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    if !service.accounts.state(scope).await?.message_search {
        return Err(Refusal::plan_insufficient("professional"));
    }
    let request = request.get_ref();
    let query = query(request)?;
    let size = page_size(request.page_size, 20, 50)?;
    let token = PageToken {
        method: "SearchMessages",
        account: scope.account(),
    };
    let filters = (&request.query, request.r#match);
    let key: Option<Key> = token.decode(&filters, &request.page_token)?;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { page(tx, &by, &query, key, size as usize).await })
    });
    let page: Page = read.await?;
    Ok(SearchMessagesResponse {
        hits: page.hits.iter().map(hit).collect(),
        next_page_token: page
            .next
            .map(|key| token.encode(&filters, &key))
            .unwrap_or_default(),
        indexed_until: page.indexed_until.map(kit::time::to_proto),
        rebuilding: page.rebuilding,
    })
}

fn query(request: &SearchMessagesRequest) -> Result<Query, Refusal> {
    let mut fields = Fields::new();
    let text = fields.line("query", &request.query, 0..=MAX_CHARACTERS);
    let how = fields.known::<SearchMatch>("match", request.r#match);
    fields.finish()?;
    let query = match how {
        Some(SearchMatch::Substring) => Query::part(&text),
        Some(SearchMatch::Words | SearchMatch::Unspecified) | None => Query::words(&text),
    };
    query.map_err(|problem| match problem {
        Problem::TooShort(minimum) => Refusal::search_too_short(minimum),
        Problem::TooManyWords(most) => {
            Refusal::field("query", format!("must have at most {most} words"))
        }
    })
}

async fn page(
    tx: &mut Tx,
    by: &By,
    query: &Query,
    key: Option<Key>,
    size: usize,
) -> Result<Page, Error> {
    // Before the index is read: what is said of it then holds for what was read.
    let indexed_until = search::indexed_until(tx, by.scope).await?;
    let Some((epoch, end, rebuilding)) = search::newest(tx, by.scope).await? else {
        return Ok(Page {
            indexed_until,
            ..Page::default()
        });
    };
    // After a rebuild places are others: the list begins again.
    let before = key
        .filter(|key| key.epoch == epoch)
        .map_or(end, |key| key.before.clamp(0, end));
    // Only who sees groups as well reads everything.
    let blocks = match by.viewer.sees_groups() {
        true => BLOCKS.0,
        false => BLOCKS.1,
    };
    let span = Span {
        epoch,
        before,
        blocks,
    };
    let (hits, next) = collect(tx, by, query, span, size).await?;
    Ok(Page {
        hits,
        next: next.map(|before| Key { epoch, before }),
        indexed_until,
        rebuilding,
    })
}

/// Up to `size` hits, and where the next page begins.
async fn collect(
    tx: &mut Tx,
    by: &By,
    query: &Query,
    mut span: Span,
    size: usize,
) -> Result<(Vec<Hit>, Option<i64>), Error> {
    let (mut hits, mut seen) = (Vec::new(), Seen::new());
    // One more than fits says that there is another page.
    let mut step = (size as i64 + 1) * FIRST_PAGES;
    let lowest = (span.before - 1).max(0) / search::BLOCK - span.blocks + 1;
    loop {
        let found = search::find(tx, by.scope, query, span, step).await?;
        hits.extend(readable(tx, by, query, &found.messages, &mut seen).await?);
        if hits.len() > size {
            hits.truncate(size);
            let next = hits.last().map(|hit: &Hit| hit.place);
            return Ok((hits, next));
        }
        let is_all = (found.messages.len() as i64) < step;
        if found.until == 0 {
            return Ok((hits, None));
        }
        if is_all {
            return Ok((hits, Some(found.until)));
        }
        step = (step * 4).min(LARGEST_STEP);
        span.before = found.until;
        span.blocks = (span.before - 1) / search::BLOCK - lowest + 1;
    }
}

/// Of found messages those that the caller may read and that still hold what is looked for, in the same order.
async fn readable(
    tx: &mut Tx,
    by: &By,
    query: &Query,
    found: &[(At, i64)],
    seen: &mut Seen,
) -> Result<Vec<Hit>, Error> {
    look(tx, by, found, seen).await?;
    let shown: Vec<_> = found
        .iter()
        .filter_map(|(at, place)| Some((at, *place, seen.get(&at.conversation)?.as_ref()?)))
        .collect();
    let places: Vec<_> = shown
        .iter()
        .map(|(at, ..)| (at.conversation, at.seq))
        .collect();
    let read = messages::at(tx, by.scope, &places).await?;
    let mut read: HashMap<MessageId, Message> = read.into_iter().map(|it| (it.id, it)).collect();
    let hits = shown.into_iter().filter_map(|(at, place, (row, sight))| {
        let message = read.remove(&at.message)?;
        let marks = query.places(&message.text);
        (!marks.is_empty()).then(|| Hit {
            message,
            place,
            marks,
            conversation: row.clone(),
            sight: sight.clone(),
        })
    });
    Ok(hits.collect())
}

/// Looks at the conversations of found messages that have not been looked at.
async fn look(tx: &mut Tx, by: &By, found: &[(At, i64)], seen: &mut Seen) -> Result<(), Error> {
    let mut ids: Vec<_> = found.iter().map(|(at, _)| at.conversation).collect();
    ids.retain(|id| !seen.contains_key(id));
    ids.sort_unstable();
    ids.dedup();
    let account = by.scope.account();
    let wanted: Vec<_> = ids.iter().map(|id| (account, *id)).collect();
    let mut cards = cards::of_conversations(tx, &wanted).await?;
    for row in conversations::all(tx, account, &ids).await? {
        let sight = by.viewer.sight(&cards.remove(&row.id).unwrap_or_default());
        let shown = sight.visibility.shows_messages();
        seen.insert(row.id, shown.then_some((row, sight)));
    }
    Ok(())
}

fn hit(hit: &Hit) -> MessageHit {
    let mark = |(start, length): &(usize, usize)| Highlight {
        start: i32::try_from(*start).unwrap_or(i32::MAX),
        length: i32::try_from(*length).unwrap_or(i32::MAX),
    };
    MessageHit {
        message: Some(wire::message(&hit.message)),
        conversation: Some(wire::conversation(&hit.conversation, &hit.sight)),
        highlights: hit.marks.iter().map(mark).collect(),
    }
}
