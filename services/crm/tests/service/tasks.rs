//! Tasks (IDN-03).

use api::crm::v1::{
    CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskRequest, ListTasksRequest,
    ListTimelineEntriesRequest, Task, TaskKind, TimelineEntryKind, UpdateTaskRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightAction::{Create, View};
use api::identity::v1::RightEntity::Tasks;
use api::identity::v1::RightLevel::{Allowed, Forbidden, Group, Own};
use prost_types::Timestamp;
use tonic::Status;
use types::GroupId;

use crate::world::{Who, World, cell, reason, row};

fn draft(text: &str, due: i64) -> Task {
    Task {
        text: text.to_owned(),
        due_time: Some(Timestamp {
            seconds: due,
            nanos: 0,
        }),
        ..Task::default()
    }
}

async fn create(world: &World, who: &Who, task: Task) -> Result<Task, Status> {
    let request = who.ask(CreateTaskRequest {
        task: Some(task),
        request_id: String::new(),
    });
    Ok(world
        .tasks()
        .create_task(request)
        .await?
        .into_inner()
        .task
        .expect("it"))
}

async fn texts(world: &World, who: &Who, mut request: ListTasksRequest) -> Vec<String> {
    let mut texts = Vec::new();
    request.page_size = 2;
    loop {
        let reply = world
            .tasks()
            .list_tasks(who.ask(request.clone()))
            .await
            .expect("a page")
            .into_inner();
        texts.extend(reply.tasks.into_iter().map(|task| task.text));
        if reply.next_page_token.is_empty() {
            return texts;
        }
        request.page_token = reply.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_made_changed_completed_and_told_in_its_card() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let deal = world
        .deal("Окна", &world.admin, &pipeline.stages[0].id)
        .await;
    let task = Task {
        card_id: deal.id.clone(),
        integration_key: "rules".into(),
        ..draft("Позвонить", 100)
    };
    let made = create(&world, &world.admin, task).await.expect("made");
    assert_eq!(
        (made.kind(), &made.responsible_user_id),
        (TaskKind::FollowUp, &world.admin.id())
    );
    let change = Task {
        id: made.id.clone(),
        kind: TaskKind::Call.into(),
        etag: made.etag.clone(),
        ..Task::default()
    };
    let update = UpdateTaskRequest {
        task: Some(change),
        update_mask: None,
    };
    let changed = world
        .tasks()
        .update_task(world.admin.ask(update.clone()))
        .await
        .expect("changed")
        .into_inner();
    assert_eq!(changed.task.expect("it").kind(), TaskKind::Call);
    let stale = world
        .tasks()
        .update_task(world.admin.ask(update.clone()))
        .await
        .expect_err("stale");
    assert_eq!(reason(&stale), R::EtagMismatch);
    let complete = |result: &str| {
        world.admin.ask(CompleteTaskRequest {
            task_id: made.id.clone(),
            result: result.to_owned(),
        })
    };
    let done = world
        .tasks()
        .complete_task(complete("Договорились"))
        .await
        .expect("done")
        .into_inner()
        .task
        .expect("it");
    assert!(done.complete_time.is_some());
    let again = world
        .tasks()
        .complete_task(complete("Нет"))
        .await
        .expect("again")
        .into_inner();
    assert_eq!(again.task, Some(done.clone()), "again changes nothing");
    let late = UpdateTaskRequest {
        task: Some(Task {
            etag: String::new(),
            ..update.task.expect("it")
        }),
        update_mask: None,
    };
    let refused = world
        .tasks()
        .update_task(world.admin.ask(late))
        .await
        .expect_err("completed");
    assert_eq!(reason(&refused), R::TaskCompleted);

    let request = ListTimelineEntriesRequest {
        card_id: deal.id,
        ..ListTimelineEntriesRequest::default()
    };
    let told = world
        .timeline()
        .list_timeline_entries(world.admin.ask(request))
        .await
        .expect("told")
        .into_inner();
    let kinds: Vec<_> = told.entries.iter().map(|entry| entry.kind()).collect();
    use TimelineEntryKind as Kind;
    assert_eq!(kinds, [Kind::TaskCompleted, Kind::TaskAdded, Kind::Created]);
    let get = || {
        world.admin.ask(GetTaskRequest {
            task_id: made.id.clone(),
        })
    };
    assert_eq!(
        world
            .tasks()
            .get_task(get())
            .await
            .expect("there")
            .into_inner()
            .task,
        Some(done)
    );
    let delete = DeleteTaskRequest {
        task_id: made.id.clone(),
    };
    world
        .tasks()
        .delete_task(world.admin.ask(delete))
        .await
        .expect("deleted");
    assert_eq!(
        reason(&world.tasks().get_task(get()).await.expect_err("gone")),
        R::TaskNotFound
    );
}

/// IDN-03: rights on tasks go by the employee who has them.
#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_seen_and_made_by_rights() {
    let world = World::start().await;
    let group = GroupId::generate();
    let boris = world.manager("Борис", Some(group)).await;
    let vera = world.manager("Вера", Some(group)).await;
    let mut tasks = Vec::new();
    for (text, of, due) in [
        ("чужая", &world.admin, 1),
        ("отдела", &vera, 2),
        ("своя", &boris, 3),
    ] {
        let task = Task {
            responsible_user_id: of.id(),
            ..draft(text, due)
        };
        tasks.push(create(&world, &world.admin, task).await.expect("made"));
    }
    for (level, seen) in [
        (Forbidden, &[][..]),
        (Own, &["своя"]),
        (Group, &["отдела", "своя"]),
        (Allowed, &["чужая", "отдела", "своя"]),
    ] {
        world.set_rights(&boris, &row(Tasks, level), &[], &[]).await;
        assert_eq!(
            texts(&world, &boris, ListTasksRequest::default()).await,
            seen,
            "{level:?}"
        );
        for task in &tasks {
            let request = boris.ask(GetTaskRequest {
                task_id: task.id.clone(),
            });
            let got = world.tasks().get_task(request).await;
            assert_eq!(
                got.is_ok(),
                seen.contains(&&task.text[..]),
                "{level:?} {}",
                task.text
            );
        }
    }
    let of_vera = ListTasksRequest {
        responsible_user_id: vera.id(),
        ..ListTasksRequest::default()
    };
    assert_eq!(texts(&world, &boris, of_vera).await, ["отдела"]);
    world
        .set_rights(
            &boris,
            &[cell(Tasks, View, Allowed), cell(Tasks, Create, Own)],
            &[],
            &[],
        )
        .await;
    create(&world, &boris, draft("себе", 4))
        .await
        .expect("for oneself");
    let other = Task {
        responsible_user_id: vera.id(),
        ..draft("Вере", 4)
    };
    let refused = create(&world, &boris, other)
        .await
        .expect_err("for another");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let complete = CompleteTaskRequest {
        task_id: tasks[0].id.clone(),
        result: String::new(),
    };
    let refused = world
        .tasks()
        .complete_task(boris.ask(complete))
        .await
        .expect_err("only seen");
    assert_eq!(reason(&refused), R::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tasks_of_a_card_and_an_integration_are_found() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let deal = world
        .deal("Окна", &world.admin, &pipeline.stages[0].id)
        .await;
    for (text, integration) in [("правил", "rules"), ("людей", ""), ("правил ещё", "rules")]
    {
        let task = Task {
            card_id: deal.id.clone(),
            integration_key: integration.into(),
            ..draft(text, 1)
        };
        create(&world, &world.admin, task).await.expect("made");
    }
    let done = create(
        &world,
        &world.admin,
        Task {
            card_id: deal.id.clone(),
            ..draft("готово", 1)
        },
    )
    .await
    .expect("made");
    let complete = CompleteTaskRequest {
        task_id: done.id,
        result: String::new(),
    };
    world
        .tasks()
        .complete_task(world.admin.ask(complete))
        .await
        .expect("done");
    let of = |integration: &str, completed: bool| ListTasksRequest {
        card_id: deal.id.clone(),
        integration_key: integration.into(),
        completed,
        ..ListTasksRequest::default()
    };
    assert_eq!(
        texts(&world, &world.admin, of("", false)).await,
        ["правил", "людей", "правил ещё"]
    );
    assert_eq!(
        texts(&world, &world.admin, of("rules", false)).await,
        ["правил", "правил ещё"]
    );
    assert_eq!(texts(&world, &world.admin, of("", true)).await, ["готово"]);
    let mut without_card = of("rules", false);
    without_card.card_id.clear();
    let refused = world
        .tasks()
        .list_tasks(world.admin.ask(without_card))
        .await
        .expect_err("needs a card");
    assert_eq!(reason(&refused), R::FieldInvalid);
    let wrong = create(
        &world,
        &world.admin,
        Task {
            text: String::new(),
            card_id: "x".into(),
            ..Task::default()
        },
    )
    .await;
    let wrong = wrong.expect_err("wrong");
    for field in ["task.text", "task.due_time", "task.card_id"] {
        assert!(
            wrong.message().contains(field),
            "{field}: {}",
            wrong.message()
        );
    }
}
