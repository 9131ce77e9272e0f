//! Who calls: the visitor behind a session token, checked at every call.

use std::sync::Arc;

use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use tonic::metadata::MetadataMap;

use crate::domain::online_chat::{Mode, OnlineChat};
use crate::domain::origin::{self, MAX_ORIGIN};
use crate::domain::session::Session;
use crate::hub::Chat;
use crate::limits::Action;
use crate::state::Parts;

/// The address of the browser; the gateway sets it and strips what a client sent under the same name.
const ADDRESS: &str = "x-beseda-client-address";

/// A visitor with an open session.
pub(super) struct Visitor {
    /// The session.
    pub(super) session: Arc<Session>,
    /// The online chat as it is now.
    pub(super) online_chat: Arc<OnlineChat>,
    /// The visitor's chat at the hub.
    pub(super) chat: Chat,
}

impl Visitor {
    /// The visitor who calls, after the rules that hold for every call: session, origin, rate.
    pub(super) async fn of<T>(
        state: &Parts,
        request: &Request<T>,
        action: Action,
    ) -> Result<Self, Refusal> {
        let metadata = request.metadata();
        let session = state.sessions.open(bearer(metadata)?).await?;
        Self::admitted(state, session, metadata, action).await
    }

    /// The same for who writes: their name and page are told on, as they are now.
    pub(super) async fn who_writes<T>(
        state: &Parts,
        request: &Request<T>,
    ) -> Result<Self, Refusal> {
        let mut visitor = Self::of(state, request, Action::Send).await?;
        visitor.session = state.sessions.open_now(bearer(request.metadata())?).await?;
        Ok(visitor)
    }

    /// The same for files, which a file ticket opens as well.
    pub(super) async fn of_files<T>(state: &Parts, request: &Request<T>) -> Result<Self, Refusal> {
        let metadata = request.metadata();
        let session = state.sessions.open_files(bearer(metadata)?).await?;
        Self::admitted(state, session, metadata, Action::Download).await
    }

    async fn admitted(
        state: &Parts,
        session: Arc<Session>,
        metadata: &MetadataMap,
        action: Action,
    ) -> Result<Self, Refusal> {
        state
            .limiter
            .admit(action, Some(session.visitor), address(metadata))
            .await?;
        let online_chat = state.online_chats.get(session.online_chat).await?;
        check_origin(state, &online_chat, metadata)?;
        let chat = Chat {
            connection: online_chat.connection,
            visitor: session.visitor,
        };
        Ok(Self {
            session,
            online_chat,
            chat,
        })
    }

    /// Refuses where the online chat is off.
    pub(super) fn require_enabled(&self) -> Result<(), Refusal> {
        if self.online_chat.settings.enabled {
            Ok(())
        } else {
            Err(Refusal::online_chat_disabled(self.online_chat.id))
        }
    }

    /// The thread that a request names, in the form in which the hub keeps it: none in ONE_ACTIVE mode, whatever was given.
    pub(super) fn thread(&self, fields: &mut Fields, given: &str, required: bool) -> String {
        let thread = match self.online_chat.settings.mode {
            Mode::OneActive => None,
            Mode::Multiple if required => fields.uuid("thread_id", given),
            Mode::Multiple => fields.optional_uuid("thread_id", given),
        };
        thread.map(|thread| thread.to_string()).unwrap_or_default()
    }
}

/// Refuses pages that the online chat does not talk to.
pub(super) fn check_origin(
    state: &Parts,
    online_chat: &OnlineChat,
    metadata: &MetadataMap,
) -> Result<(), Refusal> {
    let header = match metadata.get("origin") {
        None => None,
        // What is no text is no origin either.
        Some(value) => Some(value.to_str().unwrap_or("?")),
    };
    let settings = &online_chat.settings;
    // Wherever the window is shown, its calls come from our own origin.
    let from_landing_site = settings.is_on_landing_site()
        && header.is_none_or(|header| origin::is_own(&state.own_origin, header));
    if from_landing_site || origin::may_call(&settings.placement, &state.own_origin, header) {
        Ok(())
    } else {
        Err(origin_not_allowed(header.unwrap_or_default()))
    }
}

pub(super) fn origin_not_allowed(origin: &str) -> Refusal {
    let shown: String = origin
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_ORIGIN)
        .collect();
    Refusal::origin_not_allowed(shown)
}

/// The browser's address, when the call came through the gateway.
pub(super) fn address(metadata: &MetadataMap) -> Option<&str> {
    metadata.get(ADDRESS)?.to_str().ok()
}

fn bearer(metadata: &MetadataMap) -> Result<&str, Refusal> {
    let value = metadata
        .get("authorization")
        .ok_or_else(Refusal::token_missing)?;
    let text = value.to_str().map_err(|_| Refusal::token_invalid())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(Refusal::token_invalid()),
    }
}
