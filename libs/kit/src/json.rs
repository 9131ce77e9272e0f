//! Settings on the wire (`google.protobuf.Struct`) and as JSON.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Number, Value};

/// The largest number of which every whole one below is a double: larger ones stay doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A struct as a JSON object. Whole numbers are whole again.
#[must_use]
pub fn from_struct(object: Struct) -> Map<String, Value> {
    let fields = object.fields.into_iter();
    fields
        .map(|(name, value)| (name, from_value(value)))
        .collect()
}

fn from_value(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(it)) => Value::Bool(it),
        Some(Kind::NumberValue(it)) => number(it),
        Some(Kind::StringValue(it)) => Value::String(it),
        Some(Kind::StructValue(it)) => Value::Object(from_struct(it)),
        Some(Kind::ListValue(it)) => it.values.into_iter().map(from_value).collect(),
    }
}

fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT {
        // Exact by the check before.
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// A JSON object as a struct.
#[must_use]
pub fn to_struct(object: Map<String, Value>) -> Struct {
    let fields = object.into_iter();
    Struct {
        fields: fields
            .map(|(name, value)| (name, to_value(value)))
            .collect(),
    }
}

fn to_value(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(it) => Kind::BoolValue(it),
        Value::Number(it) => Kind::NumberValue(it.as_f64().unwrap_or_default()),
        Value::String(it) => Kind::StringValue(it),
        Value::Object(it) => Kind::StructValue(to_struct(it)),
        Value::Array(it) => Kind::ListValue(ListValue {
            values: it.into_iter().map(to_value).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_over_the_wire_comes_back() {
        let text = r#"{"a": [1, -2.5, "x", null, true, {"b": 9007199254740991}], "c": {}}"#;
        let object: Map<String, Value> = serde_json::from_str(text).expect("JSON");
        assert_eq!(from_struct(to_struct(object.clone())), object);
    }
}
