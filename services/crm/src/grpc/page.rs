//! Pages of lists.

use serde::Serialize;
use types::AccountId;

/// One page of a list, of which one item more was read than it holds.
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; empty at the end.
    pub next: String,
}

/// Cuts what was read to a page; `key` names where the next one goes on.
pub fn page<T, K: Serialize>(
    mut items: Vec<T>,
    size: i64,
    (method, account): (&str, AccountId),
    filters: &impl Serialize,
    key: impl Fn(&T) -> K,
) -> Page<T> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if items.len() <= size {
        let next = String::new();
        return Page { items, next };
    }
    items.truncate(size);
    let place = kit::page::PageToken { method, account };
    let next = items
        .last()
        .map(|last| place.encode(filters, &key(last)))
        .unwrap_or_default();
    Page { items, next }
}
