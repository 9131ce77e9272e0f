//! `beseda inbox` and `beseda login` against a running installation.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::world::{Up, objects, printed, program};

#[tokio::test]
async fn a_conversation_is_listed_read_answered_marked_and_closed() {
    let up = Up::start().await;
    let mut visitor = up.visitor().await;
    visitor.say("Велосипед\nскрипит").await;
    let list = printed(&up.inbox(&["list"]));
    for part in [
        "#1",
        "open",
        "needs answer",
        "onlinechat",
        "Гость",
        "Велосипед ⏎ скрипит",
    ] {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert!(
        !list.contains('\x1b'),
        "no colours where no terminal is: {list}"
    );
    assert!(printed(&up.inbox(&["reply", "#1", "Привозите"])).starts_with("#1: "));
    let read = objects(&printed(&up.inbox(&["read", "1", "--json"])));
    let texts: Vec<&str> = read.iter().filter_map(|it| it["text"].as_str()).collect();
    assert_eq!(texts, ["Велосипед\nскрипит", "Привозите"]);
    visitor.say("Спасибо").await;
    assert_eq!(printed(&up.inbox(&["mark", "1"])), "#1: open, answered\n");
    assert_eq!(
        printed(&up.inbox(&["close", "1"])),
        "#1: closed, answered\n"
    );
    assert_eq!(printed(&up.inbox(&["list", "--json"])), "");
    let closed = objects(&printed(&up.inbox(&["list", "--all", "--json"])));
    assert_eq!(closed[0]["life"], "CONVERSATION_LIFE_CLOSED");
}

#[tokio::test]
async fn pages_are_read_to_the_limit_asked_for() {
    let up = Up::start().await;
    let mut visitor = up.visitor().await;
    for n in 1..=7 {
        visitor.say(&format!("message {n}")).await;
    }
    let seqs = |arguments: &[&str]| -> Vec<i64> {
        let read = objects(&printed(&up.inbox(arguments)));
        read.iter().filter_map(|it| it["seq"].as_i64()).collect()
    };
    assert_eq!(seqs(&["read", "1", "--json", "--limit", "3"]), [5, 6, 7]);
    assert_eq!(
        seqs(&["read", "1", "--json", "--after", "0", "--limit", "2"]),
        [1, 2]
    );
    assert_eq!(
        seqs(&["read", "1", "--json", "--all"]),
        [1, 2, 3, 4, 5, 6, 7]
    );
}

#[tokio::test]
async fn a_repeated_reply_is_one_message() {
    let up = Up::start().await;
    up.visitor().await.say("Вопрос").await;
    let id = types::new_uuid().to_string();
    let reply = ["reply", "1", "Ответ", "--json", "--request-id", &id];
    let first = objects(&printed(&up.inbox(&reply)));
    let again = objects(&printed(&up.inbox(&reply)));
    assert_eq!(first[0]["message"]["id"], again[0]["message"]["id"]);
    let read = objects(&printed(&up.inbox(&["read", "1", "--json"])));
    assert_eq!(read.len(), 2);
}

#[tokio::test]
async fn watch_shows_what_there_is_and_then_every_change_once() {
    let up = Up::start().await;
    let mut visitor = up.visitor().await;
    visitor.say("one").await;
    let mut watch = Watch::start(&up, &[]);
    let first = watch.next();
    assert_eq!(first["conversation"]["number"], 1);
    visitor.say("two").await;
    let second = next_message(&mut watch);
    assert_eq!(second["change"]["message"]["text"], "two");
    watch.stop();
    visitor.say("three").await;
    // A watch that takes up after the last cursor shows what came meanwhile, and only that.
    let cursor = second["cursor"].as_str().expect("a cursor");
    let mut resumed = Watch::start(&up, &["--cursor", cursor]);
    let third = next_message(&mut resumed);
    assert_eq!(third["change"]["message"]["text"], "three");
    visitor.say("four").await;
    let fourth = next_message(&mut resumed);
    assert_eq!(fourth["change"]["message"]["text"], "four");
}

/// The next line that tells of a message: the demo account's rules give the conversation its cards meanwhile.
fn next_message(watch: &mut Watch) -> serde_json::Value {
    loop {
        let line = watch.next();
        if !line["change"]["message"].is_null() {
            return line;
        }
    }
}

#[tokio::test]
async fn a_deal_that_moves_to_a_forbidden_stage_takes_the_chat_out_of_a_managers_inbox() {
    let up = Up::start().await;
    up.visitor().await.say("Здравствуйте").await;
    let as_user = |who: &str, arguments: &[&str]| {
        let mut command = up.inbox_command(arguments);
        command.env_remove("BESEDA_API_KEY");
        let (email, password) = (format!("{who}_email"), format!("{who}_password"));
        command.args(["--email", &up.told(&email)]);
        command.args(["--password", &up.told(&password)]);
        command
    };
    let crm = up.crm();
    let deal = crm.deal("Окна для дачи").await;
    let listed = objects(&printed(&up.inbox(&["list", "--json"])));
    let conversation = listed[0]["id"].as_str().expect("an id");
    crm.link(conversation, &deal).await;

    let mut watch = Watch::run(&mut as_user("manager", &["watch", "--json"]));
    let seen = &watch.next()["conversation"];
    assert_eq!(
        (&seen["title"], &seen["last_message"]["text"]),
        (&"Окна для дачи".into(), &"Здравствуйте".into())
    );
    crm.move_to(&deal, "Договор").await;
    let seen = watch.next();
    assert_eq!(seen["change"]["kind"], "CHANGE_KIND_CARD_CHANGED");
    let seen = &seen["change"]["conversation"];
    assert_eq!(
        (&seen["title"], &seen["last_message"]),
        (&"Иван Петров".into(), &Value::Null)
    );

    let manager = crm
        .user_of(&up.told("manager_email"), &up.told("manager_password"))
        .await;
    let explain = as_user("admin", &["explain", "1", "--as", &manager]).output();
    let text = printed(&explain.expect("beseda runs"));
    assert!(
        text.starts_with("The contact without the chat.\nIDN-31"),
        "{text}"
    );
    let (email, nobody) = (up.told("manager_email"), "nobody@demo.example");
    let by_email = as_user("admin", &["explain", "1", "--as", &email]).output();
    assert_eq!(printed(&by_email.expect("beseda runs")), text);
    let unknown = as_user("admin", &["explain", "1", "--as", nobody]).output();
    let unknown = unknown.expect("beseda runs");
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(5), "{said}");
    assert!(said.contains("no employee nobody@demo.example"), "{said}");
    crm.move_to(&deal, "Переговоры").await;
    let seen = &watch.next()["change"]["conversation"];
    assert_eq!(seen["title"], "Окна для дачи");
}

