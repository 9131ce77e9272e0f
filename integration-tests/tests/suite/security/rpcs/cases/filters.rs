//! Favourites and saved filters.

use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;

use super::super::{Door, Theirs};
use super::{Cases, add};

/// A filter that nobody has.
const UNKNOWN: &str = "flt_01h455vb4pex5vsknk084sn02q";

pub(super) fn filter_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::Everybody;
    let conversation_id = theirs.conversation.id.clone();
    add(
        cases,
        "/beseda.conversations.v1.InboxService/AddFavourite",
        Everybody,
        &conv::AddFavouriteRequest {
            conversation_id: conversation_id.clone(),
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    // Taking off what is not there changes nothing, whatever it is.
    add(
        cases,
        "/beseda.conversations.v1.InboxService/RemoveFavourite",
        Everybody,
        &conv::RemoveFavouriteRequest { conversation_id },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.CounterService/CountFilters",
        Everybody,
        &conv::CountFiltersRequest {
            filter_ids: vec![UNKNOWN.to_owned()],
            ..Default::default()
        },
        R::FilterNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.CounterService/WatchFilterCounts",
        Everybody,
        &conv::WatchFilterCountsRequest {
            filter_ids: vec![UNKNOWN.to_owned()],
            ..Default::default()
        },
        R::FilterNotFound,
        R::FieldInvalid,
    );
    let of_theirs = conv::FilterNode {
        node: Some(conv::filter_node::Node::ConnectionIds(conv::FilterValues {
            values: vec![theirs.connector.connection.clone()],
        })),
    };
    let saved = |id: &str| conv::SavedFilter {
        id: id.to_owned(),
        name: "theirs".to_owned(),
        filter: Some(of_theirs.clone()),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.conversations.v1.FilterService/CreateFilter",
        Everybody,
        &conv::CreateFilterRequest {
            filter: Some(saved("")),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.FilterService/GetFilter",
        Everybody,
        &conv::GetFilterRequest {
            filter_id: UNKNOWN.to_owned(),
        },
        R::FilterNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.FilterService/ListFilters",
        Everybody,
        &conv::ListFiltersRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.FilterService/UpdateFilter",
        Everybody,
        &conv::UpdateFilterRequest {
            filter: Some(saved(UNKNOWN)),
            ..Default::default()
        },
        R::FilterNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.FilterService/DeleteFilter",
        Everybody,
        &conv::DeleteFilterRequest {
            filter_id: UNKNOWN.to_owned(),
        },
        R::FilterNotFound,
        R::FieldInvalid,
    );
}
