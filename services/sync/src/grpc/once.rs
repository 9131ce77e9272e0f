//! Creates that may be repeated under the same request id.

use auth::{Caller, Principal};
use pg::Tx;
use pg::idempotency::{self, Call};
use prost::Message;
use uuid::Uuid;

use crate::Error;

/// A call with a request id; without one, a repeated call is another call.
pub struct Once(Option<Call>);

impl Once {
    /// The call `method` of `caller`.
    ///
    /// # Errors
    /// PERMISSION_MISSING for a service.
    pub fn new(
        caller: &Caller,
        method: &'static str,
        request_id: Option<Uuid>,
        request: &impl Message,
    ) -> Result<Self, Error> {
        let account = caller.scope()?.account();
        let Some(request_id) = request_id else {
            return Ok(Self(None));
        };
        let caller = match caller.principal() {
            Principal::Employee { user, .. } => user.uuid(),
            Principal::Program { key, .. } => key.uuid(),
            Principal::Service { .. } => Uuid::nil(),
        };
        Ok(Self(Some(Call {
            account,
            caller,
            method,
            request_id,
            hash: kit::secrets::sha256(&request.encode_to_vec()),
        })))
    }

    /// What was answered before.
    ///
    /// # Errors
    /// REQUEST_ID_REUSED, or when the database fails.
    pub async fn answered<M: Message + Default>(&self, tx: &mut Tx) -> Result<Option<M>, Error> {
        let Some(call) = &self.0 else { return Ok(None) };
        let known = idempotency::begin(tx, call).await?;
        Ok(known.answer(call, |bytes| M::decode(bytes).ok())?)
    }

    /// Keeps the answer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep(&self, tx: &mut Tx, answer: &impl Message) -> Result<(), Error> {
        match &self.0 {
            Some(call) => Ok(idempotency::record(tx, call, answer.encode_to_vec()).await?),
            None => Ok(()),
        }
    }
}
