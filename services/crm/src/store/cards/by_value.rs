//! The card whose field of the account's own has a value.

use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, FieldId};
use uuid::Uuid;

use super::kind;
use crate::domain::field::Value;
use crate::domain::ids::Kind;
use crate::store::corrupt;

/// A card that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub card: Uuid,
    /// Of which kind it is.
    pub kind: Kind,
    /// The card itself when it is a contact, else its main contact.
    pub contact: Option<Uuid>,
    /// Other cards have the value too.
    pub more: bool,
}

/// Of the cards that have the value the one that was changed last. Texts are compared exactly, but for white space around
/// them, numbers as numbers; no other value is looked for.
///
/// # Errors
/// When the database fails.
pub async fn by_value(
    tx: &mut Tx,
    account: AccountId,
    field: FieldId,
    value: &Value,
) -> Result<Option<Found>, Error> {
    let Some(lookup) = lookup(value) else {
        return Ok(None);
    };
    let rows = sqlx::query(
        "SELECT c.card_id, c.kind, l.contact_id
           FROM (SELECT account_id, card_id FROM card_values
                  WHERE account_id = $1 AND field_id = $2 AND lookup = $3) v
           JOIN cards c ON c.account_id = v.account_id AND c.card_id = v.card_id
           LEFT JOIN card_contacts l ON l.account_id = c.account_id AND l.card_id = c.card_id AND l.position = 0
          WHERE c.delete_time IS NULL
          ORDER BY c.update_time DESC, c.card_id DESC LIMIT 2",
    )
    .bind(account.uuid())
    .bind(field.uuid())
    .bind(lookup)
    .fetch_all(&mut **tx)
    .await?;
    let more = rows.len() > 1;
    let Some(newest) = rows.first() else {
        return Ok(None);
    };
    let card: Uuid = newest.try_get("card_id")?;
    let kind = kind(newest.try_get("kind")?).ok_or_else(|| corrupt("cards", "kind", card))?;
    let contact = match kind {
        Kind::Contact => Some(card),
        Kind::Company | Kind::Deal | Kind::Customer => newest.try_get("contact_id")?,
    };
    Ok(Some(Found {
        card,
        kind,
        contact,
        more,
    }))
}

/// The column of that name, as the database makes it of a value.
fn lookup(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(format!("t{}", text.trim())),
        // Zero has a sign, which no person means.
        Value::Number(number) if *number == 0.0 => Some("n0".to_owned()),
        Value::Number(number) => Some(format!("n{number}")),
        Value::Date(_) | Value::Option(_) | Value::Checked(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form_and_a_text_its_own() {
        let number = |number| lookup(&Value::Number(number));
        assert_eq!(number(7.0).as_deref(), Some("n7"));
        assert_eq!(number(-0.0).as_deref(), Some("n0"));
        assert_eq!(number(1e-7).as_deref(), Some("n0.0000001"));
        assert_eq!(number(1e21).as_deref(), Some("n1000000000000000000000"));
        let text = |text: &str| lookup(&Value::Text(text.to_owned()));
        assert_eq!(text(" 007\n").as_deref(), Some("t007"));
        assert_ne!(text("7"), text("007"));
    }
}
