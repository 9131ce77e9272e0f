//! Direct questions about what somebody may do to a card: the answers are those of the operations.

use api::crm::v1::{
    AccessAnswer, AccessQuestion, AddDealFollowerRequest, BatchCheckAccessRequest, CardKind,
    CheckAccessRequest, CreateFieldRequest, Deal, DeleteDealRequest, DeleteFieldRequest, Field,
    FieldType, UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightAction::{Create, Delete, Edit, Export, View};
use api::identity::v1::RightEntity::Deals;
use api::identity::v1::RightLevel::{Allowed, Forbidden, Group, Own};
use api::identity::v1::{FieldRight, RightAction, RightSource, StageRight};
use tonic::Status;
use types::{DealId, GroupId, UserId};

use crate::world::{Who, World, cell, field_rule, mask, reason, row, stage_rule};

fn question(card: &str, action: RightAction) -> AccessQuestion {
    AccessQuestion {
        card_id: card.to_owned(),
        action: action.into(),
        ..AccessQuestion::default()
    }
}

async fn ask(world: &World, who: &Who, question: AccessQuestion) -> Result<AccessAnswer, Status> {
    let request = CheckAccessRequest {
        question: Some(question),
    };
    let reply = world.access().check_access(who.ask(request)).await?;
    Ok(reply.into_inner().answer.expect("an answer"))
}

async fn rename(world: &World, who: &Who, id: &str) -> Result<(), Status> {
    let deal = Deal {
        id: id.to_owned(),
        name: "Новое имя".into(),
        ..Deal::default()
    };
    let request = UpdateDealRequest {
        deal: Some(deal),
        update_mask: mask(&["name"]),
    };
    world.deals().update_deal(who.ask(request)).await.map(drop)
}

/// Deletes nothing: the etag is of no version.
async fn may_delete(world: &World, who: &Who, id: &str) -> bool {
    let request = DeleteDealRequest {
        deal_id: id.to_owned(),
        etag: "v999".into(),
    };
    let refused = world.deals().delete_deal(who.ask(request)).await;
    reason(&refused.expect_err("no such version")) == R::EtagMismatch
}

#[tokio::test]
async fn what_is_answered_is_what_the_operation_does() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Разговор", "Договор"]).await;
    let (talk, treaty) = (&pipeline.stages[1].id, &pipeline.stages[2].id);
    let group = GroupId::generate();
    let boris = world.manager("Борис", Some(group)).await;
    let colleague = world.manager("Вера", Some(group)).await;
    let mut deals = Vec::new();
    for of in [&boris, &colleague, &world.admin] {
        for stage in [talk, treaty] {
            deals.push(world.deal("Окна", of, stage).await.id);
        }
    }
    let follow = AddDealFollowerRequest {
        deal_id: deals[5].clone(),
        user_id: boris.id(),
    };
    world
        .deals()
        .add_deal_follower(world.admin.ask(follow))
        .await
        .expect("followed");
    for (view, edit, delete) in [
        (Allowed, Own, Forbidden),
        (Group, Group, Own),
        (Own, Allowed, Allowed),
        (Forbidden, Allowed, Group),
    ] {
        let cells = [
            cell(Deals, View, view),
            cell(Deals, Edit, edit),
            cell(Deals, Delete, delete),
        ];
        let stages = [
            stage_rule(treaty, Edit, StageRight::Forbidden),
            stage_rule(talk, Delete, StageRight::Allowed),
        ];
        world.set_rights(&boris, &cells, &stages, &[]).await;
        for id in &deals {
            let allowed = async |action| {
                let answer = ask(&world, &boris, question(id, action)).await;
                answer.expect("an answer").allowed
            };
            let views = world.get_deal(&boris, id).await.is_ok();
            assert_eq!(allowed(View).await, views, "view {id} under {view:?}");
            let edits = rename(&world, &boris, id).await.is_ok();
            assert_eq!(allowed(Edit).await, edits, "edit {id} under {edit:?}");
            let deletes = may_delete(&world, &boris, id).await;
            assert_eq!(
                allowed(Delete).await,
                deletes,
                "delete {id} under {delete:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_rule_and_its_origin_are_named() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Разговор"]).await;
    let boris = world.manager("Борис", None).await;
    let own = world.deal("Своя", &boris, &pipeline.stages[0].id).await.id;
    let closed = world
        .deal("Чужая", &world.admin, &pipeline.stages[1].id)
        .await;
    let closed = closed.id;
    let stage = stage_rule(&pipeline.stages[1].id, Edit, StageRight::Forbidden);
    let hidden = field_rule(Deals, "price", FieldRight::ReadOnly);
    let mut cells = row(Deals, Own);
    cells.push(cell(Deals, View, Allowed));
    cells.remove(1);
    world.set_rights(&boris, &cells, &[stage], &[hidden]).await;
    let of = |card: &str, action, field: &str| AccessQuestion {
        field: field.to_owned(),
        user_id: boris.id(),
        ..question(card, action)
    };
    let questions = vec![
        of(&own, View, ""),
        of(&own, Edit, ""),
        of(&own, Edit, "price"),
        of(&own, View, "price"),
        of(&closed, Edit, ""),
        of(&closed, Export, ""),
        of(&DealId::generate().to_string(), View, ""),
    ];
    let request = BatchCheckAccessRequest { questions };
    let reply = world
        .access()
        .batch_check_access(world.admin.ask(request))
        .await;
    let answers = reply.expect("answers").into_inner().answers;
    let told: Vec<_> = answers
        .iter()
        .map(|it| (it.allowed, it.rule.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (true, "IDN-09"),
            (true, "IDN-10"),
            (false, "IDN-13"),
            (true, "IDN-09"),
            (false, "IDN-31"),
            (false, "IDN-10"),
            (false, ""),
        ]
    );
    assert_eq!(answers[0].source(), RightSource::User);
}

/// IDN-13: a misspelt field would be answered as if nothing were set for it.
#[tokio::test]
async fn questions_about_fields_that_such_cards_do_not_have_are_refused() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let deal = world
        .deal("Окна", &world.admin, &pipeline.stages[0].id)
        .await;
    let make = async |kind: CardKind| {
        let field = Field {
            card_kind: kind.into(),
            r#type: FieldType::Text.into(),
            name: "Артикул".to_owned(),
            ..Field::default()
        };
        let request = CreateFieldRequest {
            field: Some(field),
            ..CreateFieldRequest::default()
        };
        let made = world.fields().create_field(world.admin.ask(request)).await;
        made.expect("made").into_inner().field.expect("it").id
    };
    let (own, of_contacts) = (make(CardKind::Deal).await, make(CardKind::Contact).await);
    let about = async |field: &str| {
        let asked = AccessQuestion {
            field: field.to_owned(),
            ..question(&deal.id, View)
        };
        ask(&world, &world.admin, asked).await
    };
    for known in ["price", "field_values", &own] {
        assert!(about(known).await.expect("an answer").allowed, "{known}");
    }
    let request = DeleteFieldRequest {
        field_id: own.clone(),
    };
    let deleted = world.fields().delete_field(world.admin.ask(request)).await;
    deleted.expect("deleted");
    for unknown in ["prise", "phones", "fld_1", &of_contacts, &own] {
        let refused = about(unknown).await.expect_err(unknown);
        assert_eq!(reason(&refused), R::FieldInvalid, "{unknown}");
    }
}

#[tokio::test]
async fn who_may_not_view_learns_nothing_and_asks_about_nobody_else() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let deal = world
        .deal("Окна", &world.admin, &pipeline.stages[0].id)
        .await;
    let boris = world.manager("Борис", None).await;
    let hidden = ask(&world, &boris, question(&deal.id, Edit)).await;
    let nowhere = DealId::generate().to_string();
    let unknown = ask(&world, &boris, question(&nowhere, Edit)).await;
    let nothing = AccessAnswer::default();
    assert_eq!(hidden.expect("an answer"), nothing);
    assert_eq!(unknown.expect("an answer"), nothing);
    let about = |user: String| AccessQuestion {
        user_id: user,
        ..question(&deal.id, View)
    };
    let refused = ask(&world, &boris, about(world.admin.id())).await;
    assert_eq!(reason(&refused.expect_err("refused")), R::PermissionMissing);
    let nobody = UserId::generate().to_string();
    let refused = ask(&world, &world.admin, about(nobody)).await;
    assert_eq!(reason(&refused.expect_err("refused")), R::UserNotFound);
    let refused = ask(&world, &world.admin, question(&deal.id, Create)).await;
    assert_eq!(reason(&refused.expect_err("refused")), R::FieldInvalid);
}
