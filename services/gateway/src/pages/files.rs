//! Built files, from memory while they do not change on disk.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use quick_cache::sync::Cache;

use crate::body::Body;
use crate::call::Call;
use crate::refusals::page;

const CAPACITY: usize = 1000;
/// A larger file is none of the web build.
const MAX_BYTES: u64 = 16 << 20;
const ETAG_BYTES: usize = 16;

/// The files under one folder.
pub struct Files {
    root: PathBuf,
    known: Cache<String, Arc<File>>,
}

struct File {
    stamp: (Option<SystemTime>, u64),
    bytes: Bytes,
    /// Where it pays.
    gzip: Option<Bytes>,
    etag: HeaderValue,
    kind: &'static str,
}

impl Files {
    /// Under `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            known: Cache::new(CAPACITY),
        }
    }

    /// Answers with a file.
    pub async fn answer(&self, call: &Call, name: &str) -> Response<Body> {
        match self.load(name).await {
            Some(file) => respond(&file, name, &call.headers),
            None => page(
                StatusCode::NOT_FOUND,
                "There is no such file. If the web pages are not built yet, `make up` builds them.\n",
            ),
        }
    }

    /// A file as text.
    pub async fn text(&self, name: &str) -> Option<String> {
        let file = self.load(name).await?;
        String::from_utf8(file.bytes.to_vec()).ok()
    }

    async fn load(&self, name: &str) -> Option<Arc<File>> {
        if !is_plain(name) {
            return None;
        }
        let path = self.root.join(name);
        let meta = tokio::fs::metadata(&path)
            .await
            .ok()
            .filter(|meta| meta.is_file() && meta.len() <= MAX_BYTES)?;
        let stamp = (meta.modified().ok(), meta.len());
        if let Some(file) = self.known.get(name).filter(|file| file.stamp == stamp) {
            return Some(file);
        }
        let bytes = tokio::fs::read(&path).await.ok()?;
        let kind = kind(&path);
        let file = tokio::task::spawn_blocking(move || Arc::new(File::new(stamp, bytes, kind)))
            .await
            .ok()?;
        self.known.insert(name.to_owned(), file.clone());
        Some(file)
    }
}

/// Names only files below the root: no empty, hidden or parent parts, nothing that a file system reads in its own way.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    name.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain))
}

impl File {
    fn new(stamp: (Option<SystemTime>, u64), bytes: Vec<u8>, kind: &'static str) -> Self {
        let hash = kit::secrets::sha256(&bytes);
        let etag = format!("\"{}\"", HEXLOWER.encode(&hash[..ETAG_BYTES]));
        Self {
            stamp,
            gzip: if is_text(kind) {
                gzip(&bytes).filter(|gzip| gzip.len() < bytes.len())
            } else {
                None
            },
            bytes: bytes.into(),
            // Hexadecimal digits in quotes are always a header value.
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
            kind,
        }
    }
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn respond(file: &File, name: &str, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let gzip = file.gzip.as_ref().filter(|_| takes_gzip(asked));
    let unchanged = asked
        .get(IF_NONE_MATCH)
        .is_some_and(|known| names(known, &file.etag));
    let headers = response.headers_mut();
    headers.insert(ETAG, file.etag.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    if gzip.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::full(gzip.unwrap_or(&file.bytes).clone());
    response
}

/// Files under assets/ have a hash of their contents in their names. The loader's name is in pages of others for years.
fn caching(name: &str) -> &'static str {
    match name {
        "loader.js" => "public, max-age=300",
        _ if name.starts_with("assets/") => "public, max-age=31536000, immutable",
        _ => "no-cache",
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let all = asked
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(";q=").unwrap_or((coding, "1"));
        name.trim() == "gzip"
            && quality
                .trim()
                .parse::<f32>()
                .is_ok_and(|quality| quality > 0.0)
    })
}

fn names(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else {
        return false;
    };
    known == "*"
        || known
            .split(',')
            .any(|one| one.trim().trim_start_matches("W/") == etag)
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || kind.contains("json") || kind.contains("svg")
}

fn kind(path: &Path) -> &'static str {
    match path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_the_root_are_files() {
        assert!(is_plain("loader.js"));
        assert!(is_plain("assets/index-B1_x.css"));
        for bad in [
            "",
            "/etc/passwd",
            "assets/",
            "assets//x",
            "../x",
            "assets/../../x",
            ".env",
            "a/.git/x",
            "a\\b",
            "a%2fb",
            "a\0b",
            "ф.js",
        ] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let asks = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(asks("gzip, br"));
        assert!(asks("br;q=1.0, gzip;q=0.5"));
        assert!(!asks("gzip;q=0"));
        assert!(!asks("br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
