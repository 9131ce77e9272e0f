//! What other services are told.

use api::crm::internal::v1::{CardChanged, CardKind, PipelineChanged};
use api::crm::v1::{AddDealFollowerRequest, Deal, DeleteDealRequest};
use crm::{Kind, PIPELINE_CHANGED, card_changed};
use prost::Message;

use crate::world::World;

async fn told(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut owner = world.db.owner().await;
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kind, payload FROM crm.outbox ORDER BY position")
            .fetch_all(&mut owner)
            .await
            .expect("readable");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_carries_the_facts_after_it() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let ivan = world.contact(&world.admin, "Иван").await;
    let deal = Deal {
        name: "Окна".into(),
        main_contact_id: ivan.id.clone(),
        ..Deal::default()
    };
    let deal = world.create_deal(&world.admin, deal).await.expect("made");
    let boris = world.manager("Борис", None).await;
    let follow = AddDealFollowerRequest {
        deal_id: deal.id.clone(),
        user_id: boris.id(),
    };
    world
        .deals()
        .add_deal_follower(world.admin.ask(follow.clone()))
        .await
        .expect("subscribed");
    world
        .deals()
        .add_deal_follower(world.admin.ask(follow))
        .await
        .expect("again");
    let delete = DeleteDealRequest {
        deal_id: deal.id.clone(),
        etag: String::new(),
    };
    world
        .deals()
        .delete_deal(world.admin.ask(delete))
        .await
        .expect("deleted");

    let told = told(&world).await;
    let kinds: Vec<_> = told.iter().map(|(kind, _)| &kind[..]).collect();
    let (contact, changed) = (card_changed(Kind::Contact), card_changed(Kind::Deal));
    assert_eq!(
        kinds,
        [PIPELINE_CHANGED, contact, changed, changed, changed]
    );
    let first = PipelineChanged::decode(&told[0].1[..]).expect("a pipeline");
    let finals: Vec<_> = first.stages.iter().map(|stage| stage.r#final).collect();
    assert_eq!(finals, [false, true, true]);

    let cards: Vec<_> = told[2..]
        .iter()
        .map(|(_, payload)| CardChanged::decode(&payload[..]).expect("a card"))
        .collect();
    let bytes = |uuid: uuid::Uuid| uuid.as_bytes().to_vec();
    let contact: types::ContactId = ivan.id.parse().expect("an id");
    let stage: types::StageId = pipeline.stages[0].id.parse().expect("an id");
    let made = &cards[0];
    assert_eq!(
        (made.kind(), made.version, &made.name[..]),
        (CardKind::Deal, 1, "Окна")
    );
    assert_eq!(made.account_id, bytes(world.account.uuid()));
    assert_eq!(
        made.responsible_user_id,
        bytes(world.admin.user.expect("a user").uuid())
    );
    assert_eq!(
        (made.contact_ids.clone(), made.has_main_contact),
        (vec![bytes(contact.uuid())], true)
    );
    assert_eq!(made.stage_id, bytes(stage.uuid()));
    let follower = bytes(boris.user.expect("a user").uuid());
    assert_eq!(
        (cards[1].version, &cards[1].follower_user_ids),
        (2, &vec![follower])
    );
    assert_eq!((cards[2].version, cards[2].deleted), (3, true));
}
