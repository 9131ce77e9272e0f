//! What belongs together here and in a portal: clients and contacts, conversations and deals, integrations and their tasks.

use pg::{Error, Tx};
use sqlx::FromRow;
use types::{AccountId, ConversationId, IntegrationId, PortalId};

/// What is known of a client and their conversation in a portal, by amoCRM's ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Links {
    /// The client's contact.
    pub contact_id: Option<i64>,
    /// The deal in which the conversation is conducted.
    pub lead_id: Option<i64>,
    /// The conversation's last unsorted record.
    pub record_uid: Option<String>,
    /// The deal that the record becomes.
    pub record_lead_id: Option<i64>,
}

/// What is known.
#[tracing::instrument(level = "debug", name = "db.portal_link.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    portal: PortalId,
    client_key: &str,
    conversation: ConversationId,
) -> Result<Links, Error> {
    Ok(sqlx::query_as(
        "SELECT (SELECT contact_id FROM portal_clients WHERE account_id = $1 AND portal_id = $2 AND client_key = $3) AS contact_id,
                c.lead_id, c.record_uid, c.record_lead_id
           FROM (SELECT 1) AS one
           LEFT JOIN portal_conversations c ON c.account_id = $1 AND c.portal_id = $2 AND c.conversation_id = $4",
    )
    .bind(account.uuid())
    .bind(portal.uuid())
    .bind(client_key)
    .bind(conversation.uuid())
    .fetch_one(&mut **tx)
    .await?)
}

/// The client has this contact.
#[tracing::instrument(level = "debug", name = "db.portal_link.contact", skip_all)]
pub async fn set_contact(
    tx: &mut Tx,
    account: AccountId,
    portal: PortalId,
    (client_key, contact): (&str, i64),
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_clients (account_id, portal_id, client_key, contact_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, portal_id, client_key) DO UPDATE SET contact_id = excluded.contact_id",
    )
    .bind(account.uuid())
    .bind(portal.uuid())
    .bind(client_key)
    .bind(contact)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The conversation is conducted in this deal.
#[tracing::instrument(level = "debug", name = "db.portal_link.lead", skip_all)]
pub async fn set_lead(
    tx: &mut Tx,
    account: AccountId,
    portal: PortalId,
    (conversation, lead): (ConversationId, i64),
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_conversations (account_id, portal_id, conversation_id, lead_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, portal_id, conversation_id) DO UPDATE SET lead_id = excluded.lead_id",
    )
    .bind(account.uuid())
    .bind(portal.uuid())
    .bind(conversation.uuid())
    .bind(lead)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The conversation has this unsorted record.
#[tracing::instrument(level = "debug", name = "db.portal_link.record", skip_all)]
pub async fn set_record(
    tx: &mut Tx,
    account: AccountId,
    portal: PortalId,
    conversation: ConversationId,
    (uid, lead): (&str, Option<i64>),
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_conversations (account_id, portal_id, conversation_id, record_uid, record_lead_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id, portal_id, conversation_id) DO UPDATE
            SET record_uid = excluded.record_uid, record_lead_id = excluded.record_lead_id",
    )
    .bind(account.uuid())
    .bind(portal.uuid())
    .bind(conversation.uuid())
    .bind(uid)
    .bind(lead)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The tasks of an integration for a contact that were not seen closed.
#[tracing::instrument(level = "debug", name = "db.portal_link.tasks", skip_all)]
pub async fn tasks(
    tx: &mut Tx,
    account: AccountId,
    integration: IntegrationId,
    contact: i64,
) -> Result<Vec<i64>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT task_id FROM portal_tasks WHERE account_id = $1 AND integration_id = $2 AND contact_id = $3 ORDER BY task_id LIMIT 200",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(contact)
    .fetch_all(&mut **tx)
    .await?)
}

/// The integration made this task.
#[tracing::instrument(level = "debug", name = "db.portal_link.add_task", skip_all)]
pub async fn add_task(
    tx: &mut Tx,
    account: AccountId,
    integration: IntegrationId,
    (contact, task): (i64, i64),
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_tasks (account_id, integration_id, contact_id, task_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(contact)
    .bind(task)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// These tasks are closed or gone.
#[tracing::instrument(level = "debug", name = "db.portal_link.forget_tasks", skip_all)]
pub async fn forget_tasks(
    tx: &mut Tx,
    account: AccountId,
    integration: IntegrationId,
    (contact, tasks): (i64, &[i64]),
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM portal_tasks WHERE account_id = $1 AND integration_id = $2 AND contact_id = $3 AND task_id = ANY ($4)",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(contact)
    .bind(tasks)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
