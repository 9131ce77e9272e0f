//! The demo page: a site with the demo account's online chat on it.

use http::{Response, StatusCode};

use super::start::escape;
use super::{Pages, html};
use crate::body::Body;
use crate::refusals::page;

const PLACEHOLDER: &str = "__ONLINE_CHAT_ID__";
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Pages {
    pub(super) async fn demo(&self) -> Response<Body> {
        let Some(chat) = &self.demo_chat else {
            return page(
                StatusCode::NOT_FOUND,
                "No demo chat is set up here. `beseda up` makes one; elsewhere set the demo chat in the gateway's settings.\n",
            );
        };
        match self.files.text("demo.html").await {
            Some(text) => html(text.replace(PLACEHOLDER, &escape(chat)), POLICY),
            None => page(
                StatusCode::NOT_FOUND,
                "The demo page is not built. `make up` builds it.\n",
            ),
        }
    }
}
