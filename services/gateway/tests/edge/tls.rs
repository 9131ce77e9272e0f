//! TLS at the edge.

use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use gateway::{App, Config, Tls};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::http::raw;
use crate::support::Gateway;

/// A certificate for localhost and its key, in files.
fn certificate(folder: &std::path::Path) -> (Tls, String) {
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls = Tls {
        certificates: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    };
    std::fs::write(&tls.certificates, certified.cert.pem()).expect("written");
    std::fs::write(&tls.key, certified.signing_key.serialize_pem()).expect("written");
    (tls, certified.cert.pem())
}

#[tokio::test]
async fn calls_come_in_over_tls_and_plain_text_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, certificate) = certificate(folder.path());
    let gateway = Gateway::with(|config| config.tls = Some(tls)).await;
    let trust = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(certificate))
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", gateway.addr))
        .unwrap()
        .tls_config(trust)
        .unwrap();
    let mut client = VisitorServiceClient::new(endpoint.connect().await.unwrap());
    client.mark_read(MarkReadRequest::default()).await.unwrap();
    let answer = raw(gateway.addr, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn a_missing_certificate_is_named() {
    let mut config = Config::local(
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        "secret".into(),
    );
    config.listen.set_port(0);
    config.tls = Some(Tls {
        certificates: "/nowhere/tls.crt".into(),
        key: "/nowhere/tls.key".into(),
    });
    let app = App::build(config).await.unwrap();
    let error = app.run(kit::lifecycle::Lifecycle::new()).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/tls.crt"), "{error:#}");
}
