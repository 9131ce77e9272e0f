//! The chat's page, for a frame on the site that the chat is placed on.
//!
//! The browser enforces who may frame it, by `frame-ancestors`. The origin comes from the owner of the chat, is looked at
//! again before it becomes a header, and is remembered for ten seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::onlinechat::internal::v1::GetEmbeddingRequest;
use api::onlinechat::internal::v1::embedding_service_client::EmbeddingServiceClient;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Response, StatusCode};
use kit::Refusal;
use quick_cache::sync::Cache;
use tonic::Code;
use types::OnlineChatId;

use super::Pages;
use crate::body::Body;
use crate::call::{Call, Protocol};
use crate::refusals::{page, respond};

const FRESH: Duration = Duration::from_secs(10);
const CAPACITY: usize = 10_000;
pub(super) const TIME: Duration = Duration::from_secs(3);
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// The page runs its own scripts and styles, speaks to this gateway, and does nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";
const NOBODY: &str = "'none'";

/// Who may frame which chat.
pub struct Embeddings {
    pub(super) onlinechat: EmbeddingServiceClient<auth::ServiceChannel>,
    known: Cache<OnlineChatId, (Instant, Arc<Framing>)>,
}

/// Who may frame a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Framing {
    /// The pages that this value of `frame-ancestors` names.
    Allowed(String),
    /// None: the chat is not placed anywhere, or there is no such chat.
    Refused,
}

impl Framing {
    /// Our own pages too: the landing site on which the chat stands (ONL-25).
    fn and_here(self) -> Self {
        match self {
            Self::Allowed(origins) => Self::Allowed(format!("'self' {origins}")),
            Self::Refused => Self::Allowed("'self'".to_owned()),
        }
    }
}

impl Embeddings {
    /// From connector-onlinechat.
    #[must_use]
    pub fn new(onlinechat: auth::ServiceChannel) -> Self {
        Self {
            onlinechat: EmbeddingServiceClient::new(onlinechat),
            known: Cache::new(CAPACITY),
        }
    }

    async fn framing(&self, chat: OnlineChatId) -> Result<Arc<Framing>, Refusal> {
        self.known.remove_if(&chat, |(at, _)| at.elapsed() >= FRESH);
        let known = self
            .known
            .get_or_insert_async(&chat, async { Ok((Instant::now(), self.ask(chat).await?)) });
        known.await.map(|(_, framing)| framing)
    }

    async fn ask(&self, chat: OnlineChatId) -> Result<Arc<Framing>, Refusal> {
        let mut request = tonic::Request::new(GetEmbeddingRequest {
            online_chat_id: chat.to_string(),
        });
        request.set_timeout(TIME);
        match self.onlinechat.clone().get_embedding(request).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let framing = framing(&reply.site_origin, reply.locked);
                Ok(Arc::new(if reply.on_landing_site {
                    framing.and_here()
                } else {
                    framing
                }))
            }
            Err(status)
                if matches!(
                    status.code(),
                    Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument
                ) =>
            {
                Ok(Arc::new(Framing::Refused))
            }
            Err(status) => {
                crate::sampled!("who may frame a chat could not be asked", code = ?status.code(), message = status.message());
                Err(Refusal::service_unreachable(RETRY))
            }
        }
    }
}

fn framing(origin: &str, locked: bool) -> Framing {
    if locked {
        return Framing::Refused;
    }
    if origin.is_empty() {
        // A chat in an application (ONL-20): also in web views, whose pages come from no web server.
        return Framing::Allowed("* file: capacitor: ionic: app:".to_owned());
    }
    if is_origin(origin) {
        Framing::Allowed(origin.to_owned())
    } else {
        Framing::Refused
    }
}

/// Nothing that could add a directive of its own.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}

impl Pages {
    pub(super) async fn chat(&self, call: &Call, id: &str) -> Response<Body> {
        let Ok(chat) = id.parse::<OnlineChatId>() else {
            return nowhere();
        };
        let framing = match self.embeddings.framing(chat).await {
            Ok(framing) => framing,
            Err(refusal) => return framed_by(NOBODY, respond(Protocol::Http, refusal)),
        };
        match framing.as_ref() {
            Framing::Allowed(origins) => {
                framed_by(origins, self.files.answer(call, "chat.html").await)
            }
            Framing::Refused => nowhere(),
        }
    }
}

fn nowhere() -> Response<Body> {
    framed_by(
        NOBODY,
        page(
            StatusCode::NOT_FOUND,
            "There is no chat at this address, or it is not placed on a site yet.\n",
        ),
    )
}

fn framed_by(origins: &str, mut response: Response<Body>) -> Response<Body> {
    let policy = HeaderValue::try_from(format!("{POLICY}; frame-ancestors {origins}"));
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy.unwrap_or(strictest));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_on_its_landing_site_is_framed_by_our_own_pages_too() {
        let here = |origin, locked| framing(origin, locked).and_here();
        assert_eq!(here("", true), Framing::Allowed("'self'".to_owned()));
        assert_eq!(
            here("https://shop.example", false),
            Framing::Allowed("'self' https://shop.example".to_owned())
        );
    }

    #[test]
    fn only_an_origin_becomes_a_policy() {
        assert_eq!(
            framing("https://shop.example", false),
            Framing::Allowed("https://shop.example".to_owned())
        );
        assert_eq!(
            framing("https://shop.example:8443", false),
            Framing::Allowed("https://shop.example:8443".to_owned())
        );
        assert_eq!(framing("https://shop.example", true), Framing::Refused);
        assert_eq!(framing("", true), Framing::Refused);
        assert!(matches!(framing("", false), Framing::Allowed(_)));
        for bad in [
            "*",
            "https://",
            "https://a b",
            "https://a; script-src *",
            "https://a,b",
            "javascript:x",
            "https://a/\n",
        ] {
            assert_eq!(framing(bad, false), Framing::Refused, "{bad:?}");
        }
    }
}
