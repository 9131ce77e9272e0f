//! The cases of the online chat.

use api::error::v1::ErrorReason as R;
use api::onlinechat::v1 as och;

use super::{Cases, Door, Theirs, add};

/// Those of administrators and of visitors.
pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody, Open, Visitors};
    let online_chat = och::OnlineChat {
        title: "Чужой".into(),
        ..theirs.online_chat.clone()
    };
    let online_chat_id = online_chat.id.clone();
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/CreateOnlineChat",
        Administrators,
        &och::CreateOnlineChatRequest {
            online_chat: Some(och::OnlineChat {
                title: "Х".into(),
                site_url: "no address".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/GetOnlineChat",
        Everybody,
        &och::GetOnlineChatRequest {
            online_chat_id: online_chat_id.clone(),
        },
        R::OnlineChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/ListOnlineChats",
        Everybody,
        &och::ListOnlineChatsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/UpdateOnlineChat",
        Administrators,
        &och::UpdateOnlineChatRequest {
            online_chat: Some(online_chat),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["title".into()],
            }),
        },
        R::OnlineChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/GetEmbedCode",
        Everybody,
        &och::GetEmbedCodeRequest {
            online_chat_id: online_chat_id.clone(),
        },
        R::OnlineChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.OnlineChatService/IssueVisitorToken",
        Administrators,
        &och::IssueVisitorTokenRequest {
            online_chat_id: online_chat_id.clone(),
            external_id: "1".into(),
            ..Default::default()
        },
        R::OnlineChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/StartVisitorSession",
        Open,
        &och::StartVisitorSessionRequest {
            online_chat_id,
            embedding_origin: "https://evil.example".into(),
            ..Default::default()
        },
        R::OriginNotAllowed,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/ListVisitorConversations",
        Visitors,
        &och::ListVisitorConversationsRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/ListVisitorMessages",
        Visitors,
        &och::ListVisitorMessagesRequest {
            before_seq: -1,
            ..Default::default()
        },
        R::FieldInvalid,
        None,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/SendVisitorMessage",
        Visitors,
        &och::SendVisitorMessageRequest {
            client_message_id: "no uuid".into(),
            text: "х".into(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/UploadVisitorFilePart",
        Visitors,
        &och::UploadVisitorFilePartRequest {
            client_file_id: "no uuid".into(),
            size: 1,
            chunk: b"x".to_vec(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/DownloadVisitorFile",
        Visitors,
        &och::DownloadVisitorFileRequest {
            attachment_id: "att_01h455vb4pex5vsknk084sn02q".into(),
            ..Default::default()
        },
        R::AttachmentNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/WatchVisitor",
        Visitors,
        &och::WatchVisitorRequest { after_seq: -1 },
        R::FieldInvalid,
        None,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/MarkRead",
        Visitors,
        &och::MarkReadRequest {
            seq: -1,
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.onlinechat.v1.VisitorService/FinishConversation",
        Visitors,
        &och::FinishConversationRequest {
            thread_id: "no uuid".into(),
        },
        R::FinishNotAllowed,
        R::FinishNotAllowed,
    );
}
