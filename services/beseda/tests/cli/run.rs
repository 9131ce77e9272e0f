//! `beseda run`: one service, as production runs it.

use std::process::Command;

use secrecy::ExposeSecret;
use testkit::Process;

use crate::world::program;

#[tokio::test]
async fn a_service_says_where_it_is_and_answers_operators() {
    let db = testkit::database(&[&identity::MIGRATIONS]).await;
    let (url, redis) = (db.owner_url(), db.redis_url().await);
    let environment = [
        ("BESEDA_DATABASE_URL", url.expose_secret()),
        ("BESEDA_REDIS_URL", &redis),
        ("BESEDA_MASTER_KEY", testkit::master_key_text()),
        ("BESEDA_CRM_URL", "http://127.0.0.1:1"),
        ("BESEDA_ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    let mut service = Process::start(program(), &["run", "identity"], &environment);
    let ready = service.wait_line("ready").await;
    assert_eq!(ready["ready"], "identity");
    let admin = ready["admin"]
        .as_str()
        .and_then(|it| it.parse().ok())
        .expect("an address");
    for path in ["/healthz", "/readyz", "/metrics"] {
        service.wait_ready(admin, path).await;
    }
    service.terminate();
}

#[test]
fn all_wrong_settings_are_named_at_once() {
    let mut command = Command::new(program());
    command.args(["run", "gateway"]).env_clear();
    let output = command
        .env("BESEDA_LISTEN", "here")
        .output()
        .expect("beseda runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for name in [
        "BESEDA_LISTEN",
        "BESEDA_REDIS_URL",
        "BESEDA_IDENTITY_URL",
        "BESEDA_CRM_URL",
        "BESEDA_CONVERSATIONS_URL",
        "BESEDA_ONLINECHAT_URL",
        "BESEDA_PUBLIC_URL",
        "BESEDA_MASTER_KEY",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
}
