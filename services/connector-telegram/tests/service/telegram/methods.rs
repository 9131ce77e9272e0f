//! The methods, each as strict as Telegram's own.

use std::time::Duration;

use serde_json::{Value, json};
use types::Clock;

use super::{Answer, Fault, Given, Sent, Telegram, Webhook, World};

const UPDATES: [&str; 8] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "inline_query",
];

/// The parameters that a method takes, as far as they are needed here.
fn parameters(method: &str) -> Option<&'static [&'static str]> {
    Some(match method {
        "getMe" | "getWebhookInfo" => &[],
        "getUpdates" => &["offset", "limit", "timeout", "allowed_updates"],
        "deleteWebhook" => &["drop_pending_updates"],
        "setWebhook" => &["url", "secret_token", "max_connections", "allowed_updates"],
        "getFile" => &["file_id"],
        "getUserProfilePhotos" => &["user_id", "offset", "limit"],
        "sendMessage" => &["chat_id", "text"],
        "sendPhoto" | "sendVideo" | "sendAudio" | "sendVoice" | "sendDocument" => {
            &["chat_id", "caption"]
        }
        "sendSticker" => &["chat_id"],
        "sendMediaGroup" => &["chat_id", "media"],
        _ => return None,
    })
}

fn bad(description: &'static str) -> Answer {
    Answer::Refused(400, description, json!({}))
}

fn text<'v>(given: &'v Given, name: &str) -> &'v str {
    given
        .fields
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The poll that holds the line; it is free again when the caller goes away.
struct Poll(Telegram);

impl Drop for Poll {
    fn drop(&mut self) {
        self.0.world().polls -= 1;
    }
}

impl Telegram {
    pub(super) async fn get_updates(&self, given: &Given) -> Answer {
        let offset = given.fields.get("offset").and_then(Value::as_i64);
        let timeout = given.fields.get("timeout").and_then(Value::as_u64);
        let token = self.world().token.clone();
        let _poll = {
            let mut world = self.world();
            world.check("getUpdates", given);
            if world.webhook.is_some() {
                return Answer::Refused(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
                    json!({}),
                );
            }
            if world.polls > 0 {
                return Answer::Refused(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                    json!({}),
                );
            }
            world.polls += 1;
            if let Some(offset) = offset {
                world
                    .updates
                    .retain(|it| it["update_id"].as_i64() >= Some(offset));
            }
            Poll(self.clone())
        };
        let clock = Clock::system();
        let patience = clock.sleep(Duration::from_secs(timeout.unwrap_or(0).min(50)));
        tokio::pin!(patience);
        loop {
            let mut news = Box::pin(self.0.news.notified());
            news.as_mut().enable();
            let waiting: Vec<Value> = self.world().updates.iter().take(100).cloned().collect();
            if token != self.world().token {
                return Answer::Refused(401, "Unauthorized", json!({}));
            }
            if !waiting.is_empty() {
                return Answer::Result(waiting.into());
            }
            tokio::select! { () = news => {}, () = &mut patience => return Answer::Result(json!([])) }
        }
    }

    pub(super) fn done(&self, method: &str, given: &Given) -> Answer {
        let mut world = self.world();
        world.check(method, given);
        *world.calls.entry(method.to_owned()).or_default() += 1;
        match method {
            "getMe" => Answer::Result(
                json!({"id": 123_456, "is_bot": true, "first_name": "Shop", "username": "shop_bot"}),
            ),
            "deleteWebhook" => {
                world.webhook = None;
                Answer::Result(json!(true))
            }
            "setWebhook" => world.set_webhook(given),
            "getWebhookInfo" => {
                let url = world.webhook.as_ref().map(|it| it.url.clone());
                Answer::Result(
                    json!({"url": url.unwrap_or_default(), "pending_update_count": world.updates.len()}),
                )
            }
            "getFile" => world.get_file(given),
            "getUserProfilePhotos" => world.get_pictures(given),
            method if method.starts_with("send") => world.send(method, given),
            _ => Answer::Refused(404, "Not Found", json!({})),
        }
    }
}

impl World {
    /// Notes what no program should send.
    fn check(&mut self, method: &str, given: &Given) {
        match parameters(method) {
            None => self.offences.push(format!("there is no method {method}")),
            Some(known) => {
                let unknown = given
                    .fields
                    .keys()
                    .filter(|it| !known.contains(&it.as_str()));
                let unknown = unknown.map(|it| format!("{method} has no parameter {it}"));
                self.offences.extend(unknown);
            }
        }
        let kinds = given
            .fields
            .get("allowed_updates")
            .and_then(Value::as_array);
        for kind in kinds.into_iter().flatten() {
            if !UPDATES.iter().any(|known| kind == known) {
                self.offences
                    .push(format!("there are no updates of the kind {kind}"));
            }
        }
    }

