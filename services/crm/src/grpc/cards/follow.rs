//! Subscribes an employee to a card, or ends the subscription.

use auth::Caller;
use kit::validate::Fields;
use types::UserId;

use super::{Shape, card_id, shown};
use crate::Error;
use crate::changes::cards;
use crate::core::Core;

/// The card after it.
pub async fn follow<S: Shape>(
    core: &Core,
    caller: &Caller,
    id: &str,
    user: &str,
    on: bool,
) -> Result<Option<S>, Error> {
    let mut fields = Fields::new();
    let id = card_id(&mut fields, S::KIND, &format!("{}_id", S::NAME), id);
    let user = fields.optional_id::<UserId>("user_id", user);
    fields.finish()?;
    // Without an id `finish` has refused.
    let Some(id) = id else { return Ok(None) };
    core.change(caller, move |tx, by| {
        Box::pin(async move {
            let changed = cards::follow(tx, &by, id, user, on).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(Some(shown(&changed.card, &by.viewer)))
        })
    })
    .await
}
