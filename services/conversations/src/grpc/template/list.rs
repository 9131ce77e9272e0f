//! ListTemplates.

use api::conversations::v1::{ListTemplatesRequest, ListTemplatesResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::Templates;
use crate::store::{connections, templates};
use crate::wire;

pub(super) async fn list(
    service: &Templates,
    request: &Request<ListTemplatesRequest>,
) -> Result<ListTemplatesResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?;
    let size = page_size(request.page_size, 50, 200)?;
    let token = PageToken {
        method: "ListTemplates",
        account: scope.account(),
    };
    let after: Option<(String, String)> = token.decode(&id, &request.page_token)?;
    let page = service.db.tx(scope, move |tx| {
        Box::pin(async move {
            if connections::get(tx, scope, id).await?.is_none() {
                return Err(Refusal::connection_not_found(id));
            }
            // One more than asked for shows whether there is a next page.
            let after = after.unwrap_or_default();
            Ok(templates::list(tx, scope, id, &after, size + 1).await?)
        })
    });
    let mut page = page.await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| has_more);
    Ok(ListTemplatesResponse {
        next_page_token: last
            .map(|last| token.encode(&id, &(&last.key, &last.language)))
            .unwrap_or_default(),
        templates: page.iter().map(wire::template).collect(),
    })
}
