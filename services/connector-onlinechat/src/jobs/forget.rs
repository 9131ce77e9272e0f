//! Forgetting what nobody can use any more: sessions, tokens, visitors, unfinished creations, kept answers.

use std::time::Duration;

use pg::{Db, Error, SystemScope, idempotency};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use types::Clock;

use crate::state::State;
use crate::store::{online_chats, visitors};
use connector::jittered;

/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// A session is kept so long after its end that its token is called expired, not unknown.
const EXPIRED_SESSIONS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A creation may be repeated for a day; this is safely later.
const UNFINISHED_KEPT: Duration = Duration::from_secs(48 * 60 * 60);
/// Rows in one transaction.
const BATCH: i64 = 1000;

/// The job.
pub struct Forget {
    /// What every call needs.
    pub state: State,
}

impl Forget {
    /// Runs until the service stops.
    pub async fn keep(self, stopping: CancellationToken) {
        let clock = Clock::system();
        loop {
            tokio::select! { () = stopping.cancelled() => return, () = clock.sleep(jittered(EVERY)) => {} }
            self.state.limiter.tidy();
            if let Err(error) = round(&self.state.db, self.state.clock.now(), &stopping).await {
                tracing::warn!(%error, "old rows could not be deleted; the next round tries again");
            }
        }
    }
}

/// One round.
async fn round(db: &Db, now: OffsetDateTime, stopping: &CancellationToken) -> Result<(), Error> {
    while !stopping.is_cancelled() && sessions(db, now - EXPIRED_SESSIONS_KEPT).await? > 0 {}
    while !stopping.is_cancelled() && tokens(db, now).await? > 0 {}
    while !stopping.is_cancelled() && lost_visitors(db, now).await? > 0 {}
    while !stopping.is_cancelled() && idempotency::prune(db, now).await? > 0 {}
    unfinished(db, now - UNFINISHED_KEPT).await?;
    Ok(())
}

async fn sessions(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget sessions"), move |tx| {
        Box::pin(async move { visitors::forget_sessions(tx, before, BATCH).await })
    })
    .await
}

async fn tokens(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget visitors' tokens"), move |tx| {
        Box::pin(async move { visitors::forget_tokens(tx, before, BATCH).await })
    })
    .await
}

async fn lost_visitors(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget visitors"), move |tx| {
        Box::pin(async move { visitors::forget_visitors(tx, before, BATCH).await })
    })
    .await
}

async fn unfinished(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(
        SystemScope::for_job("forget unfinished online chats"),
        move |tx| Box::pin(async move { online_chats::forget_unfinished(tx, before).await }),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Page;
    use crate::domain::look::{Avatar, Color, Greeting};
    use crate::domain::online_chat::{Mode, Settings};
    use crate::domain::placement::Placement;
    use crate::domain::session::{RESUME_LIFE, SESSION_LIFE, Session};
    use crate::store::visitors::Known;
    use testkit::TestDb;
    use time::macros::datetime;
    use types::{AccountId, ConnectionId, OnlineChatId, VisitorId};

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    /// An online chat with a visitor in a session, and one that nobody finished.
    async fn fill(db: &Db) {
        let stored = db.tx(SystemScope::for_job("test"), |tx| {
            Box::pin(async move {
                let account = AccountId::generate();
                let (chat, half) = (OnlineChatId::generate(), OnlineChatId::generate());
                let settings = Settings {
                    title: "Чат".to_owned(),
                    mode: Mode::OneActive,
                    placement: Placement::Application,
                    show_sender_name: true,
                    enabled: true,
                    avatar: Avatar::default(),
                    accent_color: Color::default(),
                    greeting: Greeting::default(),
                    external_field: None,
                    landing_site: None,
                    feedback_buttons: Vec::new(),
                };
                for id in [chat, half] {
                    online_chats::insert(tx, account, id, &settings, NOW).await?;
                }
                online_chats::link(tx, account, chat, ConnectionId::generate()).await?;
                let visitor = VisitorId::generate();
                let known = Known {
                    id: visitor,
                    name: String::new(),
                };
                let until = NOW + RESUME_LIFE;
                visitors::insert(tx, account, chat, &known, &[1; 32], NOW, until).await?;
                let session = Session {
                    account,
                    online_chat: chat,
                    visitor,
                    visitor_name: String::new(),
                    page: Page::default(),
                    expire_time: NOW + SESSION_LIFE,
                };
                visitors::insert_session(tx, &session, &[2; 32]).await
            })
        });
        stored.await.expect("stored");
    }

    /// Online chats, visitors and sessions that are left.
    async fn left(db: &TestDb) -> (i64, i64, i64) {
        let count = "SELECT (SELECT count(*) FROM onlinechat.online_chats),
                            (SELECT count(*) FROM onlinechat.visitors),
                            (SELECT count(*) FROM onlinechat.visitor_sessions)";
        sqlx::query_as(count)
            .fetch_one(&mut db.owner().await)
            .await
            .expect("counted")
    }

    #[tokio::test]
    async fn what_nobody_can_use_goes_and_nothing_else() {
        let test = testkit::database(&[&crate::MIGRATIONS]).await;
        let config = pg::Config::new(test.url(&crate::MIGRATIONS));
        let db = Db::connect(&config, &crate::MIGRATIONS)
            .await
            .expect("connected");
        fill(&db).await;
        let stopping = CancellationToken::new();
        let hours = |hours: u64| NOW + Duration::from_secs(hours * 60 * 60);
        for (now, expected) in [
            (hours(25), (2, 1, 1)),
            (hours(26), (2, 1, 0)),
            (hours(49), (1, 1, 0)),
            (hours(180 * 24 + 1), (1, 0, 0)),
        ] {
            round(&db, now, &stopping).await.expect("a round");
            assert_eq!(left(&test).await, expected, "{now}");
        }
    }
}
