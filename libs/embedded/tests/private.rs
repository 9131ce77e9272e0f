//! Real servers, really killed. What has become of a process is read from /proc.
#![cfg(target_os = "linux")]

mod owner;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use embedded::{Error, Folder, postgres, redis as private_redis};
use owner::{Owner, eventually, exists};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection, Row};

async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret())
        .await
        .expect("the server takes connections")
}

async fn number(url: &SecretString) -> i32 {
    let mut db = connect(url).await;
    sqlx::query("SELECT n FROM kept")
        .fetch_one(&mut db)
        .await
        .expect("the row is there")
        .get("n")
}

async fn write(url: &SecretString, n: i32) {
    let mut db = connect(url).await;
    sqlx::query("CREATE TABLE kept (n integer)")
        .execute(&mut db)
        .await
        .expect("a table");
    sqlx::query("INSERT INTO kept VALUES ($1)")
        .bind(n)
        .execute(&mut db)
        .await
        .expect("a row");
}

#[tokio::test]
async fn postgres_knows_cyrillic_asks_for_a_password_and_survives_kill_9() {
    let server = postgres::start(postgres::Options::temporary())
        .await
        .expect("started");
    let folder = server.folder();
    let mut db = connect(&server.admin_url()).await;
    let row =
        sqlx::query("SELECT lower('Ж') AS low, current_setting('server_encoding') AS encoding");
    let row = row.fetch_one(&mut db).await.expect("a row");
    assert_eq!(
        (row.get::<&str, _>("low"), row.get::<&str, _>("encoding")),
        ("ж", "UTF8")
    );
    let open = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port());
    assert!(
        PgConnection::connect(&open).await.is_err(),
        "no password, no entry"
    );

    write(&server.admin_url(), 7).await;
    let port = server.port();
    server.kill9().await.expect("killed");
    assert!(!server.is_running());
    server.restart().await.expect("started again");
    assert_eq!(server.port(), port);
    assert_eq!(number(&server.admin_url()).await, 7);

    server.stop().await.expect("stopped");
    assert!(!folder.exists(), "a temporary folder goes with its server");
}

#[tokio::test]
async fn kept_data_port_and_password_outlive_a_restart_of_the_owner() {
    let home = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    let folder = home.path().join("postgres");
    let server = postgres::start(postgres::Options::kept(&folder))
        .await
        .expect("started");
    let url = server.admin_url();
    write(&url, 8).await;
    server.stop().await.expect("stopped");
    drop(server);

    let mode = fs::metadata(folder.join("password"))
        .expect("a password")
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let server = postgres::start(postgres::Options::kept(&folder))
        .await
        .expect("started again");
    assert_eq!(server.admin_url().expose_secret(), url.expose_secret());
    assert_eq!(number(&url).await, 8);

    let second = postgres::start(postgres::Options::kept(&folder)).await;
    let Err(Error::FolderInUse { user, .. }) = second else {
        panic!("{second:?}")
    };
    assert_eq!(user, format!("process {}", std::process::id()));

    let pid = server.pid().expect("it runs");
    drop(server);
    eventually("a dropped server ends", || !exists(pid));
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_remembered_one_is_replaced() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let asked = private_redis::Options {
        port: Some(port),
        ..private_redis::Options::temporary()
    };
    let refused = private_redis::start(asked).await;
    assert!(
        matches!(refused, Err(Error::PortTaken { port: p }) if p == port),
        "{refused:?}"
    );

    let home = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    fs::write(home.path().join("port"), port.to_string()).expect("remembered");
    let server = private_redis::start(private_redis::Options::kept(home.path()))
        .await
        .expect("started");
    assert_ne!(server.port(), port);
    let now = fs::read_to_string(home.path().join("port")).expect("remembered");
    assert_eq!(now, server.port().to_string());
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn redis_is_empty_after_a_kill_and_asks_for_a_password() {
    let server = private_redis::start(private_redis::Options::temporary())
        .await
        .expect("started");
    let client = redis::Client::open(server.url().expose_secret()).expect("an address");
    let mut con = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let () = redis::cmd("SET")
        .arg("k")
        .arg("v")
        .query_async(&mut con)
        .await
        .expect("set");
    let open =
        redis::Client::open(format!("redis://127.0.0.1:{}/", server.port())).expect("an address");
    let mut stranger = open
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let refused: redis::RedisResult<String> =
        redis::cmd("GET").arg("k").query_async(&mut stranger).await;
    assert!(refused.is_err(), "no password, no answer");

    server.kill9().await.expect("killed");
    server.restart().await.expect("started again");
    let mut con = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected again");
    let left: Option<String> = redis::cmd("GET")
        .arg("k")
        .query_async(&mut con)
        .await
        .expect("get");
    assert_eq!(left, None);
    server.stop().await.expect("stopped");
}

#[test]
fn servers_and_folders_are_gone_after_kill_9_of_their_owner() {
    let owner = Owner::start(&Folder::Temporary);
    assert!(owner.servers().iter().all(|pid| exists(*pid)));
    assert!(owner.folder.exists());
    owner.kill9();
    eventually("both servers end", || {
        owner.servers().iter().all(|pid| !exists(*pid))
    });
    eventually("the folder goes", || !owner.folder.exists());
}

#[tokio::test]
async fn a_server_whose_owner_and_guard_were_killed_is_stopped_by_the_next_start() {
    let home = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    let folder = home.path().join("postgres");
    let owner = Owner::start(&Folder::Kept(folder.clone()));
    owner.kill9_with_guard();
    assert!(exists(owner.postgres), "nobody was left to stop it");
    let server = postgres::start(postgres::Options::kept(&folder))
        .await
        .expect("started");
    assert!(!exists(owner.postgres));
    assert_eq!(number_of_databases(&server.admin_url()).await, 3);
    server.stop().await.expect("stopped");
}

async fn number_of_databases(url: &SecretString) -> i64 {
    let mut db = connect(url).await;
    sqlx::query_scalar("SELECT count(*) FROM pg_database")
        .fetch_one(&mut db)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_stale_pid_file_that_names_another_program_does_not_stop_the_start() {
    let home = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    let folder = home.path().join("postgres");
    let server = postgres::start(postgres::Options::kept(&folder))
        .await
        .expect("started");
    let pid_file = folder.join("data/postmaster.pid");
    let old = fs::read_to_string(&pid_file).expect("a pid file");
    server.kill9().await.expect("killed");
    drop(server);
    let (_, rest) = old.split_once('\n').expect("lines");
    fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).expect("written");
    let server = postgres::start(postgres::Options::kept(&folder))
        .await
        .expect("started");
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn data_of_root_lie_elsewhere_when_the_account_cannot_enter_the_folder() {
    let home = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).expect("closed to others");
    if fs::metadata(home.path()).expect("it exists").uid() != 0 {
        return; // Other users run the servers themselves and can enter their own folders.
    }
    let asked = home.path().join("postgres");
    let mut folders = Vec::new();
    for _ in 0..2 {
        let options = private_redis::Options::kept(&asked);
        let server = private_redis::start(options).await.expect("started");
        folders.push(server.folder());
        server.stop().await.expect("stopped");
    }
    assert!(folders[0].starts_with("/var/lib/beseda"), "{folders:?}");
    assert_eq!(folders[0], folders[1], "the same place the second time");
    fs::remove_dir_all(&folders[0]).expect("removed");
}
