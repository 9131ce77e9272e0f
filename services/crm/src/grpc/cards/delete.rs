//! Deletes a card.

use auth::Caller;

use super::{Shape, only_id};
use crate::Error;
use crate::changes::cards;
use crate::core::Core;

/// Deletes a card.
pub async fn delete<S: Shape>(
    core: &Core,
    caller: &Caller,
    id: &str,
    etag: String,
) -> Result<(), Error> {
    let id = only_id(S::KIND, &format!("{}_id", S::NAME), id)?;
    core.change(caller, move |tx, by| {
        Box::pin(async move {
            let event = cards::delete(tx, &by, id, &etag).await?;
            events::append(tx, &[event]).await?;
            Ok(())
        })
    })
    .await
}
