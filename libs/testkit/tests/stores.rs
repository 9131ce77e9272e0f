//! The databases, servers and processes that tests are given.

use std::{env, path::Path, sync::LazyLock};

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

static MIGRATIONS: LazyLock<pg::Migrations> = LazyLock::new(|| pg::Migrations {
    service: "notes",
    schema: "notes",
    role: "beseda_notes",
    migrator: sqlx::migrate!("tests/migrations"),
});

async fn as_service(db: &testkit::TestDb) -> PgConnection {
    let url = db.url(&MIGRATIONS);
    PgConnection::connect(url.expose_secret())
        .await
        .expect("the role may connect")
}

async fn write(connection: &mut PgConnection, account: Uuid) {
    let scope = format!("SET beseda.account = '{account}'");
    sqlx::raw_sql(AssertSqlSafe(scope))
        .execute(&mut *connection)
        .await
        .expect("a setting");
    let insert = "INSERT INTO notes (account_id, note_id, text) VALUES ($1, $1, 'x')";
    sqlx::query(insert)
        .bind(account)
        .execute(connection)
        .await
        .expect("a row");
}

async fn count(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM notes")
        .fetch_one(connection)
        .await
        .expect("a count")
}

#[tokio::test]
async fn each_test_has_its_own_database_and_the_services_role_sees_its_account_only() {
    let migrations = [&*MIGRATIONS];
    let (one, other) = tokio::join!(
        testkit::database(&migrations),
        testkit::database(&migrations)
    );
    let account = Uuid::from_u128(1);
    let mut here = as_service(&one).await;
    write(&mut here, account).await;
    assert_eq!(count(&mut here).await, 1);

    let mut stranger = as_service(&one).await;
    assert_eq!(count(&mut stranger).await, 0, "no scope, no rows");
    let mut owner = other.owner().await;
    let elsewhere: i64 = sqlx::query_scalar("SELECT count(*) FROM notes.notes")
        .fetch_one(&mut owner)
        .await
        .expect("a count");
    assert_eq!(elsewhere, 0, "another database");
}

#[tokio::test]
async fn a_database_is_gone_with_its_test() {
    let kept = testkit::database(&[&*MIGRATIONS]).await;
    let dropped = testkit::database(&[&*MIGRATIONS]).await;
    let mut service = as_service(&dropped).await;
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(&mut service)
        .await
        .expect("a name");
    drop(dropped);
    let sql = "SELECT count(*) FROM pg_database WHERE datname = $1";
    let left: i64 = sqlx::query_scalar(sql)
        .bind(name)
        .fetch_one(&mut kept.owner().await)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_schema_without_comments_guards_or_accounts_in_front_is_refused() {
    let db = testkit::database(&[&*MIGRATIONS]).await;
    testkit::assert_schema(&db, &MIGRATIONS, testkit::Exceptions::default()).await;

    let defects = "CREATE TABLE notes.loose (account_id uuid, n integer);
        CREATE INDEX loose_n ON notes.loose (n);
        CREATE TABLE notes.nobodys (n integer);";
    sqlx::raw_sql(defects)
        .execute(&mut db.owner().await)
        .await
        .expect("made");
    let mut checks = tokio::task::JoinSet::new();
    checks.spawn(async move {
        let exceptions = testkit::Exceptions {
            tables: &["gone"],
            indexes: &[],
        };
        testkit::assert_schema(&db, &MIGRATIONS, exceptions).await;
    });
    let checked = checks.join_next().await.expect("one check");
    let panic = checked.expect_err("it fails").into_panic();
    let text = panic.downcast_ref::<String>().expect("a text");
    for problem in [
        "table loose has no comment",
        "column loose.n has no comment",
        "table nobodys has no account_id",
        "table loose is not guarded",
        "index notes.loose_n of loose does not begin",
        "gone is an exception",
    ] {
        assert!(text.contains(problem), "{problem} is not in {text}");
    }
}

#[tokio::test]
async fn a_private_server_keeps_committed_rows_when_it_is_killed() {
    let server = testkit::private_postgres(false).await;
    let db = server.database(&[&*MIGRATIONS]).await;
    write(&mut as_service(&db).await, Uuid::from_u128(2)).await;
    server.process().kill9().await.expect("killed");
    server.process().restart().await.expect("started again");
    let sql = "SELECT count(*) FROM notes.notes";
    let left: i64 = sqlx::query_scalar(sql)
        .fetch_one(&mut db.owner().await)
        .await
        .expect("a count");
    assert_eq!(left, 1);
}

#[tokio::test]
async fn each_test_has_its_own_redis() {
    let one = testkit::database(&[&*MIGRATIONS]).await;
    let client = redis::Client::open(one.redis_url().await).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let () = redis::cmd("SET")
        .arg("k")
        .arg("v")
        .query_async(&mut connection)
        .await
        .expect("set");
    let other = testkit::private_redis().await;
    assert_ne!(other.port(), one.redis().await.port());
}

#[tokio::test]
async fn a_process_is_ready_by_its_line_and_can_be_killed_and_started_again() {
    let script = r#"echo hello; echo "{\"ready\": true, \"life\": \"$LIFE\"}"; exec sleep 100"#;
    let mut process =
        testkit::Process::start(Path::new("/bin/sh"), &["-c", script], &[("LIFE", "new")]);
    assert_eq!(process.wait_line("ready").await["life"], "new");
    let first = process.pid();
    process.kill9();
    assert!(!process.is_running());
    process.start_again();
    process.wait_line("ready").await;
    assert_ne!(process.pid(), first);
    process.terminate();
    assert!(!process.is_running());
}

#[tokio::test]
#[should_panic(expected = "last seen: 7")]
async fn waiting_says_what_was_seen_last() {
    let began = std::time::Instant::now();
    testkit::wait_for_state_within(std::time::Duration::from_millis(50), "never", async || {
        assert!(began.elapsed().as_secs() < 5);
        Err::<(), _>(7)
    })
    .await;
}

#[test]
fn the_binary_of_make_test_is_used_when_it_is_named() {
    if env::var_os("BESEDA_BINARY").is_some() {
        assert!(testkit::beseda_binary().is_file());
    }
}
