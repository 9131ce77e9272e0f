//! Surveys of «Отправить NPS» and their answers (CNV-17, A-08).

use auth::AccountScope;
use pg::{Error, Tx};
use time::OffsetDateTime;
use types::{AccountId, ConversationId};

/// A survey that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub send_time: OffsetDateTime,
    /// What the client answered, and when.
    pub rating: Option<(i16, OffsetDateTime)>,
}

/// Stores a survey; its chat must be locked by this transaction.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    scope: AccountScope,
    conversation: ConversationId,
    seq: i64,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query("INSERT INTO nps_surveys (account_id, conversation_id, seq, send_time) VALUES ($1, $2, $3, $4)")
        .bind(scope.account().uuid())
        .bind(conversation.uuid())
        .bind(seq)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Keeps the rating that the client's message at `seq` gave to the survey before it. A survey is rated once.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.survey.rate", skip_all, fields(account.id = %account), err)]
pub async fn rate(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
    seq: i64,
    rating: i16,
    time: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE nps_surveys SET rating = $4, rate_time = $5
          WHERE account_id = $1 AND conversation_id = $2 AND rating IS NULL
            AND seq = (SELECT s.seq FROM nps_surveys s
                        WHERE s.account_id = $1 AND s.conversation_id = $2 AND s.seq < $3 ORDER BY s.seq DESC LIMIT 1)",
    )
    .bind(account.uuid())
    .bind(conversation.uuid())
    .bind(seq)
    .bind(rating)
    .bind(time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest survey of a conversation.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.survey.newest", skip_all, fields(account.id = %scope.account()), err)]
pub async fn newest(
    tx: &mut Tx,
    scope: AccountScope,
    conversation: ConversationId,
) -> Result<Option<Sent>, Error> {
    let row: Option<(OffsetDateTime, Option<i16>, Option<OffsetDateTime>)> = sqlx::query_as(
        "SELECT send_time, rating, rate_time FROM nps_surveys
          WHERE account_id = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(conversation.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(send_time, rating, rate_time)| Sent {
        send_time,
        rating: rating.zip(rate_time),
    }))
}
