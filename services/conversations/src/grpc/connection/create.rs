//! CreateConnection.
//!
//! The connector's own id names a connection within the account: creating it again, also without a request id, gives the
//! connection that is there, unchanged. So whoever lost the answer to the first call gets it by the second.

use api::conversations::v1::{
    Connection as Proto, CreateConnectionRequest, CreateConnectionResponse,
};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::secrets::MasterKey;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::Once;
use prost::Message as _;
use time::OffsetDateTime;
use tonic::Request;
use types::ConnectionId;

use super::{Connections, names, settings};
use crate::domain::connection::{Connection, Settings};
use crate::domain::settings::Object;
use crate::store::connections;
use crate::wire;

pub(super) async fn create(
    service: &Connections,
    request: Request<CreateConnectionRequest>,
) -> Result<CreateConnectionResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let CreateConnectionRequest {
        connection,
        request_id,
    } = request.into_inner();
    let mut fields = Fields::new();
    if connection.is_none() {
        fields.reject("connection", "must be given");
    }
    let proto = connection.unwrap_or_default();
    let connection = parse(&mut fields, scope, &proto, service.clock.now());
    let settings = settings::given(&mut fields, proto.settings.clone());
    let request_id = fields.optional_uuid("request_id", &request_id);
    fields.finish()?;
    // Settings may hold passwords.
    let hash = service
        .key
        .digest("conversations:request-hash", &proto.encode_to_vec());
    let once = Once::new(&caller, "CreateConnection", request_id, hash)?;
    let new = New {
        connection,
        settings,
        key: service.key.clone(),
    };
    let stored = service.db.tx(scope, move |tx| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let answer = store(tx, scope, new).await?;
            once.keep(tx, &answer).await?;
            Ok::<_, Refusal>(answer)
        })
    });
    let connection = stored.await?;
    if let Ok(id) = connection.id.parse() {
        service.directory.forget(id);
    }
    Ok(CreateConnectionResponse {
        connection: Some(connection),
    })
}

/// A connection that is to be stored.
struct New {
    connection: Connection,
    /// As given: the connector's schema is not known yet.
    settings: Object,
    key: MasterKey,
}

fn parse(
    fields: &mut Fields,
    scope: AccountScope,
    proto: &Proto,
    now: OffsetDateTime,
) -> Connection {
    let external_id = fields.line("connection.external_id", &proto.external_id, 1..=200);
    Connection {
        id: ConnectionId::generate(),
        account: scope.account(),
        connector_key: names::connector_key(
            fields,
            "connection.connector_key",
            &proto.connector_key,
        ),
        external_id,
        title: names::title(fields, &proto.title),
        mode: names::mode(fields, proto.conversation_mode),
        enabled: proto.enabled,
        version: 1,
        // As the database keeps it.
        create_time: now.truncate_to_microsecond(),
        settings: Settings::default(),
        health: None,
        in_subscription: true,
    }
}

async fn store(tx: &mut Tx, scope: AccountScope, new: New) -> Result<Proto, Refusal> {
    let mut connection = new.connection;
    let schema = connections::settings_schema(tx, scope, &connection.connector_key).await?;
    let schema = schema.ok_or_else(|| Refusal::connector_not_found(&connection.connector_key))?;
    connection.settings = settings::kept(
        &new.key,
        &schema,
        connection.id,
        Object::new(),
        new.settings,
    )?;
    let (key, external_id) = (&connection.connector_key, &connection.external_id);
    if connections::insert(tx, &connection).await? {
        return Ok(wire::connection(&connection));
    }
    let existing = connections::get_external(tx, scope, key, external_id).await?;
    // It was there a moment ago, and connections are never deleted.
    existing
        .as_ref()
        .map(wire::connection)
        .ok_or_else(Refusal::conflict)
}
