//! Adding and deciding records of Unsorted.

use api::crm::v1::{
    AcceptUnsortedRecordRequest, AcceptUnsortedRecordResponse, CreateUnsortedRecordRequest,
    CreateUnsortedRecordResponse, DeclineUnsortedRecordRequest, DeclineUnsortedRecordResponse,
    LinkUnsortedRecordRequest, LinkUnsortedRecordResponse, UnsortedRecord,
};
use auth::Permission;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use time::OffsetDateTime;
use tonic::Request;
use types::{DealId, UnsortedId};

use crate::Error;
use crate::changes::unsorted::{self, Acceptance};
use crate::core::Core;
use crate::domain::unsorted::Record;
use crate::grpc::{enter, wire};

fn draft(fields: &mut Fields, record: &UnsortedRecord, now: OffsetDateTime) -> Record {
    let phone =
        (!record.phone.is_empty()).then(|| wire::phone(fields, "record.phone", &record.phone));
    let email =
        (!record.email.is_empty()).then(|| wire::email(fields, "record.email", &record.email));
    let messenger = record.messenger.as_ref();
    Record {
        id: UnsortedId::generate(),
        title: fields.line("record.title", &record.title, 1..=250),
        source: fields.key("record.source_key", &record.source_key, 1..=64),
        text: fields.text("record.text", &record.text, 0..=4000),
        conversation: fields.optional_id("record.conversation_id", &record.conversation_id),
        pipeline: fields.optional_id("record.pipeline_id", &record.pipeline_id),
        contact_name: fields.line("record.contact_name", &record.contact_name, 0..=250),
        phone,
        email,
        messenger: messenger.map(|it| wire::messenger(fields, "record.messenger", it)),
        decision: None,
        create_time: now,
    }
}

/// Adds a record.
pub async fn create(
    core: &Core,
    request: Request<CreateUnsortedRecordRequest>,
) -> Result<CreateUnsortedRecordResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let record = request.record.clone().unwrap_or_default();
    let record = draft(&mut fields, &record, core.clock.now());
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateUnsortedRecord", request_id, hash(&request))?;
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            unsorted::create(tx, &by, &record).await?;
            let answer = CreateUnsortedRecordResponse {
                record: Some(record.into()),
            };
            once.keep(tx, &answer).await?;
            Ok(answer)
        })
    })
    .await
}

/// Takes a record up.
pub async fn accept(
    core: &Core,
    request: Request<AcceptUnsortedRecordRequest>,
) -> Result<AcceptUnsortedRecordResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<UnsortedId>("record_id", &request.record_id);
    let how = Acceptance {
        responsible: fields.optional_id("responsible_user_id", &request.responsible_user_id),
        contact: fields.optional_id("contact_id", &request.contact_id),
        stage: fields.optional_id("stage_id", &request.stage_id),
    };
    fields.finish()?;
    let Some(id) = id else {
        return Ok(AcceptUnsortedRecordResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let (record, events) = unsorted::accept(tx, &by, id, how).await?;
            events::append(tx, &events).await?;
            Ok(AcceptUnsortedRecordResponse {
                record: Some(record.into()),
            })
        })
    })
    .await
}

/// Takes a record up in a deal that is there.
pub async fn link(
    core: &Core,
    request: Request<LinkUnsortedRecordRequest>,
) -> Result<LinkUnsortedRecordResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<UnsortedId>("record_id", &request.record_id);
    let deal = fields.id::<DealId>("deal_id", &request.deal_id);
    fields.finish()?;
    let Some((id, deal)) = id.zip(deal) else {
        return Ok(LinkUnsortedRecordResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let record = unsorted::link(tx, &by, id, deal).await?;
            Ok(LinkUnsortedRecordResponse {
                record: Some(record.into()),
            })
        })
    })
    .await
}

/// Puts a record aside.
pub async fn decline(
    core: &Core,
    request: Request<DeclineUnsortedRecordRequest>,
) -> Result<DeclineUnsortedRecordResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<UnsortedId>("record_id", &request.record_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeclineUnsortedRecordResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let record = unsorted::decline(tx, &by, id).await?;
            Ok(DeclineUnsortedRecordResponse {
                record: Some(record.into()),
            })
        })
    })
    .await
}
