//! The cases of search.

use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, add};

/// Those of search: a page token of another account goes nowhere.
pub(super) fn search_cases(cases: &mut Cases) {
    add(
        cases,
        "/beseda.conversations.v1.SearchService/SearchMessages",
        Door::Everybody,
        &conv::SearchMessagesRequest {
            query: "чужое".into(),
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        R::SearchTooShort,
    );
    add(
        cases,
        "/beseda.conversations.v1.SearchService/SearchChats",
        Door::Everybody,
        &conv::SearchChatsRequest {
            query: "чужое".into(),
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        R::SearchTooShort,
    );
}
