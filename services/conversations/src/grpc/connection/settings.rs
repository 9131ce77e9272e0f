//! What a request says of a connection's settings, checked against the connector's schema; secrets are sealed.

use kit::Refusal;
use kit::refusal::FieldViolation;
use kit::secrets::{Error, MasterKey};
use kit::validate::Fields;
use types::ConnectionId;

use crate::domain::connection::{Connection, Settings};
use crate::domain::settings::{MAX_SETTINGS, Misfit, Object, Schema, merged};

/// Settings as a request gives them.
pub fn given(fields: &mut Fields, settings: Option<prost_types::Struct>) -> Object {
    let settings = settings.map(kit::json::from_struct).unwrap_or_default();
    let length = serde_json::to_vec(&settings).map_or(usize::MAX, |text| text.len());
    if length > MAX_SETTINGS {
        fields.reject(
            "connection.settings",
            format!("must be at most {MAX_SETTINGS} bytes, are {length}"),
        );
    }
    settings
}

/// The settings to keep; `secrets` are those that are set.
///
/// # Errors
/// FIELD_INVALID with everything that does not fit.
pub fn kept(
    key: &MasterKey,
    schema: &str,
    id: ConnectionId,
    secrets: Object,
    given: Object,
) -> Result<Settings, Refusal> {
    let schema = Schema::parse(schema)
        .map_err(|error| Refusal::internal(anyhow::anyhow!("a stored schema {error}")))?;
    let (plain, change) = schema.split(given);
    let secrets = merged(secrets, change);
    let mut whole = plain.clone();
    whole.extend(secrets.clone());
    let misfits = schema.misfits(&whole);
    if !misfits.is_empty() {
        return Err(Refusal::fields(
            misfits.into_iter().map(violation).collect(),
        ));
    }
    let sealed = match secrets.is_empty() {
        true => Vec::new(),
        false => key.seal(
            serde_json::Value::Object(secrets.clone())
                .to_string()
                .as_bytes(),
            &context(id),
        ),
    };
    let mut secret_names: Vec<String> = secrets.into_iter().map(|(name, _)| name).collect();
    secret_names.sort_unstable();
    Ok(Settings {
        plain,
        sealed,
        secret_names,
    })
}

/// The secrets of a connection.
///
/// # Errors
/// When they were sealed with a key that is not known any more.
pub fn secrets(key: &MasterKey, connection: &Connection) -> Result<Object, Error> {
    let sealed = &connection.settings.sealed;
    if sealed.is_empty() {
        return Ok(Object::new());
    }
    let opened = key.open(sealed, &context(connection.id))?;
    serde_json::from_slice(&opened).map_err(|_| Error::Unopenable)
}

/// The settings of a connection with its secrets.
///
/// # Errors
/// As [`secrets`].
pub fn opened(key: &MasterKey, connection: &Connection) -> Result<Object, Error> {
    let mut whole = connection.settings.plain.clone();
    whole.extend(secrets(key, connection)?);
    Ok(whole)
}

fn violation(misfit: Misfit) -> FieldViolation {
    let field = match misfit.path.is_empty() {
        true => "connection.settings".to_owned(),
        false => format!("connection.settings.{}", misfit.path),
    };
    FieldViolation {
        field,
        description: misfit.text,
    }
}

/// Sealed secrets open at their connection only.
fn context(id: ConnectionId) -> String {
    format!("connection:{id}")
}
