//! DownloadCabinetRecording: where calls are shown, and of calls with this client about their own deal only, which crm sees to.

use api::cabinet::v1::download_cabinet_recording_response::Part;
use api::cabinet::v1::{DownloadCabinetRecordingRequest, DownloadCabinetRecordingResponse};
use api::crm::internal::v1::DownloadClientRecordingRequest;
use api::crm::internal::v1::download_client_recording_response::Part as Told;
use futures::stream::{BoxStream, StreamExt};
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Status};
use types::{DealId, TimelineEntryId};

use super::caller::Caller;
use crate::domain::settings::EventKind;
use crate::state;

pub(super) type Parts = BoxStream<'static, Result<DownloadCabinetRecordingResponse, Status>>;

pub(super) async fn download(
    state: &state::Parts,
    request: &Request<DownloadCabinetRecordingRequest>,
) -> Result<Parts, Refusal> {
    let caller = Caller::of(state, request).await?;
    let DownloadCabinetRecordingRequest { deal_id, event_id } = request.get_ref().clone();
    let mut fields = Fields::new();
    fields.id::<DealId>("deal_id", &deal_id);
    fields.id::<TimelineEntryId>("event_id", &event_id);
    fields.finish()?;
    if !caller.cabinet.settings.shows(EventKind::Call) {
        return Err(Refusal::recording_not_found(event_id));
    }
    let wanted = DownloadClientRecordingRequest {
        account_id: caller.account.uuid().as_bytes().to_vec(),
        phone: caller.phone,
        deal_id,
        call_id: event_id,
    };
    let told = state.crm.recording(wanted).await?;
    Ok(told.map(|part| Ok(answer(part?.part))).boxed())
}

fn answer(part: Option<Told>) -> DownloadCabinetRecordingResponse {
    let part = part.map(|part| match part {
        Told::Recording(recording) => Part::MediaType(recording.media_type),
        Told::Chunk(bytes) => Part::Chunk(bytes),
    });
    DownloadCabinetRecordingResponse { part }
}
