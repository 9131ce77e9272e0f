//! Saved filters (CNV-28, CNV-30, CNV-31).

use api::conversations::v1::filter_node::Node;
use api::conversations::v1::filter_service_client::FilterServiceClient;
use api::conversations::v1::{
    ConversationLife, CreateFilterRequest, DeleteFilterRequest, FilterNode, FilterPeriod,
    FilterReference, GetFilterRequest, ListConversationsRequest, ListFiltersRequest, SavedFilter,
    UpdateFilterRequest,
};
use api::crm::internal::v1::{PipelineChanged, PipelineStage, TagChanged};
use api::identity::internal::v1::AccountGroup;
use auth::Role;
use prost::Message as _;
use prost_types::FieldMask;
use testkit::wait_for;
use tonic::Status;
use tonic::transport::Channel;
use types::{GroupId, PipelineId, StageId, TagId, UserId};
use uuid::Uuid;

use super::{all, any, filtered, node, values, walk};
use crate::world::{World, refusal, with};

fn filters(world: &World) -> FilterServiceClient<Channel> {
    FilterServiceClient::new(world.channel())
}

async fn create(
    world: &World,
    token: &str,
    name: &str,
    filter: FilterNode,
) -> Result<SavedFilter, Status> {
    let request = CreateFilterRequest {
        filter: Some(SavedFilter {
            name: name.to_owned(),
            filter: Some(filter),
            ..SavedFilter::default()
        }),
        request_id: String::new(),
    };
    let reply = filters(world).create_filter(with(token, request)).await?;
    Ok(reply.into_inner().filter.expect("a filter"))
}

async fn get(world: &World, token: &str, id: &str) -> Result<SavedFilter, Status> {
    let request = GetFilterRequest {
        filter_id: id.to_owned(),
    };
    let reply = filters(world).get_filter(with(token, request)).await?;
    Ok(reply.into_inner().filter.expect("a filter"))
}

fn open() -> FilterNode {
    node(Node::Life(ConversationLife::Open.into()))
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn tell_tag(world: &World, tag: TagId, deleted: bool) {
    let told = TagChanged {
        account_id: bytes(world.account.uuid()),
        tag_id: bytes(tag.uuid()),
        name: "VIP".to_owned(),
        deleted,
    };
    world
        .crm
        .tell(world.account, "crm.tag.changed", told.encode_to_vec());
}

/// crm tells of a pipeline with these stages.
pub fn tell_pipeline(world: &World, pipeline: PipelineId, stages: &[StageId], deleted: bool) {
    let stage = |stage: &StageId| PipelineStage {
        stage_id: bytes(stage.uuid()),
        name: "New".to_owned(),
        r#final: false,
    };
    let told = PipelineChanged {
        account_id: bytes(world.account.uuid()),
        pipeline_id: bytes(pipeline.uuid()),
        version: 1,
        name: "Sales".to_owned(),
        stages: stages.iter().map(stage).collect(),
        deleted,
    };
    world
        .crm
        .tell(world.account, "crm.pipeline.changed", told.encode_to_vec());
}

#[tokio::test]
async fn a_saved_filter_is_there_on_every_device_of_its_user_and_nobody_elses() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "a").await;
    let (phone, user) = world.member(world.account, Role::Administrator, None);
    let saved = create(&world, &phone, " Mine ", open())
        .await
        .expect("saved");
    assert_eq!((saved.name.as_str(), saved.problems.len()), ("Mine", 0));
    // Another session of the same user.
    let desk = world.token_of(world.account, user, Role::Administrator, None);
    assert_eq!(
        get(&world, &desk, &saved.id).await.expect("the filter"),
        saved
    );
    let listed = filters(&world)
        .list_filters(with(&desk, ListFiltersRequest::default()))
        .await;
    assert_eq!(
        listed.expect("listed").into_inner().filters,
        std::slice::from_ref(&saved)
    );
    let by_id = |id: &str| ListConversationsRequest {
        filter_id: id.to_owned(),
        ..ListConversationsRequest::default()
    };
    let (rows, _) = walk(&world, &desk, by_id(&saved.id)).await.expect("listed");
    assert_eq!(rows[0].id, conversation);
    let not_found = format!("NotFound FILTER_NOT_FOUND {{filter_id={}}}", saved.id);
    assert_eq!(
        refusal(get(&world, &world.admin, &saved.id).await),
        not_found
    );
    assert_eq!(
        refusal(walk(&world, &world.admin, by_id(&saved.id)).await),
        not_found
    );
    let update = UpdateFilterRequest {
        filter: Some(SavedFilter {
            name: "Ours".to_owned(),
            ..saved.clone()
        }),
        update_mask: None,
    };
    let changed = filters(&world)
        .update_filter(with(&desk, update.clone()))
        .await
        .expect("changed");
    assert_eq!(changed.into_inner().filter.expect("a filter").name, "Ours");
    let late = filters(&world).update_filter(with(&phone, update)).await;
    assert_eq!(refusal(late), "Aborted ETAG_MISMATCH {}");
    let delete = DeleteFilterRequest {
        filter_id: saved.id.clone(),
    };
    filters(&world)
        .delete_filter(with(&phone, delete))
        .await
        .expect("deleted");
    assert_eq!(refusal(get(&world, &desk, &saved.id).await), not_found);
}

