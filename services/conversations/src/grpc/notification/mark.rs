//! Marking a feed as read.

use api::conversations::v1::{MarkNotificationsReadRequest, MarkNotificationsReadResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::{Notifications, feed};
use crate::changes;
use crate::grpc::conversation::Error;
use crate::grpc::{caller_id, seeing};
use crate::live::Cursor;
use crate::store::notifications;

pub async fn mark_read(
    service: &Notifications,
    request: &Request<MarkNotificationsReadRequest>,
) -> Result<MarkNotificationsReadResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let (account, reader) = (caller.scope()?.account(), caller_id(&caller));
    let up_to = Cursor::decode(&request.get_ref().cursor, account)?;
    let up_to = up_to.ok_or_else(|| Refusal::field("cursor", "must be given"))?;
    let position = up_to.0.position;
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let moved = notifications::set_mark(tx, by.scope, reader, position).await?;
            let mark = notifications::mark(tx, by.scope, reader).await?;
            let unread = feed::unread(tx, &by, reader, mark).await?;
            if moved {
                changes::append_read(tx, account, reader).await?;
            }
            Ok::<_, Error>(unread)
        })
    });
    let unread = done.await?;
    service.after.changed([]);
    Ok(MarkNotificationsReadResponse {
        unread: Some(unread),
    })
}
