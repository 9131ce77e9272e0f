//! Reading tasks.

use access::{Action, Entity};
use api::crm::v1::{GetTaskRequest, GetTaskResponse, ListTasksRequest, ListTasksResponse};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{TaskId, UserId};

use crate::Error;
use crate::changes::tasks::may;
use crate::core::{By, Core};
use crate::domain::ids::CardId;
use crate::domain::reach::responsible;
use crate::domain::task::Task;
use crate::grpc::page::page;
use crate::grpc::{PAGE, enter};
use crate::store::tasks::{self, Key};

const LIST: &str = "ListTasks";

/// How many tasks of a card are looked at at once, where rights are asked of each.
const LOOK: i64 = 200;

/// One task.
pub async fn get(core: &Core, request: Request<GetTaskRequest>) -> Result<GetTaskResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let mut fields = Fields::new();
    let id = fields.id::<TaskId>("task_id", &request.task_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(GetTaskResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let task = tasks::get(tx, by.account, id, false).await?;
            let task = task
                .filter(|task| may(&by, Action::View, task))
                .ok_or(Error::TaskNotFound(id))?;
            Ok(GetTaskResponse {
                task: Some(task.into()),
            })
        })
    })
    .await
}

/// What a request asks for.
struct Wish {
    responsible: Option<UserId>,
    card: Option<CardId>,
    integration: String,
    completed: bool,
}

impl Wish {
    fn of(request: &ListTasksRequest) -> Result<Self, Error> {
        let mut fields = Fields::new();
        let card = (!request.card_id.is_empty()).then(|| request.card_id.parse::<CardId>());
        if matches!(card, Some(Err(_))) {
            fields.reject(
                "card_id",
                "is not an id of a contact, company, deal or customer",
            );
        }
        let wish = Self {
            responsible: fields.optional_id("responsible_user_id", &request.responsible_user_id),
            card: card.and_then(Result::ok),
            integration: fields.key("integration_key", &request.integration_key, 0..=64),
            completed: request.completed,
        };
        if wish.card.is_none() && !wish.integration.is_empty() {
            fields.reject("integration_key", "needs a card_id");
        }
        fields.finish()?;
        Ok(wish)
    }
}

/// The tasks that the caller may view, the earliest due first.
pub async fn list(
    core: &Core,
    request: Request<ListTasksRequest>,
) -> Result<ListTasksResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let account = caller.scope()?.account();
    let wish = Wish::of(&request)?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: LIST,
        account,
    };
    let card = wish.card.map(|card| card.to_string());
    let filters = (
        wish.responsible,
        card,
        wish.integration.clone(),
        wish.completed,
    );
    let after: Option<Key> = place.decode(&filters, &request.page_token)?;
    let found = core.read(&caller, move |tx, by| {
        Box::pin(async move { found(tx, &by, &wish, after, size + 1).await })
    });
    let page = page(found.await?, size, (LIST, account), &filters, Key::after);
    Ok(ListTasksResponse {
        tasks: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}

async fn found(
    tx: &mut Tx,
    by: &By,
    wish: &Wish,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Task>, Error> {
    if let Some(card) = wish.card {
        return of_card(tx, by, wish, card, after, limit).await;
    }
    let level = by.viewer.rights.level(Entity::Tasks, Action::View);
    match responsible(&by.viewer, level, wish.responsible) {
        None => Ok(Vec::new()),
        Some(owners) => Ok(tasks::list(
            tx,
            by.account,
            wish.completed,
            owners.as_deref(),
            after,
            limit,
        )
        .await?),
    }
}

/// Those of a card are few, so the rights are asked of each.
async fn of_card(
    tx: &mut Tx,
    by: &By,
    wish: &Wish,
    card: CardId,
    mut after: Option<Key>,
    limit: i64,
) -> Result<Vec<Task>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_wanted = |task: &Task| {
        wish.responsible.is_none_or(|user| user == task.responsible) && may(by, Action::View, task)
    };
    let mut found = Vec::new();
    loop {
        let of = (card, &wish.integration[..]);
        let some = tasks::of_card(tx, by.account, of, wish.completed, after, LOOK).await?;
        let Some(last) = some.last() else {
            return Ok(found);
        };
        after = Some(Key::after(last));
        found.extend(some.into_iter().filter(is_wanted));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}
