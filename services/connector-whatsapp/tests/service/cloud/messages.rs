//! What a message has to look like.

use serde_json::Value;

use super::{Cloud, Refusal, Sent, refused};

impl Cloud {
    /// Takes a message; its id.
    pub(super) fn sent_message(&self, body: &Value) -> Result<String, Refusal> {
        let to = match address(body) {
            Ok(to) => to,
            Err(what) => {
                self.offend(what.clone());
                return Err(refused(100, &what));
            }
        };
        let kind = text(body, "type");
        let content = body.get(&kind[..]).cloned().unwrap_or_default();
        if let Err(what) = self.check(&kind, &content) {
            self.offend(format!("{what}: {body}"));
            return Err(refused(100, &what));
        }
        let mut world = self.world();
        if world.held.contains(&to) {
            return Err(refused(131_056, "Pair rate limit hit"));
        }
        if world.unregistered.contains(&to) {
            return Err(refused(131_026, "Message undeliverable"));
        }
        if kind != "template" && !world.dialogues.contains(&to) {
            return Err(refused(131_047, "More than 24 hours have passed"));
        }
        if kind == "template" && world.funding.is_none() {
            return Err(refused(131_042, "Business eligibility payment issue"));
        }
        world.next += 1;
        let id = format!("wamid.S{}", world.next);
        let file = content.get("id").and_then(Value::as_str);
        let file = file.and_then(|id| world.uploads.get(id).cloned());
        world.sent.push(Sent {
            id: id.clone(),
            to,
            kind,
            content,
            data: text(body, "biz_opaque_callback_data"),
            file,
        });
        Ok(id)
    }

    fn check(&self, kind: &str, content: &Value) -> Result<(), String> {
        let long = |name: &str| text(content, name).chars().count();
        match kind {
            "text" => match long("body") {
                1..=4_096 => Ok(()),
                _ => Err("a text has 1 to 4096 characters".to_owned()),
            },
            "image" | "video" | "audio" | "document" | "sticker" => {
                let id = text(content, "id");
                let world = self.world();
                let uploaded = world.uploads.get(&id);
                let kinds = uploaded.map(|(media_type, ..)| media_type.as_str());
                let caption = content.get("caption").is_some();
                match (kind, kinds) {
                    (_, None) => Err("no such media".to_owned()),
                    ("audio" | "sticker", _) if caption => Err("no caption here".to_owned()),
                    ("image", Some("image/jpeg" | "image/png")) => Ok(()),
                    ("image", Some(_)) => Err("no picture".to_owned()),
                    _ if long("caption") > 1_024 => Err("the caption is too long".to_owned()),
                    _ => Ok(()),
                }
            }
            "template" => self.check_template(content),
            _ => Err("no such type".to_owned()),
        }
    }

    fn check_template(&self, content: &Value) -> Result<(), String> {
        let (name, language) = (text(content, "name"), text(&content["language"], "code"));
        let world = self.world();
        let known = world.templates.iter().find(|it| {
            text(it, "name") == name
                && text(it, "language") == language
                && text(it, "status") == "APPROVED"
        });
        let known = known.ok_or("no such template")?;
        let body = known["components"].as_array().expect("components");
        let body = body.iter().find(|it| it["type"] == "BODY").expect("a body");
        let wanted = text(body, "text").matches("{{").count();
        let given = content["components"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let given = given.iter().find(|it| it["type"] == "body");
        let given = given.and_then(|it| it["parameters"].as_array().cloned());
        let given = given.unwrap_or_default();
        let are_texts = given
            .iter()
            .all(|it| it["type"] == "text" && !text(it, "text").is_empty());
        match given.len() == wanted && are_texts {
            true => Ok(()),
            false => Err("the parameters do not fit".to_owned()),
        }
    }
}

/// To whom it goes: a number or a person's own id.
fn address(body: &Value) -> Result<String, String> {
    if body["messaging_product"] != "whatsapp" || body["recipient_type"] != "individual" {
        return Err("messaging_product and recipient_type are wanted".to_owned());
    }
    if text(body, "biz_opaque_callback_data").len() > 512 {
        return Err("biz_opaque_callback_data is too long".to_owned());
    }
    let (to, recipient) = (text(body, "to"), text(body, "recipient"));
    let is_number = (8..=15).contains(&to.len()) && to.bytes().all(|c| c.is_ascii_digit());
    let is_id = recipient.split_once('.').is_some_and(|(land, id)| {
        land.len() == 2 && !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric())
    });
    match (is_number, is_id) {
        (true, false) if recipient.is_empty() => Ok(to),
        (false, true) if to.is_empty() => Ok(recipient),
        _ => Err("either to or recipient is wanted".to_owned()),
    }
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
