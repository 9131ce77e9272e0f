//! Requests that nobody has taken up yet.

mod decide;
mod read;

use std::sync::Arc;

use api::crm::v1::unsorted_service_server::UnsortedService;
use api::crm::v1::{
    self as proto, AcceptUnsortedRecordRequest, AcceptUnsortedRecordResponse,
    CreateUnsortedRecordRequest, CreateUnsortedRecordResponse, DeclineUnsortedRecordRequest,
    DeclineUnsortedRecordResponse, GetUnsortedRecordRequest, GetUnsortedRecordResponse,
    LinkUnsortedRecordRequest, LinkUnsortedRecordResponse, ListUnsortedRecordsRequest,
    ListUnsortedRecordsResponse,
};
use kit::time::to_proto;
use tonic::{Request, Response, Status};

use super::{answer, wire};
use crate::core::Core;
use crate::domain::unsorted::{Record, State};

/// `UnsortedService`.
pub struct Unsorted(pub Arc<Core>);

impl From<Record> for proto::UnsortedRecord {
    fn from(record: Record) -> Self {
        let state = match record.state() {
            State::Pending => proto::UnsortedState::Pending,
            State::Accepted => proto::UnsortedState::Accepted,
            State::Linked => proto::UnsortedState::Linked,
            State::Declined => proto::UnsortedState::Declined,
        };
        Self {
            id: record.id.to_string(),
            contact_id: wire::text(record.contact()),
            deal_id: wire::text(record.deal()),
            title: record.title,
            source_key: record.source,
            text: record.text,
            conversation_id: wire::text(record.conversation),
            pipeline_id: wire::text(record.pipeline),
            contact_name: record.contact_name,
            phone: record.phone.unwrap_or_default(),
            email: record.email.unwrap_or_default(),
            messenger: record.messenger.as_ref().map(wire::to_messenger),
            state: state.into(),
            decide_time: record
                .decision
                .as_ref()
                .map(|decision| to_proto(decision.time)),
            decided_by: record
                .decision
                .map(|decision| decision.by)
                .unwrap_or_default(),
            create_time: Some(to_proto(record.create_time)),
        }
    }
}

#[tonic::async_trait]
impl UnsortedService for Unsorted {
    async fn create_unsorted_record(
        &self,
        request: Request<CreateUnsortedRecordRequest>,
    ) -> Result<Response<CreateUnsortedRecordResponse>, Status> {
        answer(decide::create(&self.0, request).await)
    }

    async fn get_unsorted_record(
        &self,
        request: Request<GetUnsortedRecordRequest>,
    ) -> Result<Response<GetUnsortedRecordResponse>, Status> {
        answer(read::get(&self.0, request).await)
    }

    async fn list_unsorted_records(
        &self,
        request: Request<ListUnsortedRecordsRequest>,
    ) -> Result<Response<ListUnsortedRecordsResponse>, Status> {
        answer(read::list(&self.0, request).await)
    }

    async fn accept_unsorted_record(
        &self,
        request: Request<AcceptUnsortedRecordRequest>,
    ) -> Result<Response<AcceptUnsortedRecordResponse>, Status> {
        answer(decide::accept(&self.0, request).await)
    }

    async fn link_unsorted_record(
        &self,
        request: Request<LinkUnsortedRecordRequest>,
    ) -> Result<Response<LinkUnsortedRecordResponse>, Status> {
        answer(decide::link(&self.0, request).await)
    }

    async fn decline_unsorted_record(
        &self,
        request: Request<DeclineUnsortedRecordRequest>,
    ) -> Result<Response<DeclineUnsortedRecordResponse>, Status> {
        answer(decide::decline(&self.0, request).await)
    }
}
