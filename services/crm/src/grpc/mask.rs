//! Field masks of updates.

use kit::Refusal;
use prost_types::FieldMask;

/// Which fields an update changes.
#[derive(Debug)]
pub struct Mask(Option<Vec<String>>);

impl Mask {
    /// The mask of a request; `fields` are those that can be changed.
    ///
    /// # Errors
    /// FIELD_INVALID for any other path.
    pub fn new(mask: Option<FieldMask>, fields: &[&str]) -> Result<Self, Refusal> {
        let paths = mask.unwrap_or_default().paths;
        if let Some(path) = paths.iter().find(|path| !fields.contains(&path.as_str())) {
            let can = fields.join(", ");
            return Err(Refusal::field(
                "update_mask",
                format!("has no field \"{path}\" to change; there are: {can}"),
            ));
        }
        Ok(Self((!paths.is_empty()).then_some(paths)))
    }

    /// Is the field to be changed? Without a mask those are that are set.
    #[must_use]
    pub fn has(&self, field: &str, is_set: bool) -> bool {
        match &self.0 {
            Some(paths) => paths.iter().any(|path| path == field),
            None => is_set,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> Result<Mask, Refusal> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Mask::new(Some(FieldMask { paths }), &["name", "active"])
    }

    #[test]
    fn a_mask_decides_alone() {
        let mask = mask(&["active"]).expect("a mask");
        assert!(mask.has("active", false));
        assert!(!mask.has("name", true));
    }

    #[test]
    fn without_a_mask_set_fields_change() {
        for mask in [mask(&[]), Mask::new(None, &["name"])] {
            let mask = mask.expect("a mask");
            assert!(mask.has("name", true));
            assert!(!mask.has("active", false));
        }
    }

    #[test]
    fn unknown_and_output_only_fields_are_refused() {
        assert!(mask(&["name", "email"]).is_err());
        assert!(mask(&["*"]).is_err());
    }
}
