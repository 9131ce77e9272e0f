//! The client's cabinet: its page at `/cabinet/<id>` (CAB-24), the logo below it, and what the page loads below `/cabinet/assets`.
//!
//! Whether there is such a cabinet the page asks by itself: it is the same for all of them.

use std::time::Duration;

use api::cabinet::internal::v1::GetLogoRequest;
use api::cabinet::internal::v1::page_service_client::PageServiceClient;
use auth::ServiceChannel;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use kit::Refusal;
use tonic::{Code, Request};
use types::CabinetId;

use super::{Files, Pages, not_found};
use crate::body::Body;
use crate::call::{Call, Protocol};
use crate::refusals::respond;

const TIME: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_secs(1);
/// The page runs its own scripts and styles, speaks to this gateway, shows files that it has fetched itself, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Cabinets of clients, if the installation has them.
pub struct Cabinets {
    cabinet: Option<PageServiceClient<ServiceChannel>>,
    files: Files,
}

impl Cabinets {
    /// From the cabinet service and the built page.
    #[must_use]
    pub fn new(cabinet: Option<ServiceChannel>, files: Files) -> Self {
        let cabinet = cabinet.map(PageServiceClient::new);
        Self { cabinet, files }
    }

    /// The logo; `None` where there is no such cabinet, or it has none.
    async fn logo(&self, cabinet: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(client) = &self.cabinet else {
            return Ok(None);
        };
        let mut request = Request::new(GetLogoRequest {
            cabinet_id: cabinet.to_owned(),
        });
        request.set_timeout(TIME);
        match client.clone().get_logo(request).await {
            Ok(reply) => Ok(Some(reply.into_inner().png).filter(|png| !png.is_empty())),
            Err(status)
                if matches!(
                    status.code(),
                    Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument
                ) =>
            {
                Ok(None)
            }
            Err(status) => {
                crate::sampled!("a logo could not be asked for", code = ?status.code(), message = status.message());
                Err(Refusal::service_unreachable(RETRY))
            }
        }
    }
}

impl Pages {
    pub(super) async fn cabinet(&self, call: &Call, path: &str) -> Response<Body> {
        if path.starts_with("assets/") {
            return self.cabinets.files.answer(call, path).await;
        }
        let Some(id) = path.strip_suffix("/logo.png") else {
            return self.cabinet_page(call, path).await;
        };
        match self.cabinets.logo(id).await {
            Ok(Some(png)) => picture(png),
            Ok(None) => not_found(),
            Err(refusal) => respond(Protocol::Http, refusal),
        }
    }

    async fn cabinet_page(&self, call: &Call, path: &str) -> Response<Body> {
        let id = path.strip_suffix('/').unwrap_or(path);
        if self.cabinets.cabinet.is_none() || id.parse::<CabinetId>().is_err() {
            return not_found();
        }
        let mut response = self.cabinets.files.answer(call, "cabinet.html").await;
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// A picture that is nothing but a picture. Its address changes with it.
fn picture(png: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::full(png));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=86400"),
    );
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    response
}
