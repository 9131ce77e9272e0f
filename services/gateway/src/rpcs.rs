//! Every public method, from the contracts themselves: where it is served, whether it needs a token, how it streams.
//!
//! Routing is by package: a method that this build does not know yet goes to the service of its package all the same, so
//! that services may be newer than the gateway. Such a method needs a token and may stream.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

use crate::layers::trace::Numbers;

/// Who serves a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// identity.
    Identity,
    /// crm.
    Crm,
    /// conversations.
    Conversations,
    /// connector-onlinechat.
    OnlineChat,
    /// cabinet.
    Cabinet,
    /// sync.
    Sync,
    /// The gateway itself.
    Here,
}

const PACKAGES: [(&str, Place); 10] = [
    ("beseda.identity.v1", Place::Identity),
    ("beseda.crm.v1", Place::Crm),
    ("beseda.conversations.v1", Place::Conversations),
    ("beseda.connector.v1", Place::Conversations),
    ("beseda.onlinechat.v1", Place::OnlineChat),
    ("beseda.cabinet.v1", Place::Cabinet),
    ("beseda.sync.v1", Place::Sync),
    ("grpc.health.v1", Place::Here),
    ("grpc.reflection.v1", Place::Here),
    ("grpc.reflection.v1alpha", Place::Here),
];

/// Methods that need no access token: one gets the token there, or the token is a visitor's or client's, which is not ours to read.
const OPEN: [&str; 10] = [
    "/beseda.identity.v1.SessionService/LogIn",
    "/beseda.identity.v1.SessionService/RefreshSession",
    "/beseda.identity.v1.SessionService/IssueClientToken",
    "/beseda.onlinechat.v1.VisitorService/",
    "/beseda.cabinet.v1.CabinetSessionService/",
    "/beseda.cabinet.v1.CabinetService/",
    "/beseda.cabinet.v1.CabinetErasureService/",
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Methods with stricter limits per address: passwords and secrets may be guessed there, visitors made in masses.
const STRICT: [(&str, Strict); 8] = [
    ("/beseda.identity.v1.SessionService/LogIn", Strict::LogIn),
    (
        "/beseda.identity.v1.SessionService/IssueClientToken",
        Strict::LogIn,
    ),
    (
        "/beseda.cabinet.v1.CabinetSessionService/RequestCode",
        Strict::LogIn,
    ),
    (
        "/beseda.cabinet.v1.CabinetSessionService/ConfirmCode",
        Strict::LogIn,
    ),
    (
        "/beseda.cabinet.v1.CabinetErasureService/RequestErasure",
        Strict::LogIn,
    ),
    (
        "/beseda.cabinet.v1.CabinetErasureService/ConfirmErasure",
        Strict::LogIn,
    ),
    (
        "/beseda.identity.v1.SessionService/RefreshSession",
        Strict::Refresh,
    ),
    (
        "/beseda.onlinechat.v1.VisitorService/StartVisitorSession",
        Strict::VisitorSession,
    ),
];

/// Which stricter limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// Passwords and client secrets.
    LogIn,
    /// Refresh tokens.
    Refresh,
    /// New visitors.
    VisitorSession,
}

/// One method.
#[derive(Debug)]
pub struct Rpc {
    /// Where it is served.
    pub place: Place,
    /// Does it need no access token?
    pub open: bool,
    /// A stricter limit.
    pub strict: Option<Strict>,
    /// May the caller send any number of messages?
    pub client_streams: bool,
    /// May the service?
    pub server_streams: bool,
    /// How it is called in numbers and logs.
    pub(crate) numbers: Numbers,
}

impl Rpc {
    /// Is it more than one message each way?
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.client_streams || self.server_streams
    }

    fn new(place: Place, path: &str, method: Option<&MethodDescriptorProto>) -> Arc<Self> {
        let strict = STRICT
            .iter()
            .find(|(strict, _)| *strict == path)
            .map(|(_, class)| *class);
        Arc::new(Self {
            place,
            open: OPEN.iter().any(|open| {
                if open.ends_with('/') {
                    path.starts_with(open)
                } else {
                    path == *open
                }
            }),
            strict,
            client_streams: method.is_none_or(MethodDescriptorProto::client_streaming),
            server_streams: method.is_none_or(MethodDescriptorProto::server_streaming),
            numbers: Numbers::new(path),
        })
    }
}

/// All of them.
pub struct Rpcs {
    known: HashMap<String, Arc<Rpc>>,
    unknown: HashMap<&'static str, Arc<Rpc>>,
}

