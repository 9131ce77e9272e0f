//! `beseda migrate`, `admin` and `events`, on the database of a running `beseda up`.

use std::process::{Command, Output, Stdio};

use crate::world::{Up, printed, program};

fn beseda(up: &Up, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env("BESEDA_DATA", up.data())
        .stdin(Stdio::null());
    command.output().expect("beseda runs")
}

#[tokio::test]
async fn an_operator_makes_an_account_a_key_and_a_password() {
    let up = Up::start().await;
    assert!(printed(&beseda(&up, &["migrate"])).contains("schema conversations"));
    let create = [
        "admin",
        "create-account",
        "Мастерская",
        "boss@shop.example",
        "--generate-password",
    ];
    let made = printed(&beseda(&up, &create));
    assert!(made.contains("Password, shown this one time"), "{made}");
    assert!(printed(&beseda(&up, &create)).contains("nothing was changed"));

    let of = ["--account-of", "boss@shop.example"];
    let key = [
        &["admin", "create-api-key", "Учёт", "--scope", "inbox.read"][..],
        &of,
    ]
    .concat();
    let key = printed(&beseda(&up, &key));
    let secret = key
        .split_whitespace()
        .find(|word| word.starts_with("bsk_"))
        .expect("a secret");
    let mut list = up.inbox_command(&["list"]);
    printed(
        &list
            .env("BESEDA_API_KEY", secret)
            .output()
            .expect("beseda runs"),
    );

    let plan = [&["admin", "set-plan", "professional"][..], &of].concat();
    assert!(printed(&beseda(&up, &plan)).contains("professional"));
    let unpaid = [&["admin", "set-subscription", "unpaid"][..], &of].concat();
    assert!(printed(&beseda(&up, &unpaid)).contains("unpaid"));
    let password = [
        "admin",
        "set-password",
        "boss@shop.example",
        "--generate-password",
    ];
    printed(&beseda(&up, &password));
    assert!(printed(&beseda(&up, &["admin", "rotate-signing-keys"])).contains("signs from"));
    let nobody = beseda(
        &up,
        &[
            "admin",
            "set-password",
            "nobody@shop.example",
            "--generate-password",
        ],
    );
    assert_eq!(nobody.status.code(), Some(1));
}

#[tokio::test]
async fn nothing_is_parked_in_a_healthy_installation() {
    let up = Up::start().await;
    let parked = printed(&beseda(
        &up,
        &["events", "parked", "--service", "conversations"],
    ));
    assert_eq!(parked, "Nothing is parked in conversations.\n");
    let rerun = printed(&beseda(
        &up,
        &["events", "rerun", "--service", "conversations"],
    ));
    assert!(rerun.starts_with("Nothing new"), "{rerun}");
}

#[tokio::test]
async fn the_search_index_is_made_anew_while_everything_runs() {
    let up = Up::start().await;
    up.visitor().await.say("Здравствуйте").await;
    let rebuilt = printed(&beseda(&up, &["admin", "rebuild-search", "--all"]));
    assert!(
        rebuilt.contains(": 1 messages are indexed anew"),
        "{rebuilt}"
    );
    let whose = beseda(&up, &["admin", "rebuild-search"]);
    assert_eq!(whose.status.code(), Some(2), "an account, or all");
}

#[test]
fn without_a_database_the_operator_is_told_what_to_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program());
    command.args(["admin", "set-plan", "basic", "--account-of", "a@b.example"]);
    let output = command
        .env("BESEDA_DATA", folder.path())
        .output()
        .expect("beseda runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && text.contains("set BESEDA_DATABASE_URL"),
        "{text}"
    );
}
