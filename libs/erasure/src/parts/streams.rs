//! Copies of events in Redis. An entry with a value is taken out, whoever it speaks of: who misses it reads the event from the owner, as it
//! is there.

use events::{Carrier, shard_of};
use kit::Refusal;

use crate::messages::Payloads;
use crate::sieve::Found;
use crate::store::{At, Job, Step};
use crate::tally::Tally;

/// Takes out the account's entries that tell a value.
///
/// # Errors
/// STORE_UNAVAILABLE without Redis.
pub async fn streams(
    carrier: &Carrier,
    job: &Job,
    at: &At,
    (place, payloads): (&str, Payloads),
    tally: &mut Tally,
) -> Result<Step, Refusal> {
    let shard = shard_of(job.account());
    let kept = carrier.kept(shard, at.number()).await;
    let kept = kept.map_err(Refusal::store_unavailable)?;
    tally.look(kept.len());
    let last = kept.last().map(|event| event.position);
    let mut positions = Vec::new();
    for event in kept {
        let mut found = Found::new();
        let own = event.account_id == job.account().uuid().as_bytes();
        let told = own
            && payloads
                .clean_event(&event.kind, &event.payload, &job.sieve, &mut found)
                .is_some();
        if told {
            tally.add(place, &found);
            positions.push(event.position);
        }
    }
    if job.erases() {
        let forgotten = carrier.forget(shard, &positions).await;
        forgotten.map_err(Refusal::store_unavailable)?;
    }
    Ok(Step::to(last))
}
