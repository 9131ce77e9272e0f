//! Tasks of employees.

mod read;
mod write;

use std::sync::Arc;

use api::crm::v1::task_service_server::TaskService;
use api::crm::v1::{
    self as proto, CompleteTaskRequest, CompleteTaskResponse, CreateTaskRequest,
    CreateTaskResponse, DeleteTaskRequest, DeleteTaskResponse, GetTaskRequest, GetTaskResponse,
    ListTasksRequest, ListTasksResponse, UpdateTaskRequest, UpdateTaskResponse,
};
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::{Request, Response, Status};

use super::{answer, wire};
use crate::core::Core;
use crate::domain::etag;
use crate::domain::task::{Task, TaskKind};

/// `TaskService`.
pub struct Tasks(pub Arc<Core>);

impl From<Task> for proto::Task {
    fn from(task: Task) -> Self {
        let kind = match task.kind {
            TaskKind::FollowUp => proto::TaskKind::FollowUp,
            TaskKind::Call => proto::TaskKind::Call,
            TaskKind::Meeting => proto::TaskKind::Meeting,
            TaskKind::Letter => proto::TaskKind::Letter,
            TaskKind::Other => proto::TaskKind::Other,
        };
        let complete_time = task.outcome.as_ref().map(|outcome| to_proto(outcome.time));
        Self {
            id: task.id.to_string(),
            kind: kind.into(),
            text: task.text,
            due_time: Some(to_proto(task.due_time)),
            responsible_user_id: task.responsible.to_string(),
            card_id: wire::text(task.card),
            integration_key: task.integration,
            result: task
                .outcome
                .map(|outcome| outcome.result)
                .unwrap_or_default(),
            complete_time,
            create_time: Some(to_proto(task.create_time)),
            etag: etag(task.version),
        }
    }
}

/// The kind in a request: to get in touch, where none is said.
fn kind(fields: &mut Fields, field: &str, value: i32) -> TaskKind {
    match fields.known(field, value) {
        Some(proto::TaskKind::Call) => TaskKind::Call,
        Some(proto::TaskKind::Meeting) => TaskKind::Meeting,
        Some(proto::TaskKind::Letter) => TaskKind::Letter,
        Some(proto::TaskKind::Other) => TaskKind::Other,
        Some(proto::TaskKind::FollowUp | proto::TaskKind::Unspecified) | None => TaskKind::FollowUp,
    }
}

#[tonic::async_trait]
impl TaskService for Tasks {
    async fn create_task(
        &self,
        request: Request<CreateTaskRequest>,
    ) -> Result<Response<CreateTaskResponse>, Status> {
        answer(write::create(&self.0, request).await)
    }

    async fn get_task(
        &self,
        request: Request<GetTaskRequest>,
    ) -> Result<Response<GetTaskResponse>, Status> {
        answer(read::get(&self.0, request).await)
    }

    async fn list_tasks(
        &self,
        request: Request<ListTasksRequest>,
    ) -> Result<Response<ListTasksResponse>, Status> {
        answer(read::list(&self.0, request).await)
    }

    async fn update_task(
        &self,
        request: Request<UpdateTaskRequest>,
    ) -> Result<Response<UpdateTaskResponse>, Status> {
        answer(write::update(&self.0, request).await)
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        answer(write::complete(&self.0, request).await)
    }

    async fn delete_task(
        &self,
        request: Request<DeleteTaskRequest>,
    ) -> Result<Response<DeleteTaskResponse>, Status> {
        answer(write::delete(&self.0, request).await)
    }
}
