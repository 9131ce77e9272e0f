//! Adds a card.

use auth::Caller;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use prost::Message;

use super::{Shape, shown};
use crate::Error;
use crate::changes::cards;
use crate::core::Core;
use crate::grpc::mask::Mask;

/// The call: its name, what it says, its request id, and the answer around a card.
pub struct Call<'c, R, S, A> {
    /// Name of the RPC.
    pub method: &'static str,
    /// The whole request.
    pub request: &'c R,
    /// The card in it.
    pub card: Option<&'c S>,
    /// Makes a repetition safe.
    pub request_id: &'c str,
    /// The answer.
    pub answer: fn(S) -> A,
}

/// Adds a card.
pub async fn create<R, S, A>(
    core: &Core,
    caller: &Caller,
    call: Call<'_, R, S, A>,
) -> Result<A, Error>
where
    R: Message,
    S: Shape,
    A: Message + Default + 'static,
{
    let mut fields = Fields::new();
    let values = match call.card {
        Some(card) => card.values(&mut fields, &Mask::new(None, S::FIELDS)?, true),
        None => S::default().values(&mut fields, &Mask::new(None, S::FIELDS)?, true),
    };
    let request_id = fields.optional_uuid("request_id", call.request_id);
    fields.finish()?;
    let once = Once::new(caller, call.method, request_id, hash(call.request))?;
    let answer = call.answer;
    core.change(caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let changed = cards::create(tx, &by, S::KIND, values).await?;
            let answer = answer(shown(&changed.card, &by.viewer));
            once.keep(tx, &answer).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(answer)
        })
    })
    .await
}
