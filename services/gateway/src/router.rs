//! Where a call goes: by package to a service, to the gateway itself, or to a page.

use std::sync::Arc;

use http::{Method, Response};
use kit::Refusal;

use crate::body::Body;
use crate::call::{Call, Protocol};
use crate::forward::Backend;
use crate::here::Here;
use crate::layers::Handler;
use crate::pages::Pages;
use crate::refusals::respond;
use crate::rpcs::Place;
use crate::web;

/// The services behind the gateway.
pub struct Backends {
    /// Accounts, users, sessions, keys.
    pub identity: Arc<Backend>,
    /// Contacts, companies, deals, customers.
    pub crm: Arc<Backend>,
    /// Conversations and connectors.
    pub conversations: Arc<Backend>,
    /// Online chats and their visitors.
    pub onlinechat: Arc<Backend>,
    /// The client's cabinet, if the installation has it.
    pub cabinet: Option<Arc<Backend>>,
    /// Rules, if the installation has them.
    pub sync: Option<Arc<Backend>>,
}

impl Backends {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Backend>> {
        let always = [
            &self.identity,
            &self.crm,
            &self.conversations,
            &self.onlinechat,
        ];
        always.into_iter().chain(&self.cabinet).chain(&self.sync)
    }

    /// Lets go of the connections.
    pub fn close(&self) {
        for backend in self.all() {
            backend.close();
        }
    }
}

/// The innermost handler.
pub struct Router {
    backends: Arc<Backends>,
    here: Here,
    pages: Pages,
}

impl Router {
    /// Between these.
    #[must_use]
    pub fn new(backends: Arc<Backends>, here: Here, pages: Pages) -> Self {
        Self {
            backends,
            here,
            pages,
        }
    }

    async fn call(&self, call: &mut Call) -> Result<Response<Body>, Refusal> {
        if call.protocol == Protocol::Foreign {
            return Err(Refusal::field(
                "content-type",
                "must be application/grpc, application/grpc-web or application/grpc-web-text, with protobuf messages",
            ));
        }
        let rpc = call.rpc.as_ref().filter(|_| call.method == Method::POST);
        let backend = match rpc.ok_or_else(Refusal::method_unknown)?.place {
            Place::Identity => &self.backends.identity,
            Place::Crm => &self.backends.crm,
            Place::Conversations => &self.backends.conversations,
            Place::OnlineChat => &self.backends.onlinechat,
            Place::Cabinet => {
                let cabinet = self.backends.cabinet.as_ref();
                cabinet.ok_or_else(Refusal::method_unknown)?
            }
            Place::Sync => {
                let sync = self.backends.sync.as_ref();
                sync.ok_or_else(Refusal::method_unknown)?
            }
            Place::Here => return Ok(Box::pin(self.here.answer(call)).await),
        };
        backend.forward(call).await
    }
}

impl Handler for Router {
    async fn handle(&self, mut call: Box<Call>) -> Response<Body> {
        let protocol = call.protocol;
        if !protocol.is_rpc() {
            // In a box, like all that is rare: the common path stays small.
            return Box::pin(self.pages.answer(&mut call)).await;
        }
        web::decode(&mut call);
        match self.call(&mut call).await {
            Ok(response) => web::encode(protocol, response),
            Err(refusal) => respond(protocol, refusal),
        }
    }
}
