//! Pages and files.

use crate::http::{get, get_with, request};
use crate::support::{ANYWHERE, Gateway, LOCKED, PLACED, count, wait_for};

fn header<'a>(response: &'a hyper::Response<bytes::Bytes>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("text"))
        .unwrap_or_default()
}

#[tokio::test]
async fn files_come_with_the_right_headers() {
    let gateway = Gateway::start().await;
    let loader = get(gateway.addr, "/widget/loader.js").await;
    assert_eq!(loader.status(), 200);
    assert_eq!(
        header(&loader, "content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(header(&loader, "cache-control"), "public, max-age=300");
    assert_eq!(header(&loader, "x-content-type-options"), "nosniff");
    assert_eq!(
        header(&loader, "cross-origin-resource-policy"),
        "cross-origin"
    );

    let zipped = get_with(
        gateway.addr,
        "/widget/loader.js",
        &[("accept-encoding", "gzip")],
    )
    .await;
    assert_eq!(header(&zipped, "content-encoding"), "gzip");
    assert!(zipped.body().len() < loader.body().len());

    let etag = header(&loader, "etag").to_owned();
    let known = get_with(
        gateway.addr,
        "/widget/loader.js",
        &[("if-none-match", &etag)],
    )
    .await;
    assert_eq!(known.status(), 304);
    assert!(known.body().is_empty());

    let asset = get(gateway.addr, "/assets/app-1a2b.js").await;
    assert_eq!(
        header(&asset, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    let head = request(gateway.addr, "HEAD", "/assets/app-1a2b.js", &[], b"").await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, "9")
    );

    // A file that is built anew is served anew.
    std::fs::write(gateway.web.path().join("loader.js"), "new").unwrap();
    assert_eq!(get(gateway.addr, "/widget/loader.js").await.body(), "new");
}

#[tokio::test]
async fn nothing_outside_the_web_folder_is_served() {
    let gateway = Gateway::start().await;
    for path in [
        "/assets/../../beseda-outside.txt",
        "/assets/..%2f..%2fbeseda-outside.txt",
        "/assets//etc/passwd",
        "/assets/./app-1a2b.js",
        "/assets/.env",
        "/assets/",
        "/assets",
        "/widget/chat.html",
        "/chat.html",
        "/demo.html",
    ] {
        assert_eq!(get(gateway.addr, path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_chat_may_be_framed_by_its_own_site_only() {
    let gateway = Gateway::start().await;
    let page = get(gateway.addr, &format!("/chat/{PLACED}")).await;
    assert_eq!(page.status(), 200);
    let policy = header(&page, "content-security-policy");
    assert!(
        policy.ends_with("frame-ancestors https://shop.example"),
        "{policy}"
    );
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );

    let anywhere = get(gateway.addr, &format!("/chat/{ANYWHERE}")).await;
    assert!(header(&anywhere, "content-security-policy").contains("frame-ancestors *"));

    for id in [
        LOCKED,
        "och_00000000000000000000000009",
        "och_x",
        "",
        "../chat.html",
    ] {
        let page = get(gateway.addr, &format!("/chat/{id}")).await;
        assert_eq!(page.status(), 404, "{id}");
        if id.starts_with("och_") {
            assert!(
                header(&page, "content-security-policy").ends_with("frame-ancestors 'none'"),
                "{id}"
            );
        }
    }
    let asked = count(&gateway.seen.embeddings);
    for _ in 0..5 {
        get(gateway.addr, &format!("/chat/{PLACED}")).await;
    }
    assert_eq!(
        count(&gateway.seen.embeddings),
        asked,
        "the answer is remembered"
    );
}

#[tokio::test]
async fn a_cabinet_is_at_the_address_of_its_link_and_nobody_frames_it_cab_24() {
    let gateway = Gateway::with(|config| config.cabinet = Some(config.identity.clone())).await;
    let id = types::CabinetId::generate();
    for path in [format!("/cabinet/{id}"), format!("/cabinet/{id}/")] {
        let page = get(gateway.addr, &path).await;
        assert_eq!(page.status(), 200, "{path}");
        let policy = header(&page, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'")
                && policy.ends_with("frame-ancestors 'none'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(header(&page, name), value, "{name}");
        }
    }
    let asset = get(gateway.addr, "/cabinet/assets/app-1a2b.js").await;
    assert_eq!(asset.status(), 200);
    for path in [
        "/cabinet/",
        "/cabinet",
        "/cabinet/cab_x",
        "/cabinet/cabinet.html",
        "/cabinet/assets/../cabinet.html",
        "/cabinet/assets/..%2fcabinet.html",
        "/cabinet/och_00000000000000000000000009",
    ] {
        assert_eq!(get(gateway.addr, path).await.status(), 404, "{path}");
    }
    let without = Gateway::start().await;
    let page = get(without.addr, &format!("/cabinet/{id}")).await;
    assert_eq!(page.status(), 404, "an installation without cabinets");
}

#[tokio::test]
async fn the_demo_page_has_the_demo_chat() {
    let gateway = Gateway::with(|config| config.demo_chat = Some(PLACED.to_owned())).await;
    let page = get(gateway.addr, "/demo").await;
    assert!(String::from_utf8_lossy(page.body()).contains(PLACED));
    assert!(String::from_utf8_lossy(get(gateway.addr, "/").await.body()).contains("/demo"));

    let without = Gateway::start().await;
    let page = get(without.addr, "/demo").await;
    assert_eq!(page.status(), 404);
    assert!(String::from_utf8_lossy(page.body()).contains("No demo chat is set up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_probes_are_public_and_metrics_are_not() {
    let gateway = Gateway::start().await;
    let keys = get(gateway.addr, "/.well-known/jwks.json").await;
    assert_eq!(header(&keys, "content-type"), "application/jwk-set+json");
    assert!(String::from_utf8_lossy(keys.body()).contains("Ed25519"));
    assert_eq!(get(gateway.addr, "/healthz").await.status(), 200);
    let addr = gateway.addr;
    wait_for("readiness", || {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(get(addr, "/readyz"))
        })
        .status()
            == 200
    })
    .await;
    assert_eq!(get(gateway.addr, "/metrics").await.status(), 404);
    assert_eq!(get(gateway.admin, "/metrics").await.status(), 200);
}
