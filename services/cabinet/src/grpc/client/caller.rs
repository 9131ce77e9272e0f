//! Who calls: the client behind a session token, checked at every call.

use kit::Refusal;
use pg::SystemScope;
use time::OffsetDateTime;
use tonic::Request;
use types::{AccountId, CabinetClientId};

use crate::domain::session::SESSION;
use crate::domain::settings::Cabinet;
use crate::grpc::sessions::bearer;
use crate::hub::Chat;
use crate::state::Parts;
use crate::store::{cabinets, clients};

/// A client with an open session.
pub(in crate::grpc) struct Caller {
    /// Whose client.
    pub(in crate::grpc) account: AccountId,
    /// Which client.
    pub(in crate::grpc) client: CabinetClientId,
    /// The client's number.
    pub(in crate::grpc) phone: String,
    /// The cabinet as it is now.
    pub(in crate::grpc) cabinet: Cabinet,
    /// The client's chat at the hub; `None` while the cabinet has no connection.
    chat: Option<Chat>,
    /// When the session ends.
    pub(super) expire_time: OffsetDateTime,
}

impl Caller {
    /// The client who calls. The session is read anew every time: one that was ended, by the client or by an erasure, is over at once.
    pub(in crate::grpc) async fn of<T>(
        state: &Parts,
        request: &Request<T>,
    ) -> Result<Self, Refusal> {
        let token = bearer(request.metadata())?;
        Self::with_token(state, token).await
    }

    pub(super) async fn with_token(state: &Parts, token: &str) -> Result<Self, Refusal> {
        let (account, digest) = SESSION.read(token).ok_or_else(Refusal::token_invalid)?;
        let job = SystemScope::for_job("read a client's session");
        let read = state.db.tx(job, move |tx| {
            Box::pin(async move {
                let session = clients::find_session(tx, account, &digest).await?;
                let cabinet = cabinets::find(tx, account).await?;
                Ok::<_, pg::Error>(session.zip(cabinet))
            })
        });
        let (session, cabinet) = read.await?.ok_or_else(Refusal::token_invalid)?;
        if state.clock.now() >= session.expire_time {
            return Err(Refusal::token_expired());
        }
        let allowed = cabinet.settings.enabled && state.accounts.get(account).await?.has_cabinet;
        if !allowed {
            return Err(Refusal::cabinet_disabled(cabinet.id));
        }
        Ok(Self {
            account,
            client: session.client,
            phone: session.phone.ok_or_else(Refusal::token_invalid)?,
            chat: cabinet.connection.map(|connection| Chat {
                connection,
                client: session.client,
            }),
            expire_time: session.expire_time,
            cabinet,
        })
    }

    /// The client's chat at the hub.
    pub(super) fn chat(&self) -> Result<Chat, Refusal> {
        self.chat
            .ok_or_else(|| Refusal::cabinet_disabled(self.cabinet.id))
    }

    /// Can the client write?
    pub(super) fn has_chat(&self) -> bool {
        self.chat.is_some()
    }
}
