//! Settings of connections, as their connectors describe them.

use serde_json::{Map, Value};

/// The longest schema, in bytes.
pub const MAX_SCHEMA: usize = 65_536;

/// The longest settings, in bytes as JSON.
pub const MAX_SETTINGS: usize = 65_536;

/// A JSON object.
pub type Object = Map<String, Value>;

/// What a connection's settings have to look like.
#[derive(Debug)]
pub struct Schema {
    validator: jsonschema::Validator,
    secrets: Vec<String>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where: a path below the settings, with dots.
    pub path: String,
    /// What; it never repeats a value, which may be a secret.
    pub text: String,
}

impl Schema {
    /// Reads a schema; an empty one allows no settings.
    ///
    /// # Errors
    /// What is wrong with it, for the author of the connector.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_SCHEMA {
            return Err(format!("must be at most {MAX_SCHEMA} bytes"));
        }
        let schema = match text {
            "" => serde_json::json!({"type": "object", "additionalProperties": false}),
            text => serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?,
        };
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err("must describe an object: \"type\": \"object\"".to_owned());
        }
        let validator = jsonschema::draft202012::new(&schema);
        let validator = validator.map_err(|error| format!("is no JSON Schema: {error}"))?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let secrets = properties.into_iter().flatten();
        let secrets = secrets.filter(|(_, it)| it.get("writeOnly") == Some(&Value::Bool(true)));
        Ok(Self {
            validator,
            secrets: secrets.map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Takes the secrets out of settings.
    #[must_use]
    pub fn split(&self, settings: Object) -> (Object, Object) {
        settings
            .into_iter()
            .partition(|(name, _)| !self.secrets.contains(name))
    }

    /// Everything in the settings, secrets included, that does not fit, in the order of paths.
    #[must_use]
    pub fn misfits(&self, settings: &Object) -> Vec<Misfit> {
        let settings = Value::Object(settings.clone());
        let errors = self.validator.iter_errors(&settings);
        let misfits = errors.map(|error| Misfit {
            path: error
                .instance_path()
                .to_string()
                .replace('/', ".")
                .trim_start_matches('.')
                .to_owned(),
            text: error.masked().to_string(),
        });
        let mut misfits: Vec<Misfit> = misfits.collect();
        misfits.sort_by(|a, b| a.path.cmp(&b.path));
        misfits
    }
}

/// Secrets after a change: those that it does not name stay, null takes one away.
#[must_use]
pub fn merged(mut secrets: Object, change: Object) -> Object {
    secrets.extend(change);
    secrets.retain(|_, value| !value.is_null());
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SCHEMA: &str = r#"{"type": "object", "required": ["token"], "additionalProperties": false, "properties": {
        "token": {"type": "string", "minLength": 8, "writeOnly": true}, "mode": {"enum": ["polling", "webhook"]}}}"#;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        let schema = Schema::parse(SCHEMA).unwrap();
        assert_eq!(schema.misfits(&object(json!({"token": "12345678"}))), []);
        let misfits = schema.misfits(&object(json!({"token": "s3cret", "mode": "pigeon"})));
        let paths: Vec<&str> = misfits.iter().map(|it| &it.path[..]).collect();
        assert_eq!(paths, ["mode", "token"]);
        for misfit in misfits {
            assert!(!misfit.text.contains("s3cret"), "{}", misfit.text);
        }
        assert_eq!(schema.misfits(&Object::new()).len(), 1, "required");
    }

    #[test]
    fn secrets_are_kept_apart_and_stay_until_they_are_taken_away() {
        let schema = Schema::parse(SCHEMA).unwrap();
        let (plain, secrets) = schema.split(object(json!({"token": "a", "mode": "polling"})));
        assert_eq!(plain, object(json!({"mode": "polling"})));
        assert_eq!(secrets, object(json!({"token": "a"})));
        assert_eq!(merged(secrets.clone(), Object::new()), secrets);
        assert_eq!(
            merged(secrets, object(json!({"token": null}))),
            Object::new()
        );
    }

    #[test]
    fn without_a_schema_there_are_no_settings() {
        let schema = Schema::parse("").unwrap();
        assert_eq!(schema.misfits(&Object::new()), []);
        assert_eq!(schema.misfits(&object(json!({"a": 1}))).len(), 1);
    }

    #[test]
    fn what_is_no_schema_of_an_object_is_refused() {
        for text in [
            "nonsense",
            "[]",
            r#"{"type": "string"}"#,
            r#"{"type": "object", "properties": 7}"#,
            r#"{"type": "object", "$ref": "https://example.com/schema.json"}"#,
        ] {
            assert!(Schema::parse(text).is_err(), "{text}");
        }
    }
}
