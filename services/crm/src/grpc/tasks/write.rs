//! Changing tasks.

use api::crm::v1::{
    CompleteTaskRequest, CompleteTaskResponse, CreateTaskRequest, CreateTaskResponse,
    DeleteTaskRequest, DeleteTaskResponse, UpdateTaskRequest, UpdateTaskResponse,
};
use auth::Permission;
use kit::Refusal;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use time::OffsetDateTime;
use tonic::Request;
use types::{TaskId, UserId};

use super::kind;
use crate::Error;
use crate::changes::tasks::{self, TaskChange};
use crate::core::{By, Core};
use crate::domain::ids::CardId;
use crate::domain::task::{Task, TaskKind};
use crate::grpc::mask::Mask;
use crate::grpc::{enter, wire};

/// A new task whose fields fit.
struct Draft {
    kind: TaskKind,
    text: String,
    due_time: Option<OffsetDateTime>,
    responsible: Option<UserId>,
    card: Option<CardId>,
    integration: String,
}

impl Draft {
    fn of(fields: &mut Fields, task: &api::crm::v1::Task) -> Self {
        let due_time = wire::time(fields, "task.due_time", task.due_time.as_ref());
        if task.due_time.is_none() {
            fields.reject("task.due_time", "must be given");
        }
        let card = (!task.card_id.is_empty()).then(|| task.card_id.parse());
        if matches!(card, Some(Err(_))) {
            fields.reject(
                "task.card_id",
                "is not an id of a contact, company, deal or customer",
            );
        }
        Self {
            kind: kind(fields, "task.kind", task.kind),
            text: fields.text("task.text", &task.text, 1..=1000),
            due_time,
            responsible: fields.optional_id("task.responsible_user_id", &task.responsible_user_id),
            card: card.and_then(Result::ok),
            integration: fields.key("task.integration_key", &task.integration_key, 0..=64),
        }
    }

    fn task(self, by: &By) -> Result<Task, Error> {
        let responsible = self.responsible.or(by.viewer.user()).ok_or_else(|| {
            Refusal::field(
                "task.responsible_user_id",
                "must name an employee, since the caller is none",
            )
        })?;
        Ok(Task {
            id: TaskId::generate(),
            kind: self.kind,
            text: self.text,
            // Without a time the request was refused.
            due_time: self.due_time.unwrap_or(by.now),
            responsible,
            card: self.card,
            integration: self.integration,
            outcome: None,
            version: 1,
            create_time: by.now,
        })
    }
}

/// Adds a task.
pub async fn create(
    core: &Core,
    request: Request<CreateTaskRequest>,
) -> Result<CreateTaskResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let draft = Draft::of(&mut fields, &request.task.clone().unwrap_or_default());
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateTask", request_id, hash(&request))?;
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let task = draft.task(&by)?;
            tasks::create(tx, &by, &task).await?;
            let answer = CreateTaskResponse {
                task: Some(task.into()),
            };
            once.keep(tx, &answer).await?;
            Ok(answer)
        })
    })
    .await
}

/// Changes an open task.
pub async fn update(
    core: &Core,
    request: Request<UpdateTaskRequest>,
) -> Result<UpdateTaskResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mask = Mask::new(
        request.update_mask,
        &["kind", "text", "due_time", "responsible_user_id"],
    )?;
    let task = request.task.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<TaskId>("task.id", &task.id);
    let mut change = TaskChange::default();
    if mask.has("kind", task.kind != 0) {
        change.kind = Some(kind(&mut fields, "task.kind", task.kind));
    }
    if mask.has("text", !task.text.is_empty()) {
        change.text = Some(fields.text("task.text", &task.text, 1..=1000));
    }
    if mask.has("due_time", task.due_time.is_some()) {
        change.due_time = wire::time(&mut fields, "task.due_time", task.due_time.as_ref());
        if task.due_time.is_none() {
            fields.reject("task.due_time", "must be given");
        }
    }
    if mask.has("responsible_user_id", !task.responsible_user_id.is_empty()) {
        change.responsible = fields.id("task.responsible_user_id", &task.responsible_user_id);
    }
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdateTaskResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let task = tasks::update(tx, &by, id, change, &task.etag).await?;
            Ok(UpdateTaskResponse {
                task: Some(task.into()),
            })
        })
    })
    .await
}

/// Completes a task.
pub async fn complete(
    core: &Core,
    request: Request<CompleteTaskRequest>,
) -> Result<CompleteTaskResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<TaskId>("task_id", &request.task_id);
    let result = fields.text("result", &request.result, 0..=4000);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(CompleteTaskResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let task = tasks::complete(tx, &by, id, result).await?;
            Ok(CompleteTaskResponse {
                task: Some(task.into()),
            })
        })
    })
    .await
}

/// Deletes a task.
pub async fn delete(
    core: &Core,
    request: Request<DeleteTaskRequest>,
) -> Result<DeleteTaskResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<TaskId>("task_id", &request.task_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeleteTaskResponse {});
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            tasks::delete(tx, &by, id).await?;
            Ok(DeleteTaskResponse {})
        })
    })
    .await
}
