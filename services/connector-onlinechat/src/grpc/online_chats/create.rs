//! CreateOnlineChat: our row first, then the connection in conversations, then the link between them.
//!
//! A crash in between leaves an unfinished row, which nobody sees. The caller's repetition finds it by its request id and
//! goes on with the same request to conversations, whose own request id is the online chat's id; where the connection was
//! made and only the link is missing, the stream of connections makes it. What nobody repeats is forgotten after two days.

use api::conversations::v1::{Connection, CreateConnectionRequest};
use api::onlinechat::v1::{CreateOnlineChatRequest, CreateOnlineChatResponse};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::idempotency::{self, Call, hash};
use time::OffsetDateTime;
use tonic::Request;
use types::{ConnectionId, OnlineChatId};
use uuid::Uuid;

use super::{existing, stored, wire};
use crate::domain::online_chat::{OnlineChat, Settings};
use crate::grpc::on_behalf;
use crate::grpc::status::{Failure, forwarded};
use crate::hub::CONNECTOR_KEY;
use crate::state::Parts;
use crate::store::online_chats::{self, Stored};

pub(super) async fn create(
    state: &Parts,
    request: Request<CreateOnlineChatRequest>,
) -> Result<CreateOnlineChatResponse, Failure> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let CreateOnlineChatRequest {
        online_chat,
        request_id,
    } = request.into_inner();
    let mut fields = Fields::new();
    if online_chat.is_none() {
        fields.reject("online_chat", "must be given");
    }
    let proto = online_chat.unwrap_or_default();
    let mut settings = wire::settings(&mut fields, &proto);
    let request_id = fields.optional_uuid("request_id", &request_id);
    let field = wire::external_field(&mut fields, &proto);
    fields.finish()?;
    if let Some(field) = field {
        settings.external_field = Some(state.crm.external_field(&caller, field).await?);
    }
    let call = request_id
        .map(|id| Call::of(&caller, "CreateOnlineChat", id, hash(&proto)))
        .transpose()?;
    let id = store(state, scope, call, settings).await?;
    let stored = stored(&state.db, scope, id).await?;
    let chat = match stored.clone().finished() {
        Some(chat) => chat,
        None => finish(state, &caller, scope, stored).await?,
    };
    Ok(CreateOnlineChatResponse {
        online_chat: Some(wire::to_proto(&state.public_url, &chat)),
    })
}

/// Stores the new row, or finds the one of an earlier try.
async fn store(
    state: &Parts,
    scope: AccountScope,
    call: Option<Call>,
    settings: Settings,
) -> Result<OnlineChatId, Refusal> {
    let now: OffsetDateTime = state.clock.now();
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            if let Some(call) = &call {
                let known = idempotency::begin(tx, call).await?;
                let decode = |bytes: &[u8]| Some(OnlineChatId::from(Uuid::from_slice(bytes).ok()?));
                if let Some(id) = known.answer(call, decode)? {
                    return Ok(id);
                }
            }
            let id = OnlineChatId::generate();
            online_chats::insert(tx, scope.account(), id, &settings, now).await?;
            if let Some(call) = &call {
                idempotency::record(tx, call, id.uuid().as_bytes().to_vec()).await?;
            }
            Ok::<_, Refusal>(id)
        })
    });
    stored.await
}

/// Makes the connection and links it.
async fn finish(
    state: &Parts,
    caller: &Caller,
    scope: AccountScope,
    unfinished: Stored,
) -> Result<OnlineChat, Failure> {
    let Stored { id, settings, .. } = unfinished;
    let request = CreateConnectionRequest {
        connection: Some(Connection {
            connector_key: CONNECTOR_KEY.to_owned(),
            title: settings.title,
            conversation_mode: wire::conversation_mode(settings.mode).into(),
            enabled: settings.enabled,
            external_id: id.to_string(),
            ..Connection::default()
        }),
        request_id: id.uuid().to_string(),
    };
    let request = on_behalf(caller, request)?;
    let reply = state
        .connections
        .clone()
        .create_connection(request)
        .await
        .map_err(forwarded)?;
    let connection: Option<ConnectionId> = reply
        .into_inner()
        .connection
        .and_then(|connection| connection.id.parse().ok());
    let connection = connection.ok_or_else(|| {
        Refusal::internal(anyhow::anyhow!(
            "conversations made a connection without an id"
        ))
    })?;
    let linked = state.db.tx(scope, move |tx| {
        Box::pin(async move { online_chats::link(tx, scope.account(), id, connection).await })
    });
    linked.await?;
    Ok(existing(&state.db, scope, id).await?)
}