#[tokio::test]
async fn a_filter_that_cannot_work_is_not_saved() {
    let world = World::start().await;
    let refused = async |name: &str, filter: FilterNode| {
        refusal(create(&world, &world.admin, name, filter).await)
    };
    let deep = (0..5).fold(open(), |inner, _| all(vec![inner]));
    let wide = any(vec![open(); 50]);
    let group = GroupId::generate();
    let (user, stage) = (UserId::generate(), StageId::generate());
    let (pipeline, tag) = (PipelineId::generate(), TagId::generate());
    for (filter, expected) in [
        (
            deep.clone(),
            "InvalidArgument FILTER_TOO_DEEP {limit=5}".to_owned(),
        ),
        (
            wide.clone(),
            "InvalidArgument FILTER_TOO_LARGE {limit=50}".to_owned(),
        ),
        (
            node(Node::GroupIds(values([group]))),
            format!("NotFound GROUP_NOT_FOUND {{group_id={group}}}"),
        ),
        (
            node(Node::HandledByUserIds(values([user]))),
            format!("NotFound USER_NOT_FOUND {{user_id={user}}}"),
        ),
        (
            node(Node::StageIds(values([stage]))),
            format!("NotFound STAGE_NOT_FOUND {{stage_id={stage}}}"),
        ),
        (
            node(Node::PipelineIds(values([pipeline]))),
            format!("NotFound PIPELINE_NOT_FOUND {{pipeline_id={pipeline}}}"),
        ),
        (
            node(Node::TagIds(values([tag]))),
            format!("NotFound TAG_NOT_FOUND {{tag_id={tag}}}"),
        ),
    ] {
        assert_eq!(refused("Mine", filter).await, expected);
    }
    for (filter, field) in [
        (any(Vec::new()), "filter.filter.any"),
        (all(vec![any(Vec::new())]), "filter.filter.all.nodes[0].any"),
        (
            node(Node::StageIds(values([""; 0]))),
            "filter.filter.stage_ids",
        ),
        (
            node(Node::TagIds(values(["deal_1"]))),
            "filter.filter.tag_ids.values[0]",
        ),
        (node(Node::Text("x".repeat(201))), "filter.filter.text"),
        (
            node(Node::CreateTime(FilterPeriod::default())),
            "filter.filter.create_time",
        ),
        (node(Node::Life(0)), "filter.filter.life"),
        (node(Node::Life(77)), "filter.filter.life"),
        (node(Node::Answer(77)), "filter.filter.answer"),
        (
            node(Node::Channels(values(["test", "pigeons"]))),
            "filter.filter",
        ),
        (FilterNode::default(), "filter.filter"),
    ] {
        let said = refused("Mine", filter).await;
        assert!(
            said.starts_with(&format!("InvalidArgument FIELD_INVALID {{{field}: ")),
            "{said}"
        );
        assert!(!said.contains("; "), "told once: {said}");
    }
    for name in ["", " ", "\u{200b}\u{3164}", &"я".repeat(101)] {
        let said = refused(name, open()).await;
        assert!(
            said.starts_with("InvalidArgument FIELD_INVALID {filter.name: "),
            "{said}"
        );
    }
    for filter in [deep, wide] {
        let listed = walk(&world, &world.admin, filtered(filter)).await;
        assert!(refusal(listed).starts_with("InvalidArgument FILTER_TOO_"));
    }
}

#[tokio::test]
async fn a_filter_that_names_what_is_gone_says_so_and_lists_nothing_for_it() {
    let world = World::start().await;
    let connection = world.connection().await;
    world.conversation(&connection, "a").await;
    let (pipeline, stage, tag) = (
        PipelineId::generate(),
        StageId::generate(),
        TagId::generate(),
    );
    tell_pipeline(&world, pipeline, &[stage, StageId::generate()], false);
    tell_tag(&world, tag, false);
    let parts = [
        node(Node::PipelineIds(values([pipeline]))),
        node(Node::StageIds(values([stage]))),
        node(Node::TagIds(values([tag]))),
    ];
    let saved = wait_for("crm's names have arrived", async || {
        create(&world, &world.admin, "Mine", any(parts.to_vec()))
            .await
            .ok()
    })
    .await;
    assert_eq!(saved.problems, []);
    tell_tag(&world, tag, true);
    tell_pipeline(&world, pipeline, &[], false);
    let gone = wait_for("stage and tag are gone", async || {
        let found = get(&world, &world.admin, &saved.id)
            .await
            .expect("the filter");
        (found.problems.len() == 2).then_some(found)
    })
    .await;
    let kinds: Vec<_> = gone.problems.iter().map(|problem| problem.kind()).collect();
    assert_eq!(kinds, [FilterReference::Stage, FilterReference::Tag]);
    tell_pipeline(&world, pipeline, &[], true);
    wait_for("the pipeline is gone", async || {
        let found = get(&world, &world.admin, &saved.id)
            .await
            .expect("the filter");
        (found.problems.len() == 3).then_some(())
    })
    .await;
    let by_id = ListConversationsRequest {
        filter_id: saved.id,
        ..ListConversationsRequest::default()
    };
    let (rows, _) = walk(&world, &world.admin, by_id).await.expect("listed");
    assert_eq!(rows, []);
}

