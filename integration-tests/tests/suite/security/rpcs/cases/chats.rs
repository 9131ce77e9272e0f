//! The chat window.

use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;

use super::super::{Door, Theirs};
use super::{Cases, add};

pub(super) fn chat_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody};
    add(
        cases,
        "/beseda.conversations.v1.ChatService/GetChat",
        Everybody,
        &conv::GetChatRequest {
            chat_id: theirs.conversation.chat_id.clone(),
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/GetChatProfile",
        Everybody,
        &conv::GetChatProfileRequest {
            chat_id: theirs.conversation.chat_id.clone(),
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/GetWritability",
        Everybody,
        &conv::GetWritabilityRequest {
            place: Some(conv::get_writability_request::Place::ChatId(
                theirs.conversation.chat_id.clone(),
            )),
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/CreateChat",
        Everybody,
        &conv::CreateChatRequest {
            connection_id: theirs.connector.connection.clone(),
            client: Some(conv::create_chat_request::Client::Phone(
                "+79991234567".into(),
            )),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/BlockChat",
        Administrators,
        &conv::BlockChatRequest {
            chat_id: theirs.conversation.chat_id.clone(),
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/UnblockChat",
        Administrators,
        &conv::UnblockChatRequest {
            chat_id: theirs.conversation.chat_id.clone(),
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/OpenWindow",
        Everybody,
        &conv::OpenWindowRequest {
            place: conv::WindowPlace::Contact.into(),
            card_id: theirs.cards.contact.id.clone(),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/ListWindowContacts",
        Everybody,
        &conv::ListWindowContactsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.ChatService/ListContactChats",
        Everybody,
        &conv::ListContactChatsRequest {
            contact_id: theirs.cards.contact.id.clone(),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
}
