//! One card.

use access::Action;
use auth::Caller;

use super::{Shape, only_id, shown};
use crate::Error;
use crate::core::Core;
use crate::store::cards;

/// A card that the caller may view.
pub async fn get<S: Shape>(core: &Core, caller: &Caller, id: &str) -> Result<Option<S>, Error> {
    let id = only_id(S::KIND, &format!("{}_id", S::NAME), id)?;
    core.read(caller, move |tx, by| {
        Box::pin(async move {
            let card = cards::get(tx, by.account, id).await?;
            let card = card.filter(|card| by.viewer.may(Action::View, card));
            let card = card.ok_or(Error::CardNotFound(id))?;
            Ok(Some(shown(&card, &by.viewer)))
        })
    })
    .await
}
