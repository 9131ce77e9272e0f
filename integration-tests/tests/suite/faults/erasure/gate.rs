//! Stops erasures at known points, from the database: the services know nothing of it.
//!
//! A trigger waits for an advisory lock that the test holds, before a step is claimed, before a store commits a part, and before the step is
//! written down. Whoever waits there can be killed; what the killed process left behind is rolled back when its turn comes.

use integration_tests::Cluster;
use sqlx::{AssertSqlSafe, PgConnection};
use testkit::wait_for;

/// Where it stops. Each has a lock of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A step is about to be taken.
    Before = 1,
    /// A step was taken, and is about to be written down.
    After = 2,
    /// A store is about to commit a part.
    Within = 3,
}

/// Who goes through has this in its transaction. Only the services wait: the test itself does not.
const TRIGGERS: &str = "
    CREATE FUNCTION cabinet.gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
        IF current_user = 'beseda_cabinet' THEN
            PERFORM pg_advisory_xact_lock_shared(
                CASE WHEN (NEW.stage, NEW.step, NEW.attempt) = (OLD.stage, OLD.step, OLD.attempt) THEN 1 ELSE 2 END);
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER gate BEFORE UPDATE ON cabinet.erasures FOR EACH ROW EXECUTE FUNCTION cabinet.gate();";

/// Whatever the erasure waits for is over: the lease of a process that was killed, or the time after a failure. Who is at work is left alone.
const NOTHING_TO_WAIT_FOR: &str = "UPDATE cabinet.erasures SET due_time = now() WHERE id IN
    (SELECT id FROM cabinet.erasures WHERE due_time > now() FOR UPDATE SKIP LOCKED)";

/// The gate; open when it is removed.
pub struct Gate {
    /// Holds the locks.
    holder: PgConnection,
    /// Looks.
    owner: PgConnection,
    /// Stores that wait, too.
    schemas: Vec<&'static str>,
    /// Is the lock of [`Phase::Within`] held?
    is_within_closed: bool,
}

impl Gate {
    /// Makes the gate, closed before and after steps.
    pub async fn close(cluster: &Cluster, schemas: &[&'static str]) -> Self {
        let mut owner = cluster.db().owner().await;
        run(&mut owner, TRIGGERS).await;
        for schema in schemas {
            let trigger = format!(
                "CREATE FUNCTION {schema}.gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
                    PERFORM pg_advisory_xact_lock_shared(3); RETURN NEW;
                 END $$;
                 CREATE TRIGGER gate BEFORE UPDATE ON {schema}.erasures FOR EACH ROW EXECUTE FUNCTION {schema}.gate();
                 ALTER TABLE {schema}.erasures DISABLE TRIGGER gate;"
            );
            run(&mut owner, &trigger).await;
        }
        let mut gate = Self {
            holder: cluster.db().owner().await,
            owner,
            schemas: schemas.to_vec(),
            is_within_closed: false,
        };
        gate.lock(Phase::Before).await;
        gate.lock(Phase::After).await;
        gate
    }

    /// Somebody waits there.
    pub async fn wait(&mut self, phase: Phase) {
        self.wait_either(phase, phase).await;
    }

    /// Somebody waits at one of two places; which.
    pub async fn wait_either(&mut self, one: Phase, two: Phase) -> Phase {
        let owner = &mut self.owner;
        wait_for(&format!("somebody waits: {one:?}, {two:?}"), async || {
            let waiting: Vec<i64> = sqlx::query_scalar(
                "SELECT objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                  WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database() AND l.classid = 0 AND l.objsubid = 1",
            )
            .fetch_all(&mut *owner)
            .await
            .expect("locks");
            let found = [two, one].into_iter().find(|phase| waiting.contains(&(*phase as i64)));
            if found.is_none() {
                // A step that failed, because what was killed was not there yet, is not to be waited for.
                run(owner, NOTHING_TO_WAIT_FOR).await;
            }
            found
        })
        .await
    }

    /// Whoever waits goes on, to the end of the transaction; the next waits again.
    pub async fn let_pass(&mut self, phase: Phase) {
        self.unlock(phase).await;
        self.lock(phase).await;
    }

    /// From now on the store waits before it commits a part.
    pub async fn close_within(&mut self, schema: &str) {
        run(
            &mut self.owner,
            &format!("ALTER TABLE {schema}.erasures ENABLE TRIGGER gate"),
        )
        .await;
        self.lock(Phase::Within).await;
        self.is_within_closed = true;
    }

    /// Nobody waits there any more.
    pub async fn open(&mut self, phase: Phase) {
        if phase == Phase::Within && !std::mem::take(&mut self.is_within_closed) {
            return;
        }
        self.unlock(phase).await;
    }

    /// What is written down: stage and step of the one erasure.
    pub async fn place(&mut self) -> (i16, i16) {
        sqlx::query_as("SELECT stage, step FROM cabinet.erasures")
            .fetch_one(&mut self.owner)
            .await
            .expect("an erasure")
    }

    /// Takes it away.
    pub async fn remove(mut self) {
        self.unlock(Phase::Before).await;
        self.unlock(Phase::After).await;
        self.open(Phase::Within).await;
        for schema in std::mem::take(&mut self.schemas)
            .into_iter()
            .chain(["cabinet"])
        {
            run(
                &mut self.owner,
                &format!("DROP FUNCTION {schema}.gate() CASCADE"),
            )
            .await;
        }
    }

    async fn lock(&mut self, phase: Phase) {
        run(
            &mut self.holder,
            &format!("SELECT pg_advisory_lock({})", phase as i64),
        )
        .await;
    }

    async fn unlock(&mut self, phase: Phase) {
        run(
            &mut self.holder,
            &format!("SELECT pg_advisory_unlock({})", phase as i64),
        )
        .await;
    }
}

/// Statements of names that stand here.
async fn run(connection: &mut PgConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
