//! The cases of imBox: its list, its counters, what is live.

use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, Theirs, add};

/// Those of the inbox and counters.
pub(super) fn inbox_cases(theirs: &Theirs, cases: &mut Cases) {
    add(
        cases,
        "/beseda.conversations.v1.InboxService/ListConversations",
        Door::Everybody,
        &conv::ListConversationsRequest {
            connection_id: theirs.connector.connection.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.InboxService/WatchInbox",
        Door::Everybody,
        &conv::WatchInboxRequest {
            cursor: "nonsense".into(),
        },
        R::CursorInvalid,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.CounterService/GetCounters",
        Door::Everybody,
        &conv::GetCountersRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.CounterService/WatchCounters",
        Door::Everybody,
        &conv::WatchCountersRequest {},
        None,
        None,
    );
    notification_cases(cases);
    add(
        cases,
        "/beseda.conversations.v1.InboxService/OpenConversation",
        Door::Everybody,
        &conv::OpenConversationRequest {
            conversation_id: theirs.conversation.id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
}

/// Those of what is new.
fn notification_cases(cases: &mut Cases) {
    add(
        cases,
        "/beseda.conversations.v1.NotificationService/ListNotifications",
        Door::Everybody,
        &conv::ListNotificationsRequest {
            page_token: "nonsense".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.NotificationService/MarkNotificationsRead",
        Door::Everybody,
        &conv::MarkNotificationsReadRequest {
            cursor: "nonsense".into(),
        },
        R::CursorInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.NotificationService/WatchNotifications",
        Door::Everybody,
        &conv::WatchNotificationsRequest {
            cursor: "nonsense".into(),
        },
        R::CursorInvalid,
        None,
    );
}
