//! Chats by whom they are with.

use std::collections::HashMap;

use access::Visibility;
use api::conversations::v1::{ChatHit, ChatMatch, SearchChatsRequest, SearchChatsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use serde::{Deserialize, Serialize};
use tonic::Request;
use types::ChatId;
use uuid::Uuid;

use super::Search;
use super::contacts::{self, Contacts};
use crate::domain::card::{Kind, Sight};
use crate::domain::conversation::Conversation;
use crate::domain::search::{ChatQuery, MAX_CHARACTERS, Problem};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::search::chats::{self, Names};
use crate::store::{cards, conversations};
use crate::wire;

/// Steps of a call: somebody who may see none of what is found must not make it read a whole account.
const STEPS: usize = 25;

/// Found chats, or contacts, that are looked at together.
const STEP: usize = 200;

/// Blocks of the index that one step looks through: half a million chats.
const BLOCKS: i64 = 64;

/// Where a page ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Key {
    /// Among those found by name, at this place of the index.
    Name(i64),
    /// Among those found by contact, behind this chat of this contact.
    Contact(Uuid, Uuid),
}

/// A chat that may be shown.
struct Hit {
    names: Names,
    conversation: Conversation,
    sight: Sight,
    matched: ChatMatch,
    key: Key,
}

/// A page in the making.
struct Page<'q> {
    query: &'q ChatQuery,
    size: usize,
    hits: Vec<Hit>,
}

pub async fn search_chats(
    service: &Search,
    request: &Request<SearchChatsRequest>,
) -> Result<SearchChatsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    let request = request.get_ref();
    let query = query(&request.query)?;
    let size = page_size(request.page_size, 20, 50)? as usize;
    let token = PageToken {
        method: "SearchChats",
        account: scope.account(),
    };
    let key: Option<Key> = token.decode(&request.query, &request.page_token)?;
    let found = contacts::find(service.crm.clone(), scope, &query).await?;
    let too_many = found.more;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { page(tx, &by, &query, found, key, size).await })
    });
    let (hits, next): (Vec<Hit>, Option<Key>) = read.await?;
    Ok(SearchChatsResponse {
        hits: hits.iter().map(hit).collect(),
        next_page_token: next
            .map(|key| token.encode(&request.query, &key))
            .unwrap_or_default(),
        too_many,
    })
}

fn query(text: &str) -> Result<ChatQuery, Refusal> {
    let mut fields = Fields::new();
    let text = fields.line("query", text, 0..=MAX_CHARACTERS);
    fields.finish()?;
    ChatQuery::new(&text).map_err(|problem| match problem {
        Problem::TooShort(minimum) => Refusal::search_too_short(minimum),
        Problem::TooManyWords(most) => {
            Refusal::field("query", format!("must have at most {most} words"))
        }
    })
}

/// First those found by name, then those found by their contact.
async fn page(
    tx: &mut Tx,
    by: &By,
    query: &ChatQuery,
    mut found: Contacts,
    key: Option<Key>,
    size: usize,
) -> Result<(Vec<Hit>, Option<Key>), Error> {
    found.keep_readable(&by.viewer);
    let mut page = Page {
        query,
        size,
        hits: Vec::new(),
    };
    let after = match key {
        Some(Key::Contact(contact, chat)) => (contact, chat),
        Some(Key::Name(_)) | None => {
            let end = chats::end(tx, by.scope).await?;
            let before = match key {
                Some(Key::Name(place)) => place.clamp(0, end),
                Some(Key::Contact(..)) | None => end,
            };
            if let Some(next) = page.by_name(tx, by, before).await? {
                return Ok((page.hits, Some(next)));
            }
            (Uuid::nil(), Uuid::nil())
        }
    };
    let next = page.by_contact(tx, by, &found, after).await?;
    Ok((page.hits, next))
}

