//! Contacts by parts of their numbers and names.

use std::collections::BTreeSet;

use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

use super::row;
use crate::domain::card::Card;
use crate::domain::ending::{Of, endings};

/// Contacts that are found at most.
const MOST: usize = 10_000;

/// Replaces the endings of a card by those of how it is now; `None` for a card that was not, or is no longer, there.
pub(in crate::store) async fn replace(
    tx: &mut Tx,
    account: AccountId,
    before: Option<&Card>,
    now: Option<&Card>,
) -> Result<(), Error> {
    let Some(id) = before.or(now).map(|card| card.id.uuid()) else {
        return Ok(());
    };
    let of = |card: Option<&Card>| card.map(endings).unwrap_or_default();
    let (before, now) = (of(before), of(now));
    change(tx, account, id, before.difference(&now), DELETE).await?;
    change(tx, account, id, now.difference(&before), INSERT).await
}

const INSERT: &str = "INSERT INTO contact_endings (account_id, card_id, kind, ending)
     SELECT $1, $2, * FROM unnest($3::smallint[], $4::text[])";

const DELETE: &str =
    "DELETE FROM contact_endings e USING unnest($3::smallint[], $4::text[]) AS g (kind, ending)
      WHERE e.account_id = $1 AND e.card_id = $2 AND e.kind = g.kind AND e.ending = g.ending";

async fn change<'a>(
    tx: &mut Tx,
    account: AccountId,
    card: Uuid,
    which: impl Iterator<Item = &'a (Of, String)>,
    statement: &'static str,
) -> Result<(), Error> {
    let (kinds, texts): (Vec<i16>, Vec<&str>) =
        which.map(|(of, text)| (number(*of), &text[..])).unzip();
    if kinds.is_empty() {
        return Ok(());
    }
    sqlx::query(statement)
        .bind(account.uuid())
        .bind(card)
        .bind(kinds)
        .bind(texts)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

const BY_PART: &str = "SELECT card_id FROM contact_endings
      WHERE account_id = $1 AND kind = $2 AND ending >= $3 AND ending < $4
      ORDER BY ending, card_id LIMIT $5";

/// Contacts that have a text with this part, at least four characters of it, and whether there are more than are named.
#[tracing::instrument(level = "debug", name = "db.card.by_part", skip_all)]
pub async fn by_part(
    tx: &mut Tx,
    account: AccountId,
    of: Of,
    part: &str,
) -> Result<(BTreeSet<Uuid>, bool), Error> {
    let found: Vec<Uuid> = sqlx::query_scalar(BY_PART)
        .bind(account.uuid())
        .bind(number(of))
        .bind(part)
        // No character sorts after the last one there is.
        .bind(format!("{part}\u{10ffff}"))
        .bind(MOST as i64 + 1)
        .fetch_all(&mut **tx)
        .await?;
    let more = found.len() > MOST;
    Ok((found.into_iter().take(MOST).collect(), more))
}

fn number(of: Of) -> i16 {
    match of {
        Of::Phone => row::PHONE,
        Of::Messenger => row::MESSENGER,
    }
}

#[cfg(test)]
mod tests;