#[tokio::test]
async fn a_refusal_is_a_sentence_and_a_status_for_scripts() {
    let up = Up::start().await;
    up.visitor().await.say("Вопрос").await;
    printed(&up.inbox(&["close", "1"]));
    let cases: [(&[&str], i32, &str); 4] = [
        (&["reply", "1", "Ответ"], 6, "CONVERSATION_CLOSED"),
        (&["read", "77"], 5, "no conversation #77"),
        (
            &["reply", "1", "x", "--request-id", "no"],
            2,
            "--request-id",
        ),
        (
            &["list", "--server", "http://127.0.0.1:1"],
            8,
            "cannot be reached",
        ),
    ];
    for (arguments, status, part) in cases {
        let output = up.inbox(arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut russian = up.inbox_command(&["reply", "1", "Ответ"]);
    let output = russian
        .env("LC_ALL", "ru_RU.UTF-8")
        .output()
        .expect("beseda runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("закрыта"), "{text}");
}

#[tokio::test]
async fn a_log_in_is_kept_until_the_log_out() {
    let up = Up::start().await;
    let home = tempfile::tempdir().expect("a folder");
    let beseda = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env("XDG_CONFIG_HOME", home.path())
            .env("BESEDA_SERVER", up.told("gateway"))
            .stdin(Stdio::null());
        command.output().expect("beseda runs")
    };
    assert_eq!(beseda(&["inbox", "list"]).status.code(), Some(3));
    let wrong = beseda(&[
        "login",
        "--email",
        &up.told("admin_email"),
        "--password",
        "not this one",
    ]);
    assert_eq!(wrong.status.code(), Some(3));
    let (email, password) = (up.told("admin_email"), up.told("admin_password"));
    printed(&beseda(&[
        "login",
        "--email",
        &email,
        "--password",
        &password,
    ]));
    printed(&beseda(&["inbox", "list"]));
    printed(&beseda(&["logout"]));
    assert_eq!(beseda(&["inbox", "list"]).status.code(), Some(3));
    printed(&beseda(&[
        "inbox",
        "list",
        "--email",
        &email,
        "--password",
        &password,
    ]));
}

/// A running `beseda inbox watch --json`.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn start(up: &Up, arguments: &[&str]) -> Self {
        let mut command = up.inbox_command(&["watch", "--json"]);
        Self::run(command.args(arguments))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("beseda runs");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn stop(mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
        assert!(
            self.child.wait().expect("it ends").success(),
            "Ctrl-C is the end of a watch, no failure"
        );
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