#[tokio::test]
async fn a_filter_that_names_people_who_are_gone_says_so_and_lists_nothing_for_them() {
    let world = World::start().await;
    let connection = world.connection().await;
    world.conversation(&connection, "a").await;
    let group = GroupId::generate();
    let (_, boris) = world.member(world.account, Role::Manager, Some(group));
    world.change_account(|account| {
        account.groups.push(AccountGroup {
            group_id: bytes(group.uuid()),
            name: "Продажи".to_owned(),
        });
    });
    let parts = vec![
        node(Node::GroupIds(values([group]))),
        node(Node::ResponsibleUserIds(values([boris]))),
        node(Node::HandledByUserIds(values([boris]))),
    ];
    let saved = wait_for("group and user are known", async || {
        create(&world, &world.admin, "Mine", any(parts.clone()))
            .await
            .ok()
    })
    .await;
    assert_eq!(saved.problems, []);
    world.change_account(|account| {
        account.groups.clear();
        let is_boris = |id: &[u8]| id == bytes(boris.uuid());
        account.members.retain(|member| !is_boris(&member.user_id));
    });
    let problems = wait_for("both are gone", async || {
        let found = get(&world, &world.admin, &saved.id).await.expect("it");
        (!found.problems.is_empty()).then_some(found.problems)
    })
    .await;
    let mut kinds: Vec<_> = problems.iter().map(|problem| problem.kind()).collect();
    kinds.sort();
    let mut expected = [FilterReference::Group, FilterReference::User];
    expected.sort();
    assert_eq!(kinds, expected);
    let by_id = ListConversationsRequest {
        filter_id: saved.id,
        ..ListConversationsRequest::default()
    };
    let (rows, _) = walk(&world, &world.admin, by_id).await.expect("listed");
    assert_eq!(rows, []);
}

#[tokio::test]
async fn of_two_who_change_the_same_filter_one_is_told() {
    let world = World::start().await;
    let saved = create(&world, &world.admin, "Mine", open()).await;
    let saved = saved.expect("saved");
    let rename = async |name: &str| {
        let request = UpdateFilterRequest {
            filter: Some(SavedFilter {
                id: saved.id.clone(),
                name: name.to_owned(),
                etag: saved.etag.clone(),
                ..SavedFilter::default()
            }),
            update_mask: None,
        };
        let mut filters = filters(&world);
        filters.update_filter(with(&world.admin, request)).await
    };
    let done = tokio::join!(rename("One"), rename("Two"));
    let (changed, refused) = match done {
        (Ok(changed), refused) | (refused, Ok(changed)) => (changed, refused),
        (Err(one), Err(two)) => panic!("nobody changed it: {one} {two}"),
    };
    assert!(refusal(refused).contains("ETAG_MISMATCH"));
    let changed = changed.into_inner().filter.expect("it");
    let kept = get(&world, &world.admin, &saved.id).await.expect("kept");
    assert_eq!(kept, changed);
}

/// A page token of a saved filter belongs to the filter as it was: after a change the list begins again.
#[tokio::test]
async fn a_page_token_ends_when_its_saved_filter_changes() {
    let world = World::start().await;
    let connection = world.connection().await;
    for client in ["a", "b", "c"] {
        world.conversation(&connection, client).await;
    }
    let saved = create(&world, &world.admin, "Mine", open()).await;
    let saved = saved.expect("saved");
    let page = async |token: &str| {
        let request = ListConversationsRequest {
            filter_id: saved.id.clone(),
            page_size: 1,
            page_token: token.to_owned(),
            ..ListConversationsRequest::default()
        };
        let mut inbox = world.inbox();
        let reply = inbox.list_conversations(with(&world.admin, request)).await;
        reply.map(|it| it.into_inner().next_page_token)
    };
    let change = async |filter: SavedFilter, path: &str| {
        let request = UpdateFilterRequest {
            filter: Some(SavedFilter {
                id: saved.id.clone(),
                ..filter
            }),
            update_mask: Some(FieldMask {
                paths: vec![path.to_owned()],
            }),
        };
        let mut filters = filters(&world);
        let changed = filters.update_filter(with(&world.admin, request)).await;
        changed.expect("changed");
    };
    let first = page("").await.expect("the first page");
    let renamed = SavedFilter {
        name: "Other".to_owned(),
        ..SavedFilter::default()
    };
    change(renamed, "name").await;
    let second = page(&first).await.expect("a name changes nothing");
    let other = SavedFilter {
        filter: Some(any(vec![open(), node(Node::Favourite(true))])),
        ..SavedFilter::default()
    };
    change(other, "filter").await;
    let refused = refusal(page(&second).await);
    assert!(refused.contains("PAGE_TOKEN_MISMATCH"), "{refused}");
    page("").await.expect("it begins again");
}
