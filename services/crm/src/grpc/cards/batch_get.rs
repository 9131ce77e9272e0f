//! Several cards at once.

use access::Action;
use auth::Caller;
use kit::validate::Fields;

use super::{Shape, card_id, shown};
use crate::Error;
use crate::core::Core;
use crate::domain::ids::CardId;
use crate::grpc::wire::at_most;
use crate::store::cards;

/// How many at most.
const MAX: usize = 100;

/// Those that are there for the caller, in the order asked.
pub async fn batch_get<S: Shape>(
    core: &Core,
    caller: &Caller,
    ids: &[String],
) -> Result<Vec<S>, Error> {
    let field = format!("{}_ids", S::NAME);
    let mut fields = Fields::new();
    if ids.is_empty() {
        fields.reject(&field, "must not be empty");
    }
    at_most(&mut fields, &field, ids, MAX);
    let mut known: Vec<CardId> = Vec::new();
    for (place, text) in ids.iter().enumerate() {
        // Only the first that is none is named: an answer has to fit into a header.
        match card_id(&mut fields, S::KIND, &format!("{field}[{place}]"), text) {
            Some(id) => known.push(id),
            None => break,
        }
    }
    let ids = known;
    fields.finish()?;
    core.read(caller, move |tx, by| {
        Box::pin(async move {
            let found = cards::batch(tx, by.account, S::KIND, &ids).await?;
            let visible = |id: &CardId| {
                let card = found.iter().find(|card| card.id == *id);
                card.filter(|card| by.viewer.may(Action::View, card))
            };
            Ok(ids
                .iter()
                .filter_map(visible)
                .map(|card| shown(card, &by.viewer))
                .collect())
        })
    })
    .await
}
