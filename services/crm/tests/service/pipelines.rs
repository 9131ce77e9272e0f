use api::crm::v1::{
    CreatePipelineRequest, CreateStageRequest, DeleteDealRequest, DeletePipelineRequest,
    DeleteStageRequest, ListPipelinesRequest, Pipeline, Stage, StageKind, UpdatePipelineRequest,
    UpdateStageRequest,
};
use api::error::v1::ErrorReason as R;

use crate::world::{World, reason};

fn names(pipeline: &Pipeline) -> Vec<&str> {
    pipeline
        .stages
        .iter()
        .map(|stage| &stage.name[..])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_has_a_first_stage_and_final_ones_around_the_working_ones() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Звонок", "Договор"]).await;
    let kinds: Vec<_> = pipeline.stages.iter().map(Stage::kind).collect();
    use StageKind::{Incoming, Lost, Won, Working};
    assert_eq!(kinds, [Incoming, Working, Working, Won, Lost]);
    let (call, lost) = (pipeline.stages[1].clone(), pipeline.stages[4].clone());

    let add = CreateStageRequest {
        pipeline_id: pipeline.id.clone(),
        stage: Some(Stage {
            name: "Счёт".into(),
            ..Stage::default()
        }),
        ..CreateStageRequest::default()
    };
    let reply = world.pipelines().create_stage(world.admin.ask(add)).await;
    let after = reply.expect("added").into_inner().pipeline.expect("it");
    assert_eq!(names(&after)[1..4], ["Звонок", "Договор", "Счёт"]);

    let moved = Stage {
        position: 3,
        ..call.clone()
    };
    let request = UpdateStageRequest {
        stage: Some(Stage {
            name: "Встреча".into(),
            ..moved
        }),
        update_mask: None,
    };
    let reply = world
        .pipelines()
        .update_stage(world.admin.ask(request))
        .await;
    let after = reply.expect("moved").into_inner().pipeline.expect("it");
    assert_eq!(names(&after)[1..4], ["Договор", "Счёт", "Встреча"]);

    let request = DeleteStageRequest { stage_id: lost.id };
    let fixed = world
        .pipelines()
        .delete_stage(world.admin.ask(request))
        .await;
    assert_eq!(reason(&fixed.expect_err("fixed")), R::StageFixed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_with_deals_is_not_deleted() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Звонок"]).await;
    let stage = pipeline.stages[1].id.clone();
    let deal = world.deal("Окна", &world.admin, &stage).await;
    let request = || {
        world.admin.ask(DeleteStageRequest {
            stage_id: stage.clone(),
        })
    };
    let refused = world.pipelines().delete_stage(request()).await;
    assert_eq!(reason(&refused.expect_err("deals")), R::StageNotEmpty);
    let whole = || {
        world.admin.ask(DeletePipelineRequest {
            pipeline_id: pipeline.id.clone(),
        })
    };
    let refused = world.pipelines().delete_pipeline(whole()).await;
    assert_eq!(reason(&refused.expect_err("deals")), R::PipelineNotEmpty);

    let delete = DeleteDealRequest {
        deal_id: deal.id,
        etag: String::new(),
    };
    world
        .deals()
        .delete_deal(world.admin.ask(delete))
        .await
        .expect("deleted");
    world
        .pipelines()
        .delete_stage(request())
        .await
        .expect("empty now");
    let gone = world.pipelines().delete_stage(request()).await;
    assert_eq!(reason(&gone.expect_err("gone")), R::StageNotFound);
    world
        .pipelines()
        .delete_pipeline(whole())
        .await
        .expect("empty");
    let gone = world.pipelines().delete_pipeline(whole()).await;
    assert_eq!(reason(&gone.expect_err("gone")), R::PipelineNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_are_listed_in_order_and_moved() {
    let world = World::start().await;
    let mut last = Pipeline::default();
    for name in ["Первая", "Вторая", "Третья"] {
        last = world.pipeline(name, &[]).await;
    }
    let listed = async || {
        let mut request = ListPipelinesRequest {
            page_size: 2,
            ..ListPipelinesRequest::default()
        };
        let mut names = Vec::new();
        loop {
            let reply = world
                .pipelines()
                .list_pipelines(world.admin.ask(request.clone()))
                .await;
            let reply = reply.expect("a page").into_inner();
            names.extend(reply.pipelines.into_iter().map(|pipeline| pipeline.name));
            if reply.next_page_token.is_empty() {
                return names;
            }
            request.page_token = reply.next_page_token;
        }
    };
    assert_eq!(listed().await, ["Первая", "Вторая", "Третья"]);
    let request = UpdatePipelineRequest {
        pipeline: Some(Pipeline {
            position: 0,
            ..last.clone()
        }),
        update_mask: crate::world::mask(&["position"]),
    };
    world
        .pipelines()
        .update_pipeline(world.admin.ask(request.clone()))
        .await
        .expect("moved");
    assert_eq!(listed().await, ["Третья", "Первая", "Вторая"]);
    let stale = world
        .pipelines()
        .update_pipeline(world.admin.ask(request))
        .await;
    assert_eq!(reason(&stale.expect_err("stale")), R::EtagMismatch);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_change_pipelines_and_a_repeated_call_makes_one() {
    let world = World::start().await;
    let request = CreatePipelineRequest {
        pipeline: Some(Pipeline {
            name: "Продажи".into(),
            ..Pipeline::default()
        }),
        request_id: types::new_uuid().to_string(),
    };
    let boris = world.manager("Борис", None).await;
    let program = world.program(&["crm.read", "crm.write"]);
    for (who, wanted) in [(&boris, R::PermissionMissing), (&program, R::ScopeMissing)] {
        let refused = world
            .pipelines()
            .create_pipeline(who.ask(request.clone()))
            .await;
        assert_eq!(reason(&refused.expect_err("no administrator")), wanted);
    }
    let mut ids = Vec::new();
    for _ in 0..2 {
        let reply = world
            .pipelines()
            .create_pipeline(world.admin.ask(request.clone()))
            .await;
        ids.push(reply.expect("made").into_inner().pipeline.expect("it").id);
    }
    assert_eq!(ids[0], ids[1]);
    for who in [&boris, &program] {
        let reply = world
            .pipelines()
            .list_pipelines(who.ask(ListPipelinesRequest::default()))
            .await;
        assert_eq!(
            reply.expect("everybody reads").into_inner().pipelines.len(),
            1
        );
    }
    let stranger = world.stranger();
    let reply = world
        .pipelines()
        .list_pipelines(stranger.ask(ListPipelinesRequest::default()))
        .await;
    assert!(reply.expect("theirs").into_inner().pipelines.is_empty());
}
