//! crm's cards, as far as they decide who sees a conversation.

use std::collections::HashMap;

use pg::{Error, Tx};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use types::{AccountId, ChatId, ConversationId, PipelineId, StageId, UserId};
use uuid::Uuid;

use crate::domain::card::{Card, Cards, Kind};
use crate::store::numbers::{corrupt, of_card_kind, to_card_kind};

/// Keeps a card, unless a newer version of it is known; false when it is.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &mut Tx,
    account: AccountId,
    card: &Card,
    deleted: bool,
    version: i64,
) -> Result<bool, Error> {
    let kept = sqlx::query(
        "INSERT INTO cards AS c (account_id, id, kind, name, responsible, stage_id, followers, deleted, version, pipeline_id, tags,
                contacts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (account_id, id) DO UPDATE
            SET name = excluded.name, responsible = excluded.responsible, stage_id = excluded.stage_id,
                followers = excluded.followers, deleted = excluded.deleted, version = excluded.version,
                pipeline_id = excluded.pipeline_id, tags = excluded.tags, contacts = excluded.contacts
          WHERE c.version < excluded.version",
    )
    .bind(account.uuid())
    .bind(card.id)
    .bind(of_card_kind(card.kind))
    .bind(&card.name)
    .bind(card.responsible.map(UserId::uuid))
    .bind(card.stage.map(StageId::uuid))
    .bind(card.followers.iter().map(|user| user.uuid()).collect::<Vec<_>>())
    .bind(deleted)
    .bind(version)
    .bind(card.pipeline.map(PipelineId::uuid))
    .bind(card.tags.iter().map(|tag| tag.uuid()).collect::<Vec<_>>())
    .bind(card.contacts.iter().map(|contact| contact.uuid()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Has an event told of the card, deleted or not?
///
/// # Errors
/// When the database fails.
pub async fn is_known(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<bool, Error> {
    let known =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM cards WHERE account_id = $1 AND id = $2)");
    let known = known.bind(account.uuid()).bind(id);
    Ok(known.fetch_one(&mut **tx).await?)
}

/// A card that is there.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<Option<Card>, Error> {
    let row = sqlx::query(
        "SELECT id, kind, name, responsible, pipeline_id, stage_id, tags, followers, contacts FROM cards
          WHERE account_id = $1 AND id = $2 AND NOT deleted",
    )
    .bind(account.uuid())
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref()
        .map(|row| card(row, ""))
        .transpose()
        .map(Option::flatten)
}

/// The cards of conversations; each answer stands under the question's account and id.
///
/// # Errors
/// When the database fails.
pub async fn of_conversations(
    connection: &mut PgConnection,
    wanted: &[(AccountId, ConversationId)],
) -> Result<HashMap<ConversationId, Cards>, Error> {
    let rows = sqlx::query(
        "SELECT c.id AS conversation, c.is_group,
                k.id AS k_id, k.kind AS k_kind, k.name AS k_name, k.responsible AS k_responsible,
                k.pipeline_id AS k_pipeline_id, k.stage_id AS k_stage_id, k.tags AS k_tags, k.followers AS k_followers,
                k.contacts AS k_contacts,
                d.id AS d_id, d.kind AS d_kind, d.name AS d_name, d.responsible AS d_responsible,
                d.pipeline_id AS d_pipeline_id, d.stage_id AS d_stage_id, d.tags AS d_tags, d.followers AS d_followers,
                d.contacts AS d_contacts
           FROM unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
           JOIN conversations c ON c.account_id = w.account_id AND c.id = w.id
           LEFT JOIN cards k ON k.account_id = c.account_id AND k.id = c.contact_id AND NOT k.deleted
           LEFT JOIN cards d ON d.account_id = c.account_id AND d.id = c.card_id AND NOT d.deleted",
    )
    .bind(wanted.iter().map(|(account, _)| account.uuid()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, id)| id.uuid()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let id = row.try_get::<Uuid, _>("conversation")?.into();
            let cards = Cards {
                contact: card(row, "k_")?,
                card: card(row, "d_")?,
                group: row.try_get("is_group")?,
            };
            Ok((id, cards))
        })
        .collect()
}

/// The cards of one conversation.
///
/// # Errors
/// When the database fails.
pub async fn of_conversation(
    tx: &mut Tx,
    account: AccountId,
    id: ConversationId,
) -> Result<Cards, Error> {
    let mut found = of_conversations(tx, &[(account, id)]).await?;
    Ok(found.remove(&id).unwrap_or_default())
}

/// The cards that a new conversation of a chat has from its beginning.
///
/// # Errors
/// When the database fails.
pub async fn of_chat(tx: &mut Tx, account: AccountId, chat: ChatId) -> Result<Cards, Error> {
    let row = sqlx::query(
        "SELECT h.is_group, k.id, k.kind, k.name, k.responsible, k.pipeline_id, k.stage_id, k.tags, k.followers, k.contacts
           FROM chats h LEFT JOIN cards k ON k.account_id = h.account_id AND k.id = h.contact_id AND NOT k.deleted
          WHERE h.account_id = $1 AND h.id = $2",
    )
    .bind(account.uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else {
        return Ok(Cards::default());
    };
    Ok(Cards {
        contact: card(&row, "")?,
        card: None,
        group: row.try_get("is_group")?,
    })
}

/// Says whose contact writes in a chat: from now on in all its conversations and in those to come.
///
/// # Errors
/// When the database fails.
pub async fn link_chat(
    tx: &mut Tx,
    account: AccountId,
    chat: ChatId,
    contact: Option<&Card>,
) -> Result<(), Error> {
    let (id, owner) = (
        contact.map(|contact| contact.id),
        contact.and_then(|contact| contact.responsible),
    );
    sqlx::query("UPDATE chats SET contact_id = $3 WHERE account_id = $1 AND id = $2")
        .bind(account.uuid())
        .bind(chat.uuid())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "UPDATE conversations SET contact_id = $3, contact_owner = $4, version = version + 1
          WHERE account_id = $1 AND chat_id = $2",
    )
    .bind(account.uuid())
    .bind(chat.uuid())
    .bind(id)
    .bind(owner.map(UserId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says in which deal or customer a conversation is conducted.
///
/// # Errors
/// When the database fails.
pub async fn link_conversation(
    tx: &mut Tx,
    account: AccountId,
    id: ConversationId,
    card: Option<&Card>,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE conversations SET card_id = $3, card_owner = $4, stage_id = $5, version = version + 1
          WHERE account_id = $1 AND id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(card.map(|card| card.id))
    .bind(card.and_then(|card| card.responsible).map(UserId::uuid))
    .bind(card.and_then(|card| card.stage).map(StageId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes who is responsible for a deal or customer, and its stage, into its conversations; nothing of a card that is gone.
///
/// # Errors
/// When the database fails.
pub async fn spread_card(
    tx: &mut Tx,
    account: AccountId,
    card: &Card,
    deleted: bool,
) -> Result<(), Error> {
    let there = (!deleted).then_some(card);
    sqlx::query(
        "UPDATE conversations SET card_owner = $3, stage_id = $4
          WHERE account_id = $1 AND card_id = $2 AND (card_owner, stage_id) IS DISTINCT FROM ($3, $4)",
    )
    .bind(account.uuid())
    .bind(card.id)
    .bind(there.and_then(|card| card.responsible).map(UserId::uuid))
    .bind(there.and_then(|card| card.stage).map(StageId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes a contact's responsible employee into its conversations.
///
/// # Errors
/// When the database fails.
pub async fn spread_owner(
    tx: &mut Tx,
    account: AccountId,
    contact: Uuid,
    owner: Option<UserId>,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE conversations SET contact_owner = $3
          WHERE account_id = $1 AND contact_id = $2 AND contact_owner IS DISTINCT FROM $3",
    )
    .bind(account.uuid())
    .bind(contact)
    .bind(owner.map(UserId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The open conversations of a card, at most 500, with the channel's ids of their chats.
///
/// # Errors
/// When the database fails.
pub async fn conversations_of(
    tx: &mut Tx,
    account: AccountId,
    card: Uuid,
) -> Result<Vec<(ConversationId, String)>, Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT c.id, h.external_id
           FROM (SELECT id, chat_id FROM conversations WHERE account_id = $1 AND contact_id = $2 AND life = 1
                 UNION ALL
                 SELECT id, chat_id FROM conversations WHERE account_id = $1 AND card_id = $2 AND life = 1) c
           JOIN chats h ON h.account_id = $1 AND h.id = c.chat_id
          ORDER BY c.id LIMIT 500",
    )
    .bind(account.uuid())
    .bind(card)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, external)| (id.into(), external))
        .collect())
}

/// The card in the columns with this prefix; `None` where they are null.
fn card(row: &PgRow, prefix: &str) -> Result<Option<Card>, Error> {
    let column = |name: &str| format!("{prefix}{name}");
    let Some(id) = row.try_get::<Option<Uuid>, _>(&column("id")[..])? else {
        return Ok(None);
    };
    let kind: Option<Kind> = to_card_kind(row.try_get(&column("kind")[..])?);
    Ok(Some(Card {
        id,
        kind: kind.ok_or_else(|| corrupt("cards", "kind", id))?,
        name: row.try_get(&column("name")[..])?,
        responsible: row
            .try_get::<Option<Uuid>, _>(&column("responsible")[..])?
            .map(Into::into),
        pipeline: row
            .try_get::<Option<Uuid>, _>(&column("pipeline_id")[..])?
            .map(Into::into),
        stage: row
            .try_get::<Option<Uuid>, _>(&column("stage_id")[..])?
            .map(Into::into),
        tags: row
            .try_get::<Vec<Uuid>, _>(&column("tags")[..])?
            .into_iter()
            .map(Into::into)
            .collect(),
        followers: row
            .try_get::<Vec<Uuid>, _>(&column("followers")[..])?
            .into_iter()
            .map(Into::into)
            .collect(),
        contacts: row
            .try_get::<Vec<Uuid>, _>(&column("contacts")[..])?
            .into_iter()
            .map(Into::into)
            .collect(),
    }))
}
