//! StartVisitorSession: a visitor comes, or comes back.

use api::onlinechat::v1::{
    StartVisitorSessionRequest, StartVisitorSessionResponse, VisitorChatSettings, VisitorGreeting,
};
use kit::Refusal;
use kit::secrets;
use kit::secrets::Token;
use kit::validate::Fields;
use pg::{SystemScope, Tx};
use time::OffsetDateTime;
use tonic::Request;
use types::file::{MAX_SIZE, MOST, PROGRAMS};
use types::{AccountId, OnlineChatId, VisitorId};

use super::visitor::{address, check_origin, origin_not_allowed};
use crate::domain::facts::Page;
use crate::domain::look::Greeting;
use crate::domain::online_chat::{MAX_TEXT, OnlineChat};
use crate::domain::origin::{MAX_ORIGIN, is_own, may_embed};
use crate::domain::session::{
    FILE_TICKET, ISSUED_LIFE, RESUME_LIFE, SESSION, SESSION_LIFE, Session, is_issued,
    new_resume_token, resume_digest,
};
use crate::grpc::online_chats::{mode_to_proto, required_id};
use crate::limits::Action;
use crate::state::Parts;
use crate::store::visitors::{self, Known};

pub(super) async fn start(
    state: &Parts,
    request: Request<StartVisitorSessionRequest>,
) -> Result<StartVisitorSessionResponse, Refusal> {
    state
        .limiter
        .admit(Action::Start, None, address(request.metadata()))
        .await?;
    let message = request.get_ref();
    let arrival = Arrival::of(message)?;
    let online_chat = state
        .online_chats
        .get(required_id(&message.online_chat_id)?)
        .await?;
    check_origin(state, &online_chat, request.metadata())?;
    let page = &message.embedding_origin;
    let on_landing_site =
        online_chat.settings.is_on_landing_site() && is_own(&state.own_origin, page);
    if !on_landing_site && !may_embed(&online_chat.settings.placement, page) {
        return Err(origin_not_allowed(&message.embedding_origin));
    }
    if !online_chat.settings.enabled {
        return Err(Refusal::online_chat_disabled(online_chat.id));
    }
    let started = store(state, &online_chat, arrival, message.resume_token.clone()).await?;
    Ok(StartVisitorSessionResponse {
        session_token: started.token.text,
        session_expire_time: Some(kit::time::to_proto(started.expire_time)),
        resume_token: started.resume_token,
        settings: Some(settings(&online_chat)),
        visitor_id: started.visitor.to_string(),
        file_ticket: started.file_ticket.text,
    })
}

fn settings(online_chat: &OnlineChat) -> VisitorChatSettings {
    let settings = &online_chat.settings;
    VisitorChatSettings {
        title: settings.title.clone(),
        mode: mode_to_proto(settings.mode).into(),
        show_sender_name: settings.show_sender_name,
        max_text_length: MAX_TEXT,
        avatar: settings.avatar.bytes().to_vec(),
        accent_color: settings.accent_color.as_str().to_owned(),
        greeting: greeting(&settings.greeting),
        max_file_size: MAX_SIZE as i64,
        max_files: MOST as i32,
        refused_file_endings: PROGRAMS.map(str::to_owned).to_vec(),
    }
}

/// The bot's first words, while they are on: what an administrator has switched off reaches nobody.
fn greeting(greeting: &Greeting) -> Option<VisitorGreeting> {
    greeting.enabled.then(|| VisitorGreeting {
        name: greeting.name.clone(),
        text: greeting.text.clone(),
    })
}

/// What a visitor brings.
struct Arrival {
    name: String,
    page: Page,
}

impl Arrival {
    fn of(message: &StartVisitorSessionRequest) -> Result<Self, Refusal> {
        let mut fields = Fields::new();
        fields.id::<OnlineChatId>("online_chat_id", &message.online_chat_id);
        fields.key(
            "embedding_origin",
            &message.embedding_origin,
            0..=MAX_ORIGIN,
        );
        let arrival = Self {
            name: fields.line("visitor_name", &message.visitor_name, 0..=200),
            page: Page {
                url: fields.text("page_url", &message.page_url, 0..=2000),
                title: fields.text("page_title", &message.page_title, 0..=300),
                referrer: fields.text("referrer", &message.referrer, 0..=2000),
                language: fields.line("language", &message.language, 0..=35),
            },
        };
        fields.finish()?;
        Ok(arrival)
    }
}

/// A session that was started.
struct Started {
    token: Token,
    file_ticket: Token,
    resume_token: String,
    visitor: VisitorId,
    expire_time: OffsetDateTime,
}

/// Finds the visitor of a resume token or makes a new one, and stores the session.
async fn store(
    state: &Parts,
    online_chat: &OnlineChat,
    arrival: Arrival,
    resume_token: String,
) -> Result<Started, Refusal> {
    let (account, online_chat) = (online_chat.account, online_chat.id);
    let now = state.clock.now();
    let job = SystemScope::for_job("start a visitor's session");
    let stored = state.db.tx(job, move |tx| {
        Box::pin(async move {
            let Arrival { name, page } = arrival;
            let door = Door {
                account,
                online_chat,
                now,
            };
            let (known, resume_token) = door.let_in(tx, resume_token, name).await?;
            let (visitor, expire_time) = (known.id, now + SESSION_LIFE);
            let token = SESSION.generate(account);
            let session = Session {
                account,
                online_chat,
                visitor,
                visitor_name: known.name,
                page,
                expire_time,
            };
            visitors::insert_session(tx, &session, &token.digest).await?;
            let file_ticket = FILE_TICKET.generate(account);
            let ticket = Session {
                page: Page::default(),
                ..session
            };
            visitors::insert_session(tx, &ticket, &file_ticket.digest).await?;
            Ok::<_, Refusal>(Started {
                token,
                file_ticket,
                resume_token,
                visitor,
                expire_time,
            })
        })
    });
    stored.await
}

/// Where and when a visitor comes in.
struct Door {
    account: AccountId,
    online_chat: OnlineChatId,
    now: OffsetDateTime,
}

impl Door {
    /// The visitor, and the token with which they come back: the one they brought when it works, else a new one.
    async fn let_in(
        &self,
        tx: &mut Tx,
        resume_token: String,
        name: String,
    ) -> Result<(Known, String), Refusal> {
        let (account, online_chat, now) = (self.account, self.online_chat, self.now);
        if is_issued(&resume_token) {
            // Whom the backend named has the name that the backend told, whatever the page says.
            let digest = secrets::sha256(resume_token.as_bytes());
            let until = now + ISSUED_LIFE;
            let known = visitors::present(tx, account, online_chat, &digest, now, until).await?;
            let known = known.ok_or_else(Refusal::token_expired)?;
            return Ok((known, resume_token));
        }
        let until = now + RESUME_LIFE;
        if let Some(digest) = resume_digest(&resume_token) {
            let known =
                visitors::resume(tx, account, online_chat, &digest, &name, now, until).await?;
            if let Some(known) = known {
                return Ok((known, resume_token));
            }
        }
        let (resume_token, digest) = new_resume_token();
        let known = Known {
            id: VisitorId::generate(),
            name,
        };
        visitors::insert(tx, account, online_chat, &known, &digest, now, until).await?;
        Ok((known, resume_token))
    }
}
