//! A page of messages: to the past, to the future, or around a place.

use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::{ListMessagesRequest, ListMessagesResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use pg::Tx;
use serde::{Deserialize, Serialize};
use tonic::Request;
use types::{AccountId, ConversationId};

use super::Conversations;
use super::get::{conversation_id, readable};
use super::status::Error;
use crate::domain::message::Message;
use crate::grpc::{By, seeing};
use crate::store::messages;
use crate::wire;

/// What a page token says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Direction {
    OlderThan(i64),
    NewerThan(i64),
}

#[derive(Debug, Clone, Copy)]
enum Wanted {
    Towards(Direction),
    Around(i64),
}

/// A page and whether there is more on either side.
pub struct Page {
    messages: Vec<Message>,
    has_older: bool,
    has_newer: bool,
}

impl Page {
    /// The answer of ListMessages with this page.
    pub fn answer(&self, account: AccountId, conversation_id: &str) -> ListMessagesResponse {
        let token = token(account);
        let link = |there: bool, direction: Option<Direction>| match direction {
            Some(direction) if there => token.encode(&conversation_id, &direction),
            _ => String::new(),
        };
        let (first, last) = (self.messages.first(), self.messages.last());
        ListMessagesResponse {
            older_page_token: link(
                self.has_older,
                first.map(|first| Direction::OlderThan(first.seq)),
            ),
            newer_page_token: link(
                self.has_newer,
                last.map(|last| Direction::NewerThan(last.seq)),
            ),
            messages: self.messages.iter().map(wire::message).collect(),
        }
    }
}

fn token(account: AccountId) -> PageToken<'static> {
    PageToken {
        method: "ListMessages",
        account,
    }
}

/// The newest messages of a conversation that the viewer may read.
pub async fn newest(tx: &mut Tx, by: &By, id: ConversationId, size: i64) -> Result<Page, Error> {
    let newest = Wanted::Towards(Direction::OlderThan(i64::MAX));
    read(tx, by, id, newest, size).await
}

pub async fn list_messages(
    service: &Conversations,
    request: &Request<ListMessagesRequest>,
) -> Result<ListMessagesResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    let request = request.get_ref();
    let id = conversation_id(&request.conversation_id)?;
    let size = page_size(request.page_size, 50, 200)?;
    let wanted = wanted(request, &token(scope.account()))?;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { read(tx, &by, id, wanted, size).await })
    });
    let page: Page = read.await?;
    Ok(page.answer(scope.account(), &request.conversation_id))
}

fn wanted(request: &ListMessagesRequest, token: &PageToken<'_>) -> Result<Wanted, Refusal> {
    let not_negative = |field: &str, seq: i64| {
        if seq < 0 {
            Err(Refusal::field(field, "must not be negative"))
        } else {
            Ok(seq)
        }
    };
    let newest = Direction::OlderThan(i64::MAX);
    Ok(match &request.position {
        Some(Position::PageToken(text)) => Wanted::Towards(
            token
                .decode(&request.conversation_id, text)?
                .unwrap_or(newest),
        ),
        Some(Position::AroundSeq(seq)) => Wanted::Around(not_negative("around_seq", *seq)?),
        Some(Position::AfterSeq(seq)) => {
            Wanted::Towards(Direction::NewerThan(not_negative("after_seq", *seq)?))
        }
        None => Wanted::Towards(newest),
    })
}

async fn read(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
    wanted: Wanted,
    size: i64,
) -> Result<Page, Error> {
    let scope = by.scope;
    let (conversation, _) = readable(tx, by, id).await?;
    let mut messages = match wanted {
        Wanted::Towards(Direction::OlderThan(seq)) => {
            messages::list_before(tx, scope, id, seq, size + 1).await?
        }
        Wanted::Towards(Direction::NewerThan(seq)) => {
            messages::list_after(tx, scope, id, seq, size).await?
        }
        Wanted::Around(seq) => {
            let newer =
                messages::list_after(tx, scope, id, seq.saturating_sub(1), size - size / 2).await?;
            let mut around = messages::list_before(tx, scope, id, seq, size / 2 + 1).await?;
            if around.len() as i64 > size / 2 {
                around.remove(0);
                around.extend(newer);
                return Ok(page(around, true, conversation.last.seq));
            }
            around.extend(newer);
            return Ok(page(around, false, conversation.last.seq));
        }
    };
    let has_older = match wanted {
        Wanted::Towards(Direction::OlderThan(_)) if messages.len() as i64 > size => {
            messages.remove(0);
            true
        }
        Wanted::Towards(Direction::OlderThan(_)) | Wanted::Around(_) => false,
        Wanted::Towards(Direction::NewerThan(seq)) => {
            !messages::list_before(tx, scope, id, seq.saturating_add(1), 1)
                .await?
                .is_empty()
        }
    };
    Ok(page(messages, has_older, conversation.last.seq))
}

fn page(messages: Vec<Message>, has_older: bool, last_seq: i64) -> Page {
    let has_newer = messages.last().is_some_and(|last| last.seq < last_seq);
    Page {
        messages,
        has_older,
        has_newer,
    }
}
