//! Deleting what was uploaded and never sent, and what was uploaded in part.

use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Db, Error, SystemScope};
use types::Clock;

use super::Files;
use crate::domain::attachment::UNUSED_LIFE;
use crate::store::attachments;

const EVERY: Duration = Duration::from_secs(600);

/// Somebody may be sending a file whose life is just over.
const MARGIN: Duration = Duration::from_secs(3_600);

/// Files deleted at once.
const BATCH: i64 = 100;

/// Deletes what was uploaded more than a day ago and never sent, now and then.
pub fn delete_unused(files: Files, db: Db, clock: Clock, life: &Lifecycle) {
    let stopping = life.stopping();
    life.spawn("delete unused files", async move {
        loop {
            let deleted = pass(&files, &db, &clock);
            match deleted.await {
                Ok(deleted) if deleted > 0 && !stopping.is_cancelled() => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "unused files could not be deleted; the next pass tries again"
                    );
                }
            }
            tokio::select! { () = clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}

/// First the contents, then the row: what is cut off in between is found again.
async fn pass(files: &Files, db: &Db, clock: &Clock) -> anyhow::Result<usize> {
    let before = clock.now() - UNUSED_LIFE - MARGIN;
    let scope = SystemScope::for_job("delete unused files");
    let found = db.tx(scope, move |tx| {
        Box::pin(async move { attachments::unused(tx, before, BATCH).await })
    });
    let found: Vec<_> = Result::<_, Error>::map_err(found.await, anyhow::Error::from)?;
    let lost = db.tx(scope, move |tx| {
        Box::pin(async move { attachments::forget_announced(tx, before, BATCH).await })
    });
    Result::<_, Error>::map_err(lost.await, anyhow::Error::from)?;
    files.forget_old_parts(before).await?;
    for (account, id) in &found {
        files.delete(*account, *id).await?;
    }
    let deleted = found.len();
    if deleted > 0 {
        let forgotten = db.tx(scope, move |tx| {
            Box::pin(async move { attachments::forget(tx, &found).await })
        });
        Result::<_, Error>::map_err(forgotten.await, anyhow::Error::from)?;
        metrics::counter!("beseda_unused_files_deleted_total").increment(deleted as u64);
    }
    Ok(deleted)
}
