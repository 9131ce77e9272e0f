//! ReportPicture: which picture a client shows of themselves (CHW-58). It is brought only when the hub does not have it.

use api::connector::v1::{ReportPictureRequest, ReportPictureResponse};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{AttachmentId, ChatId, ConnectionId};

use super::Hub;
use crate::domain::attachment::Kind;
use crate::grpc::conversation::Error;
use crate::store::attachments::{self, Kept};
use crate::store::chats;

/// What a connector tells.
struct Told {
    connection: ConnectionId,
    /// The channel's id of the chat.
    chat: String,
    /// The channel's id of the picture; empty for none.
    key: String,
    file: Option<AttachmentId>,
}

pub(super) async fn report(
    hub: &Hub,
    request: Request<ReportPictureRequest>,
) -> Result<ReportPictureResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let request = request.into_inner();
    let connector = caller.connector(&request.connector_key)?;
    let told = parse(&request)?;
    let (_, scope) = hub.connection(&connector, told.connection).await?;
    let stored = hub.db.tx(scope, move |tx| {
        Box::pin(async move { store(tx, scope, &told).await })
    });
    let wanted = stored.await.map_err(|error: Error| Refusal::from(error))?;
    Ok(ReportPictureResponse { wanted })
}

fn parse(request: &ReportPictureRequest) -> Result<Told, Refusal> {
    let mut fields = Fields::new();
    let connection: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    let chat = fields.key("external_chat_id", &request.external_chat_id, 1..=200);
    let key = fields.key("picture_id", &request.picture_id, 0..=200);
    let file = fields.optional_id("attachment_id", &request.attachment_id);
    if file.is_some() && key.is_empty() {
        fields.reject("picture_id", "must be given with the picture");
    }
    fields.finish()?;
    Ok(Told {
        connection: connection
            .ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?,
        chat,
        key,
        file,
    })
}

/// True when the picture is wanted.
async fn store(tx: &mut Tx, scope: AccountScope, told: &Told) -> Result<bool, Error> {
    let unknown = || Refusal::chat_not_found(&told.chat);
    let found = chats::find(tx, scope, told.connection, &told.chat).await?;
    let chat: ChatId = found.ok_or_else(unknown)?;
    let locked = chats::lock(tx, scope, chat).await?;
    if locked.is_none_or(|chat| chat.group) {
        return Err(unknown().into());
    }
    let shown = attachments::of_chat(tx, scope, chat).await?;
    if shown.as_ref().is_some_and(|shown| shown.key == told.key) {
        return Ok(false);
    }
    match told.file {
        None if !told.key.is_empty() => Ok(true),
        None => {
            attachments::let_go(tx, scope, chat).await?;
            Ok(false)
        }
        Some(file) => {
            let kept = attachments::lock(tx, &[(scope.account(), file)]).await?;
            usable(kept.into_iter().next(), told, file)?;
            attachments::let_go(tx, scope, chat).await?;
            attachments::show(tx, scope, (chat, &told.key), file).await?;
            Ok(false)
        }
    }
}

/// Refuses what is no picture that was uploaded to this chat for nothing else.
fn usable(kept: Option<Kept>, told: &Told, file: AttachmentId) -> Result<(), Refusal> {
    let place = (told.connection, told.chat.clone());
    let kept = kept.filter(|kept| {
        kept.chat.as_ref() == Some(&place)
            && kept.uploader == told.connection.uuid()
            && kept.sent.is_none()
    });
    let kept = kept.ok_or_else(|| Refusal::attachment_not_found(file))?;
    match kept.file.kind {
        Kind::Image => Ok(()),
        _ => Err(Refusal::file_type_not_allowed(&kept.file.media_type)),
    }
}
