//! Recordings of calls with the person: they go as a whole.

use erasure::{At, Found, Job, Step, Tally};
use pg::{Error, Tx};

use crate::store::recordings;

/// Recordings of a part: each has up to 20 MiB.
const PAGE: i64 = 20;

/// Deletes the next recordings; who only looks counts each that is there.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.recordings", skip_all, err)]
pub async fn recordings(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let contacts = job.person.contact_ids();
    let ids = recordings::of_contacts(tx, job.account(), &contacts, at.id(), PAGE).await?;
    tally.look(ids.len());
    for _ in &ids {
        tally.add("crm.recordings", &Found::new());
    }
    if job.erases() {
        recordings::delete(tx, job.account(), &ids).await?;
    }
    Ok(Step::to(ids.last()))
}
