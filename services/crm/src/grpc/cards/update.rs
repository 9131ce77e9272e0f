//! Changes a card.

use auth::Caller;
use kit::validate::Fields;
use prost_types::FieldMask;

use super::{Shape, card_id, shown};
use crate::Error;
use crate::changes::cards;
use crate::core::Core;
use crate::grpc::mask::Mask;

/// The card after it.
pub async fn update<S: Shape>(
    core: &Core,
    caller: &Caller,
    card: Option<S>,
    mask: Option<FieldMask>,
) -> Result<Option<S>, Error> {
    let mask = Mask::new(mask, S::FIELDS)?;
    let card = card.unwrap_or_default();
    let mut fields = Fields::new();
    let id = card_id(&mut fields, S::KIND, &format!("{}.id", S::NAME), card.id());
    let values = card.values(&mut fields, &mask, false);
    fields.finish()?;
    // Without an id `finish` has refused.
    let Some(id) = id else { return Ok(None) };
    let etag = card.etag().to_owned();
    core.change(caller, move |tx, by| {
        Box::pin(async move {
            let changed = cards::update(tx, &by, id, values, &etag).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(Some(shown(&changed.card, &by.viewer)))
        })
    })
    .await
}