impl Page<'_> {
    /// Goes through the index of names; where the next page begins, `None` at the end.
    async fn by_name(
        &mut self,
        tx: &mut Tx,
        by: &By,
        mut before: i64,
    ) -> Result<Option<Key>, Error> {
        let pattern = self.query.pattern();
        for _ in 0..STEPS {
            let span = (before, BLOCKS);
            let found = chats::find(tx, by.scope, &pattern, span, STEP as i64).await?;
            let places: HashMap<ChatId, i64> = found.chats.iter().copied().collect();
            let ids: Vec<_> = found.chats.iter().map(|(chat, _)| *chat).collect();
            for mut hit in visible(tx, by, &ids).await? {
                // The index may be behind: what counts is what the caller sees the chat's client called now.
                if self.is_found_by_name(&hit) {
                    if !self.query.is_in(&[&hit.names.client, &hit.names.contact]) {
                        hit.matched = ChatMatch::Messenger;
                    }
                    hit.key = Key::Name(places[&hit.conversation.chat]);
                    self.hits.push(hit);
                }
            }
            if let Some(next) = self.full() {
                return Ok(Some(next));
            }
            before = found.until;
            if before == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Key::Name(before)))
    }

    /// Goes through the contacts behind a chat of one of them; where the next page begins, `None` at the end.
    async fn by_contact(
        &mut self,
        tx: &mut Tx,
        by: &By,
        found: &Contacts,
        after: (Uuid, Uuid),
    ) -> Result<Option<Key>, Error> {
        let left: Vec<_> = found.found.range(after.0..).collect();
        for (n, step) in left.chunks(STEP).enumerate() {
            if n == STEPS {
                return Ok(Some(Key::Contact(*step[0].0, Uuid::nil())));
            }
            let contacts: Vec<Uuid> = step.iter().map(|(contact, _)| **contact).collect();
            self.of_contacts(tx, by, found, &contacts, after).await?;
            if let Some(next) = self.full() {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    /// The chats of contacts, but for those that were found by name.
    async fn of_contacts(
        &mut self,
        tx: &mut Tx,
        by: &By,
        found: &Contacts,
        contacts: &[Uuid],
        after: (Uuid, Uuid),
    ) -> Result<(), Error> {
        let mut pairs = chats::of_contacts(tx, by.scope.account(), contacts).await?;
        pairs.retain(|(contact, chat)| (*contact, chat.uuid()) > after);
        let ids: Vec<_> = pairs.iter().map(|(_, chat)| *chat).collect();
        let shown = chats::matching(tx, by.scope, &ids, &self.query.pattern()).await?;
        let contacts: HashMap<ChatId, Uuid> = pairs.into_iter().map(|(k, c)| (c, k)).collect();
        for mut hit in visible(tx, by, &ids).await? {
            let chat = hit.conversation.chat;
            let was_shown = shown.contains(&chat) && self.is_found_by_name(&hit);
            let Some(contact) = contacts.get(&chat).filter(|_| !was_shown) else {
                continue;
            };
            hit.matched = found.found[contact];
            hit.key = Key::Contact(*contact, chat.uuid());
            self.hits.push(hit);
        }
        Ok(())
    }

    fn is_found_by_name(&self, hit: &Hit) -> bool {
        let Names {
            client,
            contact,
            username,
        } = &hit.names;
        self.query.is_in(&[client, contact, username])
    }

    /// When there is more than fits: cuts it off, and says where the next page begins.
    fn full(&mut self) -> Option<Key> {
        if self.hits.len() <= self.size {
            return None;
        }
        self.hits.truncate(self.size);
        self.hits.last().map(|hit| hit.key)
    }
}

/// Of chats those of which the caller sees a conversation, in the same order.
async fn visible(tx: &mut Tx, by: &By, chats: &[ChatId]) -> Result<Vec<Hit>, Error> {
    let account = by.scope.account();
    let rows = conversations::newest_of_chats(tx, account, chats).await?;
    let wanted: Vec<_> = rows.iter().map(|row| (account, row.id)).collect();
    let mut cards = cards::of_conversations(tx, &wanted).await?;
    let mut seen: HashMap<ChatId, (Conversation, Sight)> = HashMap::new();
    for row in rows {
        let Some(cards) = cards.remove(&row.id) else {
            continue;
        };
        let sight = by.viewer.sight(&cards);
        if sight.visibility != Visibility::Hidden {
            seen.entry(row.chat).or_insert((row, sight));
        }
    }
    let names = chats::names(tx, account, chats).await?;
    let reads_names = by.viewer.reads_name(Kind::Contact);
    let hits = names.into_iter().filter_map(|(chat, mut names)| {
        let (conversation, sight) = seen.remove(&chat)?;
        if !reads_names {
            names.contact.clear();
        }
        Some(Hit {
            names,
            conversation,
            sight,
            matched: ChatMatch::Name,
            key: Key::Name(0),
        })
    });
    Ok(hits.collect())
}

fn hit(hit: &Hit) -> ChatHit {
    ChatHit {
        conversation: Some(wire::conversation(&hit.conversation, &hit.sight)),
        client_name: hit.names.client.clone(),
        contact_name: hit.names.contact.clone(),
        matched: hit.matched.into(),
    }
}
