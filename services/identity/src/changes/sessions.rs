//! Sessions.

use pg::Tx;
use time::OffsetDateTime;
use types::{AccountId, SessionId};

use super::By;
use crate::Error;
use crate::domain::audit::Changes;
use crate::store::{revocations, sessions};

/// Ends a session and refuses its tokens; `false` when it was over before.
///
/// # Errors
/// When the database fails.
pub async fn end(
    tx: &mut Tx,
    account: AccountId,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let ended = sessions::end(tx, account, session, now).await?;
    if ended {
        revocations::insert(tx, account, &[session.uuid()], now).await?;
    }
    Ok(ended)
}

/// An administrator ends somebody's session.
///
/// # Errors
/// When the database fails.
pub async fn kill(tx: &mut Tx, by: By, session: SessionId) -> Result<(), Error> {
    if end(tx, by.account, session, by.now).await? {
        by.note(tx, "session.kill", session, Changes::new()).await?;
    }
    Ok(())
}
