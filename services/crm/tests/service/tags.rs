use api::crm::v1::{
    CreateTagRequest, Deal, DeleteTagRequest, ListTagsRequest, ListTimelineEntriesRequest, Tag,
    TimelineEntryKind, UpdateDealRequest, UpdateTagRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::FieldRight;
use api::identity::v1::RightEntity::Deals;
use api::identity::v1::RightLevel::Allowed;
use tonic::Status;

use crate::world::{Who, World, field_rule, mask, reason, row};

async fn create(world: &World, who: &Who, name: &str) -> Result<Tag, Status> {
    let tag = Tag {
        name: name.to_owned(),
        ..Tag::default()
    };
    let request = who.ask(CreateTagRequest {
        tag: Some(tag),
        request_id: String::new(),
    });
    Ok(world
        .tags()
        .create_tag(request)
        .await?
        .into_inner()
        .tag
        .expect("it"))
}

async fn put_on(world: &World, who: &Who, deal: &str, tags: &[&Tag]) -> Result<Deal, Status> {
    let deal = Deal {
        id: deal.to_owned(),
        tag_ids: tags.iter().map(|tag| tag.id.clone()).collect(),
        ..Deal::default()
    };
    let request = who.ask(UpdateDealRequest {
        deal: Some(deal),
        update_mask: mask(&["tag_ids"]),
    });
    Ok(world
        .deals()
        .update_deal(request)
        .await?
        .into_inner()
        .deal
        .expect("it"))
}

/// CNV-39.
#[tokio::test(flavor = "multi_thread")]
async fn tags_are_put_on_and_taken_off_under_rights_and_told() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let boris = world.manager("Борис", None).await;
    let deal = world.deal("Окна", &boris, &pipeline.stages[0].id).await;
    let (hot, vip) = (
        create(&world, &boris, "Срочно").await.expect("made"),
        create(&world, &boris, "VIP").await.expect("made"),
    );
    let taken = create(&world, &boris, "срочно").await.expect_err("taken");
    assert_eq!(reason(&taken), R::TagNameTaken);

    world
        .set_rights(&boris, &row(Deals, Allowed), &[], &[])
        .await;
    let tagged = put_on(&world, &boris, &deal.id, &[&vip, &hot, &vip])
        .await
        .expect("tagged");
    assert_eq!(tagged.tag_ids, [hot.id.clone(), vip.id.clone()]);
    let unknown = Tag {
        id: "tag_01h455vb4pex5vsknk084sn02q".into(),
        ..Tag::default()
    };
    let refused = put_on(&world, &boris, &deal.id, &[&unknown])
        .await
        .expect_err("unknown");
    assert_eq!(reason(&refused), R::TagNotFound);
    world
        .set_rights(
            &boris,
            &row(Deals, Allowed),
            &[],
            &[field_rule(Deals, "tag_ids", FieldRight::ReadOnly)],
        )
        .await;
    let refused = put_on(&world, &boris, &deal.id, &[])
        .await
        .expect_err("read only");
    assert_eq!(reason(&refused), R::FieldNotEditable);

    let request = ListTimelineEntriesRequest {
        card_id: deal.id.clone(),
        ..ListTimelineEntriesRequest::default()
    };
    let told = world
        .timeline()
        .list_timeline_entries(boris.ask(request))
        .await
        .expect("told")
        .into_inner();
    assert_eq!(told.entries[0].kind(), TimelineEntryKind::TagsChanged);

    let delete = |who: &Who| {
        who.ask(DeleteTagRequest {
            tag_id: hot.id.clone(),
        })
    };
    let refused = world
        .tags()
        .delete_tag(delete(&boris))
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), R::PermissionMissing);
    world
        .tags()
        .delete_tag(delete(&world.admin))
        .await
        .expect("deleted");
    let gone = world
        .tags()
        .delete_tag(delete(&world.admin))
        .await
        .expect_err("gone");
    assert_eq!(reason(&gone), R::TagNotFound);
    let read = world.get_deal(&boris, &deal.id).await.expect("there");
    assert_eq!(read.tag_ids, [vip.id], "taken off");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_renamed_and_listed() {
    let world = World::start().await;
    let (a, b) = (
        create(&world, &world.admin, "А").await.expect("made"),
        create(&world, &world.admin, "Б").await.expect("made"),
    );
    let rename = |name: &str, etag: &str| {
        let tag = Tag {
            id: b.id.clone(),
            name: name.to_owned(),
            etag: etag.to_owned(),
            ..Tag::default()
        };
        world.admin.ask(UpdateTagRequest {
            tag: Some(tag),
            update_mask: None,
        })
    };
    let taken = world
        .tags()
        .update_tag(rename("а", ""))
        .await
        .expect_err("taken");
    assert_eq!(reason(&taken), R::TagNameTaken);
    let renamed = world
        .tags()
        .update_tag(rename("В", &b.etag))
        .await
        .expect("renamed")
        .into_inner()
        .tag
        .expect("it");
    let stale = world
        .tags()
        .update_tag(rename("Г", &b.etag))
        .await
        .expect_err("stale");
    assert_eq!(reason(&stale), R::EtagMismatch);
    let request = |page_token: String| {
        world.admin.ask(ListTagsRequest {
            page_size: 1,
            page_token,
        })
    };
    let first = world
        .tags()
        .list_tags(request(String::new()))
        .await
        .expect("a page")
        .into_inner();
    let second = world
        .tags()
        .list_tags(request(first.next_page_token))
        .await
        .expect("a page")
        .into_inner();
    assert_eq!((first.tags, second.tags), (vec![a], vec![renamed]));
    assert!(second.next_page_token.is_empty());
    let stranger = world.stranger();
    let theirs = world
        .tags()
        .list_tags(stranger.ask(ListTagsRequest::default()))
        .await
        .expect("a page");
    assert!(theirs.into_inner().tags.is_empty());
}