    fn set_webhook(&mut self, given: &Given) -> Answer {
        let (url, secret) = (text(given, "url"), text(given, "secret_token"));
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
        if !url.starts_with("https://") {
            return bad("Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
        }
        if !(1..=256).contains(&secret.len()) || !secret.bytes().all(plain) {
            return bad("Bad Request: secret token contains illegal characters");
        }
        self.webhook = Some(Webhook {
            url: url.to_owned(),
            secret: secret.to_owned(),
        });
        Answer::Result(json!(true))
    }

    fn get_file(&self, given: &Given) -> Answer {
        let id = text(given, "file_id");
        match self.files.get(id) {
            None => bad("Bad Request: wrong file_id or the file is temporarily unavailable"),
            Some(bytes) if bytes.len() > 20 << 20 => bad("Bad Request: file is too big"),
            Some(_) => Answer::Result(json!({"file_id": id, "file_path": format!("files/{id}")})),
        }
    }

    fn get_pictures(&self, given: &Given) -> Answer {
        let Some(user) = given.fields.get("user_id").and_then(Value::as_i64) else {
            return bad("Bad Request: invalid user_id specified");
        };
        let limit = given.fields.get("limit").and_then(Value::as_u64);
        if !limit.is_none_or(|limit| (1..=100).contains(&limit)) {
            return bad("Bad Request: limit must be between 1 and 100");
        }
        if !self.chats.contains(&user) {
            return bad("Bad Request: user not found");
        }
        let shown = self.pictures.get(&user).map_or(&[][..], |it| &it[..]);
        let sizes = |unique: &String| -> Value {
            let sizes = [("small", 160), ("large", 640)];
            let size = |(name, side): (&str, i64)| {
                json!({"file_id": format!("{unique}-{name}"), "file_unique_id": format!("{unique}-{name}"),
                       "width": side, "height": side})
            };
            sizes.map(size).to_vec().into()
        };
        let most = usize::try_from(limit.unwrap_or(100)).unwrap_or_default();
        let photos: Vec<Value> = shown.iter().take(most).map(sizes).collect();
        Answer::Result(json!({"total_count": shown.len(), "photos": photos}))
    }

    fn send(&mut self, method: &str, given: &Given) -> Answer {
        let Ok(chat) = text(given, "chat_id").parse::<i64>() else {
            return bad("Bad Request: chat_id is empty");
        };
        if let Some(to) = self.moved.get(&chat) {
            let parameters = json!({"migrate_to_chat_id": to});
            return Answer::Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters,
            );
        }
        if !self.chats.contains(&chat) {
            return bad("Bad Request: chat not found");
        }
        if self.blocked.contains(&chat) {
            return Answer::Refused(403, "Forbidden: bot was blocked by the user", json!({}));
        }
        if self.held.contains(&chat) {
            return Answer::Refused(500, "Internal Server Error", json!({}));
        }
        let sent = match sent(method, chat, given) {
            Ok(sent) => sent,
            Err(description) => return bad(description),
        };
        match self.faults.pop_front() {
            Some(Fault::Busy) => {
                return Answer::Refused(
                    429,
                    "Too Many Requests: retry after 1",
                    json!({"retry_after": 1}),
                );
            }
            Some(Fault::Internal) => {
                return Answer::Refused(500, "Internal Server Error", json!({}));
            }
            Some(Fault::Cut) => {
                self.sent.push(sent);
                return Answer::Nothing;
            }
            None => {}
        }
        let count = sent.files.len().max(1);
        let ids: Vec<Value> = (0..count)
            .map(|_| {
                self.next_message += 1;
                json!({"message_id": self.next_message, "chat": {"id": chat}})
            })
            .collect();
        self.sent.push(sent);
        Answer::Result(match method {
            "sendMediaGroup" => ids.into(),
            _ => ids[0].clone(),
        })
    }
}

/// What is sent, if Telegram takes it.
fn sent(method: &str, chat: i64, given: &Given) -> Result<Sent, &'static str> {
    let files: Vec<_> = given.files.values().cloned().collect();
    let words = match method {
        "sendMessage" => text(given, "text").to_owned(),
        "sendMediaGroup" => album(given)?,
        _ => {
            let field = method.trim_start_matches("send").to_lowercase();
            if !given.files.contains_key(&field) {
                return Err("Bad Request: there is no file in the request");
            }
            text(given, "caption").to_owned()
        }
    };
    if method == "sendMessage" && words.trim().is_empty() {
        return Err("Bad Request: message text is empty");
    }
    if method == "sendMessage" && units(&words) > 4_096 {
        return Err("Bad Request: message is too long");
    }
    if method != "sendMessage" && units(&words) > 1_024 {
        return Err("Bad Request: message caption is too long");
    }
    let most = if method == "sendPhoto" {
        10 << 20
    } else {
        50 << 20
    };
    if files
        .iter()
        .any(|(.., bytes)| bytes.len() > most || bytes.is_empty())
    {
        return Err("Bad Request: file is too big");
    }
    Ok(Sent {
        method: method.to_owned(),
        chat,
        text: words,
        files,
    })
}

/// The words of an album whose files are all there and may stand together.
fn album(given: &Given) -> Result<String, &'static str> {
    let media: Vec<Value> = serde_json::from_str(text(given, "media")).unwrap_or_default();
    if !(2..=10).contains(&media.len()) {
        return Err("Bad Request: group send failed: wrong number of media");
    }
    let kind = |it: &Value| match it["type"].as_str() {
        Some("photo" | "video") => 1,
        Some("audio") => 2,
        Some("document") => 3,
        _ => 0,
    };
    if media
        .iter()
        .any(|it| kind(it) == 0 || kind(it) != kind(&media[0]))
    {
        return Err("Bad Request: media of these types can't be mixed");
    }
    let is_there = |it: &Value| {
        let name = it["media"]
            .as_str()
            .and_then(|it| it.strip_prefix("attach://"));
        name.is_some_and(|name| given.files.contains_key(name))
    };
    if !media.iter().all(is_there) {
        return Err("Bad Request: file part is missing");
    }
    Ok(media[0]["caption"].as_str().unwrap_or_default().to_owned())
}
