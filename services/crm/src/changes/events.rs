//! What other services are told.

use api::crm::internal::v1 as internal;
use events::NewEvent;
use prost::Message;
use types::{AccountId, ContactId};
use uuid::Uuid;

use crate::domain::card::Card;
use crate::domain::ids::Kind;
use crate::domain::pipeline::Pipeline;
use crate::domain::tag::Tag;

/// A pipeline or its stages changed.
pub const PIPELINE_CHANGED: &str = "crm.pipeline.changed";

/// A tag was added, renamed or deleted.
pub const TAG_CHANGED: &str = "crm.tag.changed";

/// The kind of the event of a changed card.
#[must_use]
pub fn card_changed(kind: Kind) -> &'static str {
    match kind {
        Kind::Contact => "crm.contact.changed",
        Kind::Company => "crm.company.changed",
        Kind::Deal => "crm.deal.changed",
        Kind::Customer => "crm.customer.changed",
    }
}

/// The kind of a card, as other services of ours are told it.
#[must_use]
pub fn card_kind(kind: Kind) -> internal::CardKind {
    match kind {
        Kind::Contact => internal::CardKind::Contact,
        Kind::Company => internal::CardKind::Company,
        Kind::Deal => internal::CardKind::Deal,
        Kind::Customer => internal::CardKind::Customer,
    }
}

fn bytes(uuid: Uuid) -> Vec<u8> {
    uuid.as_bytes().to_vec()
}

/// What became of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there.
    There,
    /// It was deleted.
    Deleted,
    /// It went into another contact.
    MergedInto(ContactId),
    /// It is there again, having been in another contact.
    UnmergedFrom(ContactId),
}

/// A card as it is now, or that it is gone.
#[must_use]
pub fn of_card(account: AccountId, card: &Card, fate: Fate) -> NewEvent {
    NewEvent {
        account,
        aggregate: card.id.uuid(),
        kind: card_changed(card.id.kind()),
        payload: card_news(account, card, fate).encode_to_vec(),
    }
}

/// What others are told of a card.
#[must_use]
pub fn card_news(account: AccountId, card: &Card, fate: Fate) -> internal::CardChanged {
    let contact = |contact: ContactId| bytes(contact.uuid());
    let (deleted, merged_into, unmerged_from) = match fate {
        Fate::There => (false, Vec::new(), Vec::new()),
        Fate::Deleted => (true, Vec::new(), Vec::new()),
        Fate::MergedInto(target) => (true, contact(target), Vec::new()),
        Fate::UnmergedFrom(target) => (false, Vec::new(), contact(target)),
    };
    let place = card.place;
    internal::CardChanged {
        account_id: bytes(account.uuid()),
        kind: card_kind(card.id.kind()).into(),
        card_id: bytes(card.id.uuid()),
        version: card.version,
        name: card.name.clone(),
        responsible_user_id: bytes(card.responsible.uuid()),
        pipeline_id: place
            .map(|place| bytes(place.pipeline.uuid()))
            .unwrap_or_default(),
        stage_id: place
            .map(|place| bytes(place.stage.uuid()))
            .unwrap_or_default(),
        contact_ids: card
            .all_contacts()
            .map(ContactId::uuid)
            .map(bytes)
            .collect(),
        has_main_contact: card.main_contact.is_some(),
        follower_user_ids: card
            .followers
            .iter()
            .map(|user| bytes(user.uuid()))
            .collect(),
        deleted,
        merged_into,
        unmerged_from,
        tag_ids: card.tags.iter().map(|tag| bytes(tag.uuid())).collect(),
    }
}

/// A pipeline as it is now, or that it is gone.
#[must_use]
pub fn of_pipeline(account: AccountId, pipeline: &Pipeline, deleted: bool) -> NewEvent {
    NewEvent {
        account,
        aggregate: pipeline.id.uuid(),
        kind: PIPELINE_CHANGED,
        payload: pipeline_news(account, pipeline, deleted).encode_to_vec(),
    }
}

/// What others are told of a pipeline.
#[must_use]
pub fn pipeline_news(
    account: AccountId,
    pipeline: &Pipeline,
    deleted: bool,
) -> internal::PipelineChanged {
    let stage = |stage: &crate::domain::pipeline::Stage| internal::PipelineStage {
        stage_id: bytes(stage.id.uuid()),
        name: stage.name.clone(),
        r#final: stage.kind.is_final(),
    };
    internal::PipelineChanged {
        account_id: bytes(account.uuid()),
        pipeline_id: bytes(pipeline.id.uuid()),
        version: pipeline.version,
        name: pipeline.name.clone(),
        stages: pipeline.stages.iter().map(stage).collect(),
        deleted,
    }
}

/// A tag as it is now, or that it is gone.
#[must_use]
pub fn of_tag(account: AccountId, tag: &Tag, deleted: bool) -> NewEvent {
    let payload = internal::TagChanged {
        account_id: bytes(account.uuid()),
        tag_id: bytes(tag.id.uuid()),
        name: tag.name.clone(),
        deleted,
    };
    NewEvent {
        account,
        aggregate: tag.id.uuid(),
        kind: TAG_CHANGED,
        payload: payload.encode_to_vec(),
    }
}
