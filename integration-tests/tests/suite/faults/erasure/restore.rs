//! A backup that was made under load brings no erased client back (R12).

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use integration_tests::{Cluster, Service};
use secrecy::ExposeSecret;
use testkit::wait_for;
use tokio::process::Command;

use super::client::{Company, personal};

/// Messages that have to be written while the backup is made, before and after the clients' own.
const LOAD: usize = 40;

/// A program of PostgreSQL on a database.
async fn run(cluster: &Cluster, program: &str, database: &str, arguments: &[&str]) {
    let server = cluster.db().server().process();
    let url = server.admin_url();
    let (server_url, _) = url.expose_secret().rsplit_once('/').expect("a database");
    let done = Command::new(server.tool(program))
        .args(arguments)
        .arg(format!("--dbname={server_url}/{database}"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    let problems = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program}: {problems}");
}

/// The name of the installation's database.
async fn name(cluster: &Cluster) -> String {
    let mut owner = cluster.db().owner().await;
    sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&mut owner)
        .await
        .expect("a name")
}

/// Other clients write all the time.
async fn load(company: &Company, written: &AtomicUsize, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let number = written.load(Ordering::Relaxed);
        let chat = format!("load-{}", number % 7);
        let event = company.written(&chat, &format!("load-{number}"), "Пётр", "Добрый день");
        company.connector.insist(&[event]).await.expect("written");
        written.fetch_add(1, Ordering::Relaxed);
    }
}

/// The whole database, while others write.
async fn back_up(company: &Company, file: &Path) {
    let (written, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let backup = async {
        let reached = async |count: usize| {
            wait_for("messages are written", async || {
                (written.load(Ordering::Relaxed) >= count).then_some(())
            })
            .await;
        };
        reached(LOAD).await;
        let file = format!("--file={}", file.display());
        run(
            &company.cluster,
            "pg_dump",
            &name(&company.cluster).await,
            &["--format=custom", "--create", &file],
        )
        .await;
        reached(written.load(Ordering::Relaxed) + LOAD).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(load(company, &written, &over), backup);
}

/// As docs/erasure.md says it: everything is stopped, the database is that of the backup, Redis is empty, nobody comes in yet.
async fn restore(cluster: &Cluster, file: &Path) {
    for service in Service::ALL {
        cluster.terminate(service).await;
    }
    let drop = format!(
        "--command=DROP DATABASE {} WITH (FORCE)",
        name(cluster).await
    );
    run(
        cluster,
        "psql",
        "postgres",
        &["--set=ON_ERROR_STOP=1", &drop],
    )
    .await;
    let file = file.display().to_string();
    run(
        cluster,
        "pg_restore",
        "postgres",
        &["--create", "--exit-on-error", &file],
    )
    .await;
    cluster
        .redis()
        .await
        .restart()
        .await
        .expect("Redis is empty");
    cluster.command(&["migrate"]).await;
    for service in Service::ALL {
        if service != Service::Gateway {
            cluster.revive(service).await;
        }
    }
}

/// What was backed up while it was written is of one moment: all that was acknowledged before is there, and the numbers of conversations
/// have no gap and no double.
async fn assert_whole(cluster: &Cluster) {
    let mut owner = cluster.db().owner().await;
    let broken: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT FROM conversations.conversations GROUP BY account_id
          HAVING count(*) <> max(number) OR count(DISTINCT number) <> count(*)) n",
    )
    .fetch_one(&mut owner)
    .await
    .expect("counted");
    assert_eq!(broken, 0);
    let written: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM conversations.messages WHERE external_event_id LIKE 'load-%'",
    )
    .fetch_one(&mut owner)
    .await
    .expect("counted");
    assert!(
        usize::try_from(written).is_ok_and(|written| written >= LOAD),
        "{written}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_brings_no_erased_client_back_r12() {
    let company = Company::open().await;
    for number in 0..4 {
        company.client(number).await;
    }
    company.erase(0).await;
    company.all_done().await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    back_up(&company, &backup).await;
    company.erase(1).await;
    company.erase(2).await;
    company.all_done().await;
    let tombstones = folder.path().join("tombstones.jsonl");
    let named = company.admin_command(&["tombstones"]).await;
    for text in (0..3).flat_map(personal) {
        assert!(
            !named.contains(text.trim_start_matches('+')),
            "ids only: {named}"
        );
    }
    std::fs::write(&tombstones, named).expect("kept apart from the backup");

    restore(&company.cluster, &backup).await;
    assert_whole(&company.cluster).await;
    for number in [1, 2] {
        assert_ne!(
            company.places(number).await,
            Vec::<String>::new(),
            "the backup has it"
        );
    }
    let file = tombstones.display().to_string();
    company.admin_command(&["reapply", &file]).await;
    company.all_done().await;
    company.cluster.revive(Service::Gateway).await;
    for number in 0..3 {
        assert_eq!(
            company.places(number).await,
            Vec::<String>::new(),
            "client {number}"
        );
    }
    assert_ne!(
        company.places(3).await,
        Vec::<String>::new(),
        "who erased nothing is there"
    );
}
