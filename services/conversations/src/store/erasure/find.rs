//! What is known here of a person: their chats, how channels know them, and how they were called there.

use erasure::{Kind, Person};
use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

/// How channels know the person, and their names.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.find", skip_all, fields(account.id = %account), err)]
pub async fn find(tx: &mut Tx, account: AccountId, known: &Person) -> Result<Person, Error> {
    let chats = chats(tx, account, known).await?;
    let mut person = Person::default();
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT c.connector_key, h.external_id, h.client_name FROM unnest($2::uuid[]) AS w (id)
           JOIN chats h ON h.account_id = $1 AND h.id = w.id
           JOIN connections c ON c.account_id = $1 AND c.id = h.connection_id",
    )
    .bind(account.uuid())
    .bind(&chats)
    .fetch_all(&mut **tx)
    .await?;
    for (connector, id, name) in rows {
        person.channels.insert((connector, id));
        person.add(Kind::MessengerName, &name);
    }
    let profiles: Vec<(String, String)> = sqlx::query_as(
        "SELECT username, phone FROM chat_profiles WHERE account_id = $1 AND chat_id = ANY ($2)",
    )
    .bind(account.uuid())
    .bind(&chats)
    .fetch_all(&mut **tx)
    .await?;
    for (username, phone) in profiles {
        person.add(Kind::MessengerName, &username);
        person.add(Kind::Phone, &phone);
    }
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT m.author_name FROM unnest($2::uuid[]) AS w (id)
           JOIN conversations c ON c.account_id = $1 AND c.chat_id = w.id
           JOIN messages m ON m.account_id = $1 AND m.conversation_id = c.id WHERE m.author = 1",
    )
    .bind(account.uuid())
    .bind(&chats)
    .fetch_all(&mut **tx)
    .await?;
    let names = names.iter();
    names.for_each(|name| person.add(Kind::MessengerName, name));
    Ok(person)
}

/// The person's chats, in the order of their ids.
pub(super) async fn chats(
    tx: &mut Tx,
    account: AccountId,
    known: &Person,
) -> Result<Vec<Uuid>, Error> {
    let (connectors, ids): (Vec<&str>, Vec<&str>) = known
        .channels
        .iter()
        .map(|(connector, id)| (&connector[..], &id[..]))
        .unzip();
    Ok(sqlx::query_scalar(
        "SELECT h.id FROM unnest($2::uuid[]) AS w (id)
           JOIN chats h ON h.account_id = $1 AND h.contact_id = w.id WHERE NOT h.is_group
          UNION
         SELECT h.id FROM unnest($3::text[], $4::text[]) AS w (connector_key, external_id)
           JOIN chats h ON h.account_id = $1 AND h.external_id = w.external_id
           JOIN connections c ON c.account_id = $1 AND c.id = h.connection_id AND c.connector_key = w.connector_key
          WHERE NOT h.is_group
          ORDER BY 1",
    )
    .bind(account.uuid())
    .bind(known.contact_ids())
    .bind(connectors)
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?)
}
