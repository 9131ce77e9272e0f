use api::error::v1::ErrorReason;
use api::identity::v1::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, ListGroupsRequest, Role,
    UpdateGroupRequest,
};

use crate::app::{TestApp, new_user, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_unique_without_regard_to_case() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add_group("Продажи").await;
    let again = Group {
        name: "ПРОДАЖИ".to_owned(),
        ..Group::default()
    };
    let request = CreateGroupRequest {
        group: Some(again),
        request_id: String::new(),
    };
    let refused = anna
        .groups()
        .create_group(anna.with(request))
        .await
        .expect_err("taken");
    assert_eq!(reason(&refused), ErrorReason::GroupNameTaken);
    let vera = app.account("vera@example.org").await;
    vera.add_group("Продажи").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_renamed_listed_and_deleted_when_it_is_empty() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (sales, support) = (
        anna.add_group("Продажи").await,
        anna.add_group("Поддержка").await,
    );
    let renamed = Group {
        id: sales.id.clone(),
        name: "Опт".to_owned(),
        etag: sales.etag.clone(),
        ..Group::default()
    };
    let request = UpdateGroupRequest {
        group: Some(renamed.clone()),
        update_mask: None,
    };
    let sales = anna
        .groups()
        .update_group(anna.with(request.clone()))
        .await
        .expect("renamed")
        .into_inner()
        .group;
    let stale = anna
        .groups()
        .update_group(anna.with(request))
        .await
        .expect_err("stale");
    assert_eq!(reason(&stale), ErrorReason::EtagMismatch);
    let sales = sales.expect("a group");
    let all = anna
        .groups()
        .list_groups(anna.with(ListGroupsRequest::default()))
        .await
        .expect("groups")
        .into_inner()
        .groups;
    assert_eq!(all, [sales.clone(), support.clone()]);

    let mut member = new_user("boris@example.com", Role::Manager);
    if let Some(user) = &mut member.user {
        user.group_id = sales.id.clone();
    }
    anna.create_user(member).await.expect("a member");
    let delete = |id: &str| DeleteGroupRequest {
        group_id: id.to_owned(),
    };
    let refused = anna
        .groups()
        .delete_group(anna.with(delete(&sales.id)))
        .await
        .expect_err("not empty");
    assert_eq!(reason(&refused), ErrorReason::GroupNotEmpty);
    anna.groups()
        .delete_group(anna.with(delete(&support.id)))
        .await
        .expect("deleted");
    let gone = anna
        .groups()
        .get_group(anna.with(GetGroupRequest {
            group_id: support.id.clone(),
        }))
        .await;
    assert_eq!(reason(&gone.expect_err("gone")), ErrorReason::GroupNotFound);
    let again = anna
        .groups()
        .delete_group(anna.with(delete(&support.id)))
        .await
        .expect_err("gone");
    assert_eq!(reason(&again), ErrorReason::GroupNotFound);
}
