//! One page of the feed.

use api::conversations::v1::{
    ListNotificationsRequest, ListNotificationsResponse, UnreadNotifications,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use tonic::Request;

use super::Notifications;
use super::feed::{self, END, Page};
use crate::grpc::conversation::Error;
use crate::grpc::{caller_id, seeing};
use crate::store::notifications::{self, Span};

pub async fn list_notifications(
    service: &Notifications,
    request: &Request<ListNotificationsRequest>,
) -> Result<ListNotificationsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let (account, reader) = (caller.scope()?.account(), caller_id(&caller));
    let request = request.get_ref();
    let size = page_size(request.page_size, 20, 100)?;
    let unread_only = request.unread_only;
    let token = PageToken {
        method: "ListNotifications",
        account,
    };
    let before: Option<i64> = token.decode(&unread_only, &request.page_token)?;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let mark = notifications::mark(tx, by.scope, reader).await?;
            let span = Span {
                before: before.unwrap_or(END),
                after: if unread_only { mark } else { 0 },
            };
            let page = feed::read(tx, &by, reader, span, size).await?;
            let unread = match before {
                None => Some(feed::unread(tx, &by, reader, mark).await?),
                Some(_) => None,
            };
            Ok::<_, Error>((page, mark, unread))
        })
    });
    let (page, mark, unread): (Page, i64, Option<UnreadNotifications>) = read.await?;
    let seen = page.seen.iter();
    Ok(ListNotificationsResponse {
        notifications: seen.map(|seen| seen.wire(account, mark)).collect(),
        next_page_token: page
            .next
            .map(|before| token.encode(&unread_only, &before))
            .unwrap_or_default(),
        unread,
    })
}
