//! The client's cabinet: what stands below `/cabinet/<id>/`.

use std::time::Duration;

use api::cabinet::internal::v1::GetLogoRequest;
use api::cabinet::internal::v1::page_service_client::PageServiceClient;
use auth::ServiceChannel;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Response};
use kit::Refusal;
use tonic::{Code, Request};

use super::{Pages, not_found};
use crate::body::Body;
use crate::call::Protocol;
use crate::refusals::respond;

const TIME: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_secs(1);

/// Cabinets of clients, if the installation has them.
pub struct Cabinets(Option<PageServiceClient<ServiceChannel>>);

impl Cabinets {
    /// From the cabinet service.
    #[must_use]
    pub fn new(cabinet: Option<ServiceChannel>) -> Self {
        Self(cabinet.map(PageServiceClient::new))
    }

    /// The logo; `None` where there is no such cabinet, or it has none.
    async fn logo(&self, cabinet: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(client) = &self.0 else {
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
    pub(super) async fn cabinet(&self, path: &str) -> Response<Body> {
        let Some(id) = path.strip_suffix("/logo.png") else {
            return not_found();
        };
        match self.cabinets.logo(id).await {
            Ok(Some(png)) => picture(png),
            Ok(None) => not_found(),
            Err(refusal) => respond(Protocol::Http, refusal),
        }
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
