//! The daily synchronisation of employees (SYN-37, SYN-38, A-37).

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

use super::{SystemScope, World, integrations};

impl World {
    async fn set_daily(&self, daily_sync: bool) {
        let (account, mut changed) = (self.account, self.integration.clone());
        changed.daily_sync = daily_sync;
        changed.version += i64::from(daily_sync) + 1;
        let stored = self.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move { integrations::update(tx, account, &changed, "user_1").await })
        });
        stored.await.expect("stored");
    }

    async fn synced(&self) -> Option<OffsetDateTime> {
        let (account, id) = (self.account, self.integration.id);
        let found = self.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move { integrations::get(tx, account, id, false).await })
        });
        let found: Result<_, pg::Error> = found.await;
        found.expect("read").expect("there").employee_sync_time
    }

    /// A look at the schedule, some time later.
    async fn look_after(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
        super::super::employees::daily(&self.core).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn employees_are_synchronised_once_a_day_while_it_is_on() {
    let world = World::start().await;
    world.look_after(0).await;
    assert_eq!(world.synced().await, None, "it is off (SYN-37)");
    world.set_daily(true).await;
    world.look_after(1).await;
    let first = world.synced().await;
    assert_eq!(first, Some(datetime!(2026-11-22 13:00 UTC)));
    world.look_after(7).await;
    assert_eq!(
        world.synced().await,
        first,
        "23:00 in Moscow: the day is not over"
    );
    world.look_after(1).await;
    assert_eq!(
        world.synced().await,
        Some(datetime!(2026-11-22 21:00 UTC)),
        "00:00 in Moscow"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_that_was_missed_is_made_up_once() {
    let world = World::start().await;
    world.set_daily(true).await;
    world.look_after(1).await;
    // Down for three nights.
    world.look_after(72).await;
    let made_up = world.synced().await;
    assert_eq!(made_up, Some(datetime!(2026-11-25 13:00 UTC)));
    world.look_after(1).await;
    assert_eq!(world.synced().await, made_up);
    // A CRM that is away is asked again.
    world.crm.set_away(true);
    world.look_after(24).await;
    assert_eq!(world.synced().await, made_up);
    world.crm.set_away(false);
    world.look_after(1).await;
    assert_eq!(world.synced().await, Some(datetime!(2026-11-26 15:00 UTC)));
}
