//! Calls whose answer is a message.

use auth::{Caller, Principal};
use kit::Refusal;
use prost::Message;
use uuid::Uuid;

use super::{Call, begin, record};
use crate::{Error, Tx};

impl Call {
    /// The call `method` of `caller`; `hash` tells its request from others, without the id.
    ///
    /// # Errors
    /// PERMISSION_MISSING for a service: it belongs to no account.
    pub fn of(
        caller: &Caller,
        method: &'static str,
        request_id: Uuid,
        hash: [u8; 32],
    ) -> Result<Self, Refusal> {
        let account = caller.scope()?.account();
        let caller = match caller.principal() {
            Principal::Employee { user, .. } => user.uuid(),
            Principal::Program { key, .. } => key.uuid(),
            Principal::Service { .. } => return Err(Refusal::permission_missing("account")),
        };
        Ok(Self {
            account,
            caller,
            method,
            request_id,
            hash,
        })
    }
}

/// The hash of a request that holds no secret. One that may hold a password is hashed with
/// [`kit::secrets::MasterKey::digest`]: what is short can be guessed from a plain hash.
#[must_use]
pub fn hash(request: &impl Message) -> [u8; 32] {
    kit::secrets::sha256(&request.encode_to_vec())
}

/// A call that has an id or none; without one, a repeated call is another call.
#[derive(Debug, Clone, Default)]
pub struct Once(Option<Call>);

impl Once {
    /// The call `method` of `caller`, as [`Call::of`] has it.
    ///
    /// # Errors
    /// PERMISSION_MISSING for a service with a request id.
    pub fn new(
        caller: &Caller,
        method: &'static str,
        request_id: Option<Uuid>,
        hash: [u8; 32],
    ) -> Result<Self, Refusal> {
        let call = request_id.map(|request_id| Call::of(caller, method, request_id, hash));
        Ok(Self(call.transpose()?))
    }

    /// What was answered before. The inner refusal is REQUEST_ID_REUSED, or INTERNAL when a kept answer does not decode.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answered<M: Message + Default>(
        &self,
        tx: &mut Tx,
    ) -> Result<Result<Option<M>, Refusal>, Error> {
        let Some(call) = &self.0 else {
            return Ok(Ok(None));
        };
        let known = begin(tx, call).await?;
        Ok(known.answer(call, |bytes| M::decode(bytes).ok()))
    }

    /// Keeps the answer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep(&self, tx: &mut Tx, answer: &impl Message) -> Result<(), Error> {
        match &self.0 {
            Some(call) => record(tx, call, answer.encode_to_vec()).await,
            None => Ok(()),
        }
    }
}
