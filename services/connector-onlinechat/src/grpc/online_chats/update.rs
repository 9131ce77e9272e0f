//! UpdateOnlineChat: our row first, which takes effect for visitors at once, then conversations is told. When that fails
//! the caller is told to repeat; the repetition changes nothing here and tells conversations.

use api::onlinechat::v1::{OnlineChat as Proto, UpdateOnlineChatRequest, UpdateOnlineChatResponse};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::OnlineChatId;

use super::{forward, landing, wire};
use crate::domain::external_id;
use crate::domain::online_chat::Settings;
use crate::domain::placement::Placement;
use crate::grpc::status::Failure;
use crate::state::Parts;
use crate::store::online_chats;

/// The field of external IDs, which crm has to be asked about.
const EXTERNAL_FIELD: &str = "external_id_field_id";

/// Fields that can be changed, by their names in the mask.
const PATHS: [&str; 14] = [
    "title",
    "mode",
    "site_url",
    "embedded_in_app",
    "show_sender_name",
    "enabled",
    "avatar",
    "accent_color",
    "greeting_enabled",
    "greeting_name",
    "greeting_text",
    EXTERNAL_FIELD,
    "landing_site",
    "feedback_buttons",
];

pub(super) async fn update(
    state: &Parts,
    request: Request<UpdateOnlineChatRequest>,
) -> Result<UpdateOnlineChatResponse, Failure> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let UpdateOnlineChatRequest {
        online_chat,
        update_mask,
    } = request.into_inner();
    let mut fields = Fields::new();
    let proto = online_chat.unwrap_or_default();
    let id = fields.id("online_chat.id", &proto.id);
    let paths = update_mask.map(|mask| mask.paths).unwrap_or_default();
    let paths = if paths.is_empty() {
        populated(&proto)
    } else {
        known(&mut fields, paths)
    };
    let field = wire::external_field(&mut fields, &proto);
    fields.finish()?;
    let Some(id) = id else {
        return Err(Refusal::online_chat_not_found("").into());
    };
    let mut change = Change {
        proto,
        paths,
        external_field: None,
    };
    if let Some(field) = field.filter(|_| change.names(EXTERNAL_FIELD)) {
        change.external_field = Some(state.crm.external_field(&caller, field).await?);
    }
    store(state, scope, id, change).await?;
    state.online_chats.forget(id);
    let chat = forward::forward(state, &caller, scope, id).await?;
    Ok(UpdateOnlineChatResponse {
        online_chat: Some(wire::to_proto(&state.public_url, &chat)),
    })
}

/// The fields that are set, for a request without a mask.
fn populated(chat: &Proto) -> Vec<String> {
    let set = [
        !chat.title.is_empty(),
        chat.mode != 0,
        !chat.site_url.is_empty(),
        chat.embedded_in_app,
        chat.show_sender_name,
        chat.enabled,
        !chat.avatar.is_empty(),
        !chat.accent_color.is_empty(),
        chat.greeting_enabled,
        !chat.greeting_name.is_empty(),
        !chat.greeting_text.is_empty(),
        !chat.external_id_field_id.is_empty(),
        chat.landing_site.is_some(),
        !chat.feedback_buttons.is_empty(),
    ];
    PATHS
        .iter()
        .zip(set)
        .filter(|(_, set)| *set)
        .map(|(path, _)| (*path).to_owned())
        .collect()
}

fn known(fields: &mut Fields, paths: Vec<String>) -> Vec<String> {
    for path in paths.iter().filter(|path| !PATHS.contains(&path.as_str())) {
        fields.reject(
            "update_mask",
            format!(
                "names \"{path}\"; what can be changed is {}",
                PATHS.join(", ")
            ),
        );
    }
    paths
}

/// What to change.
struct Change {
    proto: Proto,
    paths: Vec<String>,
    /// What crm says of the field of external IDs that is to be taken.
    external_field: Option<external_id::Field>,
}

impl Change {
    fn names(&self, path: &str) -> bool {
        self.paths.iter().any(|named| named == path)
    }

    /// The settings after the change.
    fn apply(&self, before: &Settings) -> Result<Settings, Refusal> {
        let mut fields = Fields::new();
        let (proto, mut after) = (&self.proto, before.clone());
        if self.names("title") {
            after.title = wire::title(&mut fields, proto);
        }
        if self.names("mode") {
            after.mode = wire::mode(&mut fields, proto);
        }
        if self.names("show_sender_name") {
            after.show_sender_name = proto.show_sender_name;
        }
        if self.names("enabled") {
            after.enabled = proto.enabled;
        }
        if let Some((embedded_in_app, site_url)) = self.place(&before.placement) {
            after.placement = wire::placement(&mut fields, embedded_in_app, site_url);
        }
        self.apply_look(&mut fields, &mut after);
        fields.finish()?;
        Ok(after)
    }

    fn apply_look(&self, fields: &mut Fields, after: &mut Settings) {
        let proto = &self.proto;
        if self.names("avatar") {
            after.avatar = wire::avatar(fields, proto);
        }
        if self.names("accent_color") {
            after.accent_color = wire::accent_color(fields, proto);
        }
        if self.names("landing_site") {
            after.landing_site = landing::site(fields, proto);
        }
        if self.names("feedback_buttons") {
            after.feedback_buttons = landing::feedback(fields, proto);
        }
        if self.names(EXTERNAL_FIELD) {
            after.external_field = self.external_field;
        }
        if self.names("greeting_enabled") {
            after.greeting.enabled = proto.greeting_enabled;
        }
        if self.names("greeting_name") {
            after.greeting.name = wire::greeting_name(fields, proto);
        }
        if self.names("greeting_text") {
            after.greeting.text = wire::greeting_text(fields, proto);
        }
        wire::require_words(fields, &after.greeting);
    }

    /// «Встраивается в приложение» and «Адрес размещения» after the change. Switching the first on takes the second away
    /// (ONL-19), unless the request gives an address in the same breath: that is a contradiction and is refused.
    fn place<'a>(&'a self, before: &'a Placement) -> Option<(bool, &'a str)> {
        let site_url = self.proto.site_url.as_str();
        let embedded_before = *before == Placement::Application;
        match (self.names("embedded_in_app"), self.names("site_url")) {
            (true, true) => Some((self.proto.embedded_in_app, site_url)),
            (true, false) if self.proto.embedded_in_app => Some((true, "")),
            (true, false) => Some((false, before.site_url())),
            (false, true) => Some((embedded_before, site_url)),
            (false, false) => None,
        }
    }
}

async fn store(
    state: &Parts,
    scope: AccountScope,
    id: OnlineChatId,
    change: Change,
) -> Result<(), Refusal> {
    let now = state.clock.now();
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            let before = online_chats::find(tx, account, id).await?;
            let before = before.filter(|row| row.connection.is_some());
            let before = before.ok_or_else(|| Refusal::online_chat_not_found(id))?;
            let etag = &change.proto.etag;
            if !etag.is_empty() && *etag != wire::etag(before.version) {
                return Err(Refusal::etag_mismatch());
            }
            let after = change.apply(&before.settings)?;
            if !before.settings.greeting.may_become(&after.greeting) {
                return Err(Refusal::greeting_off(id));
            }
            let unchanged = after == before.settings;
            if unchanged
                || online_chats::update(tx, account, id, before.version, &after, now).await?
            {
                return Ok(());
            }
            // Somebody else changed it since it was read, a moment ago.
            Err(if etag.is_empty() {
                Refusal::conflict()
            } else {
                Refusal::etag_mismatch()
            })
        })
    });
    stored.await
}