impl Rpcs {
    /// The methods of the public packages.
    ///
    /// # Errors
    /// When the descriptors built into the program do not decode.
    pub fn load() -> Result<Self, prost::DecodeError> {
        let sets = [
            api::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let mut known = HashMap::new();
        for set in sets {
            for file in FileDescriptorSet::decode(set)?.file {
                let Some((package, place)) = PACKAGES
                    .iter()
                    .find(|(package, _)| *package == file.package())
                else {
                    continue;
                };
                for service in &file.service {
                    for method in &service.method {
                        let path = format!("/{package}.{}/{}", service.name(), method.name());
                        known.insert(path.clone(), Rpc::new(*place, &path, Some(method)));
                    }
                }
            }
        }
        let unknown = PACKAGES
            .map(|(package, place)| (package, Rpc::new(place, &format!("/{package}.*/*"), None)));
        Ok(Self {
            known,
            unknown: unknown.into(),
        })
    }

    /// The method at a path; `None` when no public package has it.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Arc<Rpc>> {
        if let Some(rpc) = self.known.get(path) {
            return Some(rpc.clone());
        }
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        let (package, name) = service.rsplit_once('.')?;
        let named = !name.is_empty() && !method.is_empty() && !method.contains('/');
        self.unknown.get(package).filter(|_| named).cloned()
    }

    /// Every known path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_and_foreign_packages_are_unknown() {
        let rpcs = Rpcs::load().expect("descriptors");
        for path in [
            "/beseda.identity.internal.v1.IdentityInternalService/ExchangeApiKey",
            "/beseda.conversations.internal.v1.X/Y",
            "/beseda.crm.internal.v1.X/Y",
            "/beseda.events.internal.v1.EventLogService/ReadEvents",
            "/beseda.identity.v1.internal.X/Y",
            "/beseda.identity.v2.SessionService/LogIn",
            "/beseda.identity.v1./LogIn",
            "/beseda.identity.v1.SessionService/",
            "/beseda.identity.v1.SessionService/LogIn/x",
            "//beseda.identity.v1.SessionService/LogIn",
            "/x",
            "/",
            "",
        ] {
            assert!(rpcs.find(path).is_none(), "{path}");
        }
        assert!(rpcs.paths().all(|path| !path.contains(".internal.")));
    }

    #[test]
    fn a_newer_method_of_a_known_package_goes_to_its_service_with_a_token() {
        let rpcs = Rpcs::load().expect("descriptors");
        let rpc = rpcs
            .find("/beseda.conversations.v1.NewService/NewMethod")
            .expect("routed");
        assert_eq!(rpc.place, Place::Conversations);
        assert!(!rpc.open && rpc.is_stream());
    }

    /// The list of what needs no token may only shrink.
    #[test]
    fn what_needs_no_token_is_exactly_this() {
        let rpcs = Rpcs::load().expect("descriptors");
        let mut open: Vec<_> = rpcs
            .known
            .iter()
            .filter(|(_, rpc)| rpc.open)
            .map(|(path, _)| path.as_str())
            .collect();
        open.sort_unstable();
        assert_eq!(
            open,
            [
                "/beseda.cabinet.v1.CabinetErasureService/ConfirmErasure",
                "/beseda.cabinet.v1.CabinetErasureService/RequestErasure",
                "/beseda.cabinet.v1.CabinetService/DownloadCabinetFile",
                "/beseda.cabinet.v1.CabinetService/DownloadCabinetRecording",
                "/beseda.cabinet.v1.CabinetService/GetHome",
                "/beseda.cabinet.v1.CabinetService/ListCabinetMessages",
                "/beseda.cabinet.v1.CabinetService/ListDealEvents",
                "/beseda.cabinet.v1.CabinetService/SendCabinetMessage",
                "/beseda.cabinet.v1.CabinetService/WatchCabinetMessages",
                "/beseda.cabinet.v1.CabinetSessionService/ConfirmCode",
                "/beseda.cabinet.v1.CabinetSessionService/GetCabinet",
                "/beseda.cabinet.v1.CabinetSessionService/RequestCode",
                "/beseda.cabinet.v1.CabinetSessionService/SignOut",
                "/beseda.identity.v1.SessionService/IssueClientToken",
                "/beseda.identity.v1.SessionService/LogIn",
                "/beseda.identity.v1.SessionService/RefreshSession",
                "/beseda.onlinechat.v1.VisitorService/DownloadVisitorFile",
                "/beseda.onlinechat.v1.VisitorService/FinishConversation",
                "/beseda.onlinechat.v1.VisitorService/ListVisitorConversations",
                "/beseda.onlinechat.v1.VisitorService/ListVisitorMessages",
                "/beseda.onlinechat.v1.VisitorService/MarkRead",
                "/beseda.onlinechat.v1.VisitorService/SendVisitorMessage",
                "/beseda.onlinechat.v1.VisitorService/StartVisitorSession",
                "/beseda.onlinechat.v1.VisitorService/UploadVisitorFilePart",
                "/beseda.onlinechat.v1.VisitorService/WatchVisitor",
                "/grpc.health.v1.Health/Check",
                "/grpc.health.v1.Health/Watch",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ]
        );
        let streams = |path| {
            rpcs.find(path)
                .map(|rpc| (rpc.client_streams, rpc.server_streams))
        };
        assert_eq!(
            streams("/beseda.onlinechat.v1.VisitorService/WatchVisitor"),
            Some((false, true))
        );
        assert_eq!(
            streams("/beseda.connector.v1.ConnectorHubService/PublishStream"),
            Some((true, true))
        );
    }
}
