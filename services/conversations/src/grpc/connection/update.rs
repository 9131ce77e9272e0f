//! UpdateConnection.

use api::conversations::v1::{
    Connection as Proto, UpdateConnectionRequest, UpdateConnectionResponse,
};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::secrets::MasterKey;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::ConnectionId;

use super::{Connections, names, settings};
use crate::changes::writability_changed;
use crate::domain::connection::{Connection, Mode, Settings};
use crate::domain::settings::Object;
use crate::store::connections;
use crate::wire;

/// What to change; `None` leaves a field as it is.
#[derive(Debug, Default)]
struct Change {
    title: Option<String>,
    mode: Option<Mode>,
    enabled: Option<bool>,
    settings: Option<Object>,
}

pub(super) async fn update(
    service: &Connections,
    request: Request<UpdateConnectionRequest>,
) -> Result<UpdateConnectionResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let UpdateConnectionRequest {
        connection,
        update_mask,
    } = request.into_inner();
    let mut fields = Fields::new();
    if connection.is_none() {
        fields.reject("connection", "must be given");
    }
    let proto = connection.unwrap_or_default();
    let id: Option<ConnectionId> = fields.id("connection.id", &proto.id);
    let mask = update_mask
        .filter(|mask| !mask.paths.is_empty())
        .map_or_else(|| set_fields(&proto), |mask| mask.paths);
    let change = parse(&mut fields, &proto, &mask);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&proto.id))?;
    let key = service.key.clone();
    let changed = service.db.tx(scope, move |tx| {
        Box::pin(async move { apply(tx, scope, &key, id, &proto.etag, change).await })
    });
    let connection = changed.await?;
    service.directory.forget(id);
    Ok(UpdateConnectionResponse {
        connection: Some(wire::connection(&connection)),
    })
}

fn parse(fields: &mut Fields, proto: &Proto, paths: &[String]) -> Change {
    let mut change = Change::default();
    for path in paths {
        match &path[..] {
            "title" => change.title = Some(names::title(fields, &proto.title)),
            "conversation_mode" => {
                change.mode = Some(names::mode(fields, proto.conversation_mode));
            }
            "enabled" => change.enabled = Some(proto.enabled),
            "settings" => {
                change.settings = Some(settings::given(fields, proto.settings.clone()));
            }
            _ => fields.reject(
                "update_mask",
                format!("cannot name \"{path}\": of title, conversation_mode, enabled, settings"),
            ),
        }
    }
    change
}

/// Without a mask what is set counts. A connection is switched off by naming `enabled`: false is how it looks unset.
fn set_fields(proto: &Proto) -> Vec<String> {
    let set = [
        ("title", !proto.title.is_empty()),
        ("conversation_mode", proto.conversation_mode != 0),
        ("enabled", proto.enabled),
        ("settings", proto.settings.is_some()),
    ];
    set.into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(path, _)| path.to_owned())
        .collect()
}

async fn apply(
    tx: &mut Tx,
    scope: AccountScope,
    key: &MasterKey,
    id: ConnectionId,
    etag: &str,
    change: Change,
) -> Result<Connection, Refusal> {
    let before = connections::lock(tx, scope, id)
        .await?
        .ok_or_else(|| Refusal::connection_not_found(id))?;
    if !etag.is_empty() && etag != wire::etag(before.version) {
        return Err(Refusal::etag_mismatch());
    }
    let mut after = Connection {
        title: change.title.unwrap_or_else(|| before.title.clone()),
        mode: change.mode.unwrap_or(before.mode),
        enabled: change.enabled.unwrap_or(before.enabled),
        ..before.clone()
    };
    if let Some(given) = change.settings {
        after.settings = settings_after(tx, scope, key, &before, given).await?;
    }
    if after != before {
        after.version += 1;
        connections::update(tx, &after).await?;
    }
    if after.enabled != before.enabled {
        let told = writability_changed(after.account, Some(after.id));
        events::append(tx, &[told]).await?;
    }
    Ok(after)
}

async fn settings_after(
    tx: &mut Tx,
    scope: AccountScope,
    key: &MasterKey,
    before: &Connection,
    given: Object,
) -> Result<Settings, Refusal> {
    let schema = connections::settings_schema(tx, scope, &before.connector_key).await?;
    let schema = schema.ok_or_else(|| Refusal::connector_not_found(&before.connector_key))?;
    // What cannot be opened any more has to be given again.
    let secrets = settings::secrets(key, before).unwrap_or_default();
    settings::kept(key, &schema, before.id, secrets, given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto() -> Proto {
        Proto {
            title: "Shop".to_owned(),
            ..Proto::default()
        }
    }

    #[test]
    fn unknown_and_fixed_paths_are_refused() {
        for path in ["connector_key", "id", "nonsense", ""] {
            let mut fields = Fields::new();
            parse(&mut fields, &proto(), &[path.to_owned()]);
            assert!(fields.finish().is_err(), "{path}");
        }
    }

    #[test]
    fn without_a_mask_what_is_set_counts() {
        let mut fields = Fields::new();
        let change = parse(&mut fields, &proto(), &set_fields(&proto()));
        assert!(fields.finish().is_ok());
        assert_eq!(
            (change.title.as_deref(), change.mode, change.enabled),
            (Some("Shop"), None, None)
        );
        assert!(set_fields(&Proto::default()).is_empty());
    }
}
