//! DownloadClientRecording: a call with this client, about this deal of theirs.

use api::crm::internal::v1::download_client_recording_response::Part;
use api::crm::internal::v1::{DownloadClientRecordingRequest, DownloadClientRecordingResponse};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::{Request, Status};
use types::{DealId, TimelineEntryId};

use super::Client;
use crate::Error;
use crate::core::Core;
use crate::grpc::calls::{contents, part_of};
use crate::store::clients;
use crate::store::recordings::{self, Kept};

pub(super) type Parts = BoxStream<'static, Result<DownloadClientRecordingResponse, Status>>;

pub(super) async fn download(
    core: &Core,
    request: &Request<DownloadClientRecordingRequest>,
) -> Result<Parts, Error> {
    let message = request.get_ref();
    let client = Client::of(request, &message.account_id, &message.phone)?;
    let scope = client.scope;
    let mut fields = Fields::new();
    let deal: Option<DealId> = fields.id("deal_id", &message.deal_id);
    fields.finish()?;
    let id = part_of(&message.call_id)?;
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move { find(tx, &client, deal, id).await })
    });
    let kept = found
        .await?
        .ok_or_else(|| Refusal::recording_not_found(id))?;
    let answer = |part| DownloadClientRecordingResponse { part: Some(part) };
    let first = stream::iter([Ok(answer(Part::Recording(kept.recording.into())))]);
    let rest = contents(core.db.clone(), scope, id);
    let rest = rest.map(move |piece| Ok(answer(Part::Chunk(piece?))));
    Ok(first.chain(rest).boxed())
}

/// A deal of somebody else, and a call with somebody else about the same deal, are as if they were not there.
async fn find(
    tx: &mut Tx,
    client: &Client,
    deal: Option<DealId>,
    id: TimelineEntryId,
) -> Result<Option<Kept>, Error> {
    let account = client.scope.account();
    let contacts = clients::contacts(tx, account, &client.phone).await?;
    let Some(deal) = deal else { return Ok(None) };
    if !clients::has_deal(tx, account, &contacts, deal.into()).await? {
        return Ok(None);
    }
    let kept = recordings::find(tx, account, id).await?;
    Ok(kept.filter(|kept| kept.deal == Some(deal) && contacts.contains(&kept.contact)))
}
