//! Reading a feed as its reader may see it: every entry is looked at anew, with the rights that hold now.

use access::Visibility;
use api::conversations::v1::{Notification, NotificationKind, UnreadNotifications};
use events::{Place, shard_of};
use kit::time::to_proto;
use pg::Tx;
use types::AccountId;
use uuid::Uuid;

use crate::domain::card::Sight;
use crate::domain::conversation::Conversation;
use crate::domain::notification::{Entry, Kind};
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::live::Cursor;
use crate::store::notifications::{self, Span};
use crate::store::{cards, conversations};
use crate::wire;

/// How many pages of entries a call reads at most.
const MOST_PAGES: i64 = 10;

/// Up to how many unread entries are counted.
const COUNTED: i64 = 99;

/// After every entry.
pub const END: i64 = i64::MAX;

/// An entry as its reader may see it.
#[derive(Debug)]
pub struct Seen {
    entry: Entry,
    conversation: Conversation,
    sight: Sight,
}

/// Part of a feed.
#[derive(Debug, Default)]
pub struct Page {
    /// The newest first.
    pub seen: Vec<Seen>,
    /// Before which place it goes on; `None` at its end.
    pub next: Option<i64>,
}

/// Up to `size` entries that `reader` may see.
pub async fn read(
    tx: &mut Tx,
    by: &By,
    reader: Uuid,
    mut span: Span,
    size: i64,
) -> Result<Page, Error> {
    let room = |page: &Page| size - i64::try_from(page.seen.len()).unwrap_or(i64::MAX);
    let (mut page, mut left) = (Page::default(), size * MOST_PAGES);
    let mut limit = size + 1;
    loop {
        let (entries, more) = notifications::read(tx, by.scope, reader, span, limit).await?;
        left -= limit;
        for (entry, shown) in entries.iter().zip(visible(tx, by, &entries).await?) {
            if let Some((conversation, sight)) = shown {
                if room(&page) == 0 {
                    page.next = Some(span.before);
                    return Ok(page);
                }
                page.seen.push(Seen {
                    entry: *entry,
                    conversation,
                    sight,
                });
            }
            span.before = entry.position;
        }
        if !more {
            return Ok(page);
        }
        if left <= 0 {
            page.next = Some(span.before);
            return Ok(page);
        }
        // Few may be seen: larger steps cost less.
        limit = (limit * 3).min(left);
    }
}

/// The conversation of each entry, where it may be seen and the entry still holds.
async fn visible(
    tx: &mut Tx,
    by: &By,
    entries: &[Entry],
) -> Result<Vec<Option<(Conversation, Sight)>>, Error> {
    let account = by.scope.account();
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.conversation).collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted: Vec<_> = ids.iter().map(|id| (account, *id)).collect();
    let cards = cards::of_conversations(tx, &wanted).await?;
    let rows = conversations::all(tx, account, &ids).await?;
    let shown = entries.iter().map(|entry| {
        let row = rows.iter().find(|row| row.id == entry.conversation)?;
        let cards = cards.get(&row.id)?;
        let sight = by.viewer.sight(cards);
        let is_shown = sight.visibility != Visibility::Hidden && entry.holds(cards);
        is_shown.then(|| (row.clone(), sight))
    });
    Ok(shown.collect())
}

/// How much is unread after a place.
pub async fn unread(
    tx: &mut Tx,
    by: &By,
    reader: Uuid,
    mark: i64,
) -> Result<UnreadNotifications, Error> {
    let span = Span {
        before: END,
        after: mark,
    };
    let page = read(tx, by, reader, span, COUNTED).await?;
    Ok(UnreadNotifications {
        count: i32::try_from(page.seen.len()).unwrap_or(i32::MAX),
        more: page.next.is_some(),
    })
}

impl Seen {
    /// Its place.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.entry.position
    }

    /// As its reader is told, who has read up to `mark`.
    pub fn wire(&self, account: AccountId, mark: i64) -> Notification {
        let readable = self.sight.visibility.shows_messages();
        let message = self.entry.message.filter(|_| readable);
        Notification {
            kind: match self.entry.kind {
                Kind::NewConversation => NotificationKind::NewConversation,
                Kind::ClientMessage => NotificationKind::ClientMessage,
                Kind::Assigned => NotificationKind::Assigned,
                Kind::Rated => NotificationKind::Rated,
            }
            .into(),
            conversation: Some(wire::conversation(&self.conversation, &self.sight)),
            message_id: message.map_or_else(String::new, |(id, _)| id.to_string()),
            message_seq: message.map_or(0, |(_, seq)| seq),
            create_time: Some(to_proto(self.entry.time)),
            read: self.entry.position <= mark,
            cursor: cursor(account, self.entry.position),
        }
    }
}

/// A place of an account's feeds, as clients carry it.
#[must_use]
pub fn cursor(account: AccountId, position: i64) -> String {
    let shard = shard_of(account);
    Cursor(Place { shard, position }).encode(account)
}
