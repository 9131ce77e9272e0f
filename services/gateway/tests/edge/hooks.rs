//! `/hooks/<connector>/…`: providers' calls go to the connector as they came.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use api::connector::internal::v1::hook_service_server::{HookService, HookServiceServer};
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::http::{post, request};
use crate::support::Gateway;

/// A connector that keeps what it is given.
#[derive(Clone, Default)]
struct Connector(Arc<Mutex<Vec<(ReceiveRequest, bool)>>>);

#[tonic::async_trait]
impl HookService for Connector {
    async fn receive(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<ReceiveResponse>, Status> {
        let has_token = request.metadata().contains_key("authorization");
        let call = request.into_inner();
        let status = if call.path == "refused" { 401 } else { 200 };
        self.0.lock().expect("no panic").push((call, has_token));
        Ok(Response::new(ReceiveResponse {
            status,
            body: "taken".to_owned(),
        }))
    }
}

struct Stand {
    gateway: Gateway,
    connector: Connector,
    _serving: tokio::task::JoinSet<()>,
}

async fn start() -> Stand {
    let connector = Connector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let mut serving = tokio::task::JoinSet::new();
    let server = tonic::transport::Server::builder()
        .add_service(HookServiceServer::new(connector.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    serving.spawn(async move { server.await.expect("serving") });
    let gateway = Gateway::with(|config| {
        config.hooks = vec![
            ("telegram".to_owned(), format!("http://{address}")),
            ("away".to_owned(), "http://127.0.0.1:1".to_owned()),
        ];
    })
    .await;
    Stand {
        gateway,
        connector,
        _serving: serving,
    }
}

#[tokio::test]
async fn a_providers_call_reaches_its_connector_byte_for_byte() {
    let stand = start().await;
    let headers = [
        ("x-secret", "s"),
        ("authorization", "Bearer theirs"),
        ("cookie", "a=b"),
    ];
    let body = b"{\"a\": \"\\u0416\"}\n\xff";
    let path = "/hooks/telegram/cxn_1/more?mode=x&y=1";
    let reply = post(stand.gateway.addr, path, &headers, body).await;
    assert_eq!(
        (reply.status().as_u16(), &reply.body()[..]),
        (200, &b"taken"[..])
    );
    let taken = stand.connector.0.lock().expect("no panic").clone();
    let (call, has_token) = &taken[0];
    assert!(has_token, "the gateway says who it is");
    assert_eq!((&call.method[..], &call.path[..]), ("POST", "cxn_1/more"));
    assert_eq!((&call.query[..], &call.body[..]), ("mode=x&y=1", &body[..]));
    assert_eq!(call.headers.get("x-secret").map(String::as_str), Some("s"));
    assert!(!call.headers.contains_key("authorization"));
    assert!(!call.headers.contains_key("cookie"));
}

#[tokio::test]
async fn what_a_connector_does_not_take_is_answered_so_that_it_is_brought_again_or_not() {
    let stand = start().await;
    let addr = stand.gateway.addr;
    let status = async |method: &str, path: &str, body: &[u8]| {
        let reply = request(addr, method, path, &[], body).await;
        reply.status().as_u16()
    };
    assert_eq!(status("POST", "/hooks/telegram/refused", b"x").await, 401);
    assert_eq!(status("POST", "/hooks/nobody/x", b"x").await, 404);
    assert_eq!(status("POST", "/hooks/", b"x").await, 404);
    assert_eq!(status("DELETE", "/hooks/telegram/x", b"").await, 405);
    assert_eq!(status("GET", "/hooks/telegram/x", b"").await, 200);
    let large = vec![b'x'; (1 << 20) + 1];
    assert_eq!(status("POST", "/hooks/telegram/x", &large).await, 413);
    assert_eq!(status("POST", "/hooks/away/x", b"x").await, 503);
    assert_eq!(stand.connector.0.lock().expect("no panic").len(), 2);
}
