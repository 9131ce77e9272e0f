//! DownloadRecording: a part at a time, each in a transaction of its own, so that a slow reader holds nothing.

use api::crm::v1::download_recording_response::Part;
use api::crm::v1::{DownloadRecordingRequest, DownloadRecordingResponse};
use auth::{AccountScope, Permission};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use kit::Refusal;
use kit::validate::Fields;
use pg::Db;
use tonic::{Request, Status};
use types::TimelineEntryId;

use crate::Error;
use crate::changes::calls;
use crate::core::Core;
use crate::grpc::enter;
use crate::store::recordings;

pub(super) async fn download(
    core: &Core,
    request: Request<DownloadRecordingRequest>,
) -> Result<BoxStream<'static, Result<DownloadRecordingResponse, Status>>, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let scope = caller.scope()?;
    let id = part_of(&request.call_id)?;
    let found = core.read(&caller, move |tx, by| {
        Box::pin(async move { calls::recording(tx, &by, id).await })
    });
    let kept = found
        .await?
        .ok_or_else(|| Refusal::recording_not_found(id))?;
    let answer = |part| DownloadRecordingResponse { part: Some(part) };
    let first = stream::iter([Ok(answer(Part::Recording(kept.recording.into())))]);
    let rest = contents(core.db.clone(), scope, id);
    let rest = rest.map(move |piece| Ok(answer(Part::Chunk(piece?))));
    Ok(first.chain(rest).boxed())
}

/// The call that a request names.
pub(in crate::grpc) fn part_of(call: &str) -> Result<TimelineEntryId, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id("call_id", call);
    fields.finish()?;
    id.ok_or_else(|| Refusal::recording_not_found(call))
}

/// The bytes of a recording. It ends early when the recording is deleted meanwhile.
pub(in crate::grpc) fn contents(
    db: Db,
    scope: AccountScope,
    id: TimelineEntryId,
) -> impl Stream<Item = Result<Vec<u8>, Status>> + Send {
    stream::try_unfold(0, move |part| {
        let db = db.clone();
        async move {
            let account = scope.account();
            let read = db.tx(scope, move |tx| {
                Box::pin(async move { recordings::part(tx, account, id, part).await })
            });
            let bytes: Result<Option<Vec<u8>>, pg::Error> = read.await;
            let bytes = bytes.map_err(|error| Status::from(Refusal::from(error)))?;
            Ok(bytes.map(|bytes| (bytes, part + 1)))
        }
    })
}
