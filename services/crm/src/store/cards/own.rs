//! What accounts add to their cards: tags, and values of their own fields.

use pg::{Error, Tx};
use serde_json::Value;
use types::AccountId;
use uuid::Uuid;

use crate::domain::card::Card;

/// Puts the card's tags on.
pub(super) async fn add_tags(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    if card.tags.is_empty() {
        return Ok(());
    }
    let tags: Vec<Uuid> = card.tags.iter().map(|tag| tag.uuid()).collect();
    sqlx::query("INSERT INTO card_tags (account_id, card_id, tag_id) SELECT $1, $2, * FROM unnest($3::uuid[])")
        .bind(account.uuid())
        .bind(card.id.uuid())
        .bind(tags)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores the card's values.
pub(super) async fn add_values(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    if card.values.is_empty() {
        return Ok(());
    }
    let fields: Vec<Uuid> = card.values.keys().map(|field| field.uuid()).collect();
    let values: Vec<Value> = card.values.values().map(|value| value.json()).collect();
    sqlx::query(
        "INSERT INTO card_values (account_id, card_id, field_id, value)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::jsonb[])",
    )
    .bind(account.uuid())
    .bind(card.id.uuid())
    .bind(fields)
    .bind(values)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
