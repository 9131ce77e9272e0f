//! `/visitor-files/att_…?ticket=…`: what a visitor of an online chat sees and hears in its window.

use crate::http::{get, get_with, post, request};
use crate::support::Gateway;

#[tokio::test]
async fn a_visitors_file_is_fetched_with_the_ticket_in_the_address() {
    let gateway = Gateway::start().await;
    let told = [
        ("origin", "https://a.example"),
        ("authorization", "Bearer other"),
    ];
    let read = get_with(gateway.addr, "/visitor-files/att_1?ticket=vft_1", &told).await;
    assert_eq!(read.status(), 200);
    let said = std::str::from_utf8(read.body()).expect("text");
    assert_eq!(
        said,
        "Bearer vft_1, 127.0.0.1, https://a.example, preview false"
    );
    let header = |name: &str| read.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("content-disposition"), "inline");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(header("cache-control"), "private, no-cache");
    assert!(header("content-security-policy").contains("sandbox"));

    let small = get(
        gateway.addr,
        "/visitor-files/att_1?preview&ticket=vft_1&download",
    )
    .await;
    assert!(small.body().ends_with(b"preview true"));
    assert_eq!(small.headers()["content-disposition"], "attachment");
    let head = request(
        gateway.addr,
        "HEAD",
        "/visitor-files/att_1?ticket=vft_1",
        &[],
        b"",
    )
    .await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
}

#[tokio::test]
async fn without_a_ticket_or_a_file_there_is_nothing() {
    let gateway = Gateway::start().await;
    for (path, status) in [
        ("/visitor-files/att_1", 401),
        ("/visitor-files/att_1?ticket=%0A", 401),
        ("/visitor-files/att_2?ticket=vft_1", 404),
        ("/visitor-files/?ticket=vft_1", 404),
        ("/visitor-files", 404),
    ] {
        assert_eq!(get(gateway.addr, path).await.status(), status, "{path}");
    }
    let written = post(gateway.addr, "/visitor-files/att_1?ticket=vft_1", &[], b"x").await;
    assert_eq!(written.status(), 405);
}
