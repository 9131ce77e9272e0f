//! Files of messages over plain HTTP: `POST /files?name=…` takes one in, `GET /files/att_…` gives one out, and
//! `GET /visitor-files/att_…?ticket=…` gives a visitor of an online chat one of their own chat: pictures and players cannot say who asks
//! but in the address.
//!
//! What somebody uploads is never a page of ours: only pictures, sounds and films are shown in place, everything else is
//! saved, nothing is guessed from contents, and a policy keeps a browser from running anything in it.

use std::time::Duration;

use api::conversations::v1::attachment_service_client::AttachmentServiceClient;
use api::conversations::v1::download_attachment_response::Part;
use api::conversations::v1::upload_attachment_request::Part as Coming;
use api::conversations::v1::{
    Attachment, AttachmentKind, DownloadAttachmentRequest, DownloadAttachmentResponse,
    DownloadHeader, UploadAttachmentRequest, UploadHeader,
};
use api::onlinechat::v1::download_visitor_file_response::Part as ToVisitor;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{DownloadVisitorFileRequest, DownloadVisitorFileResponse};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use kit::Refusal;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::body::{Body, RequestBody};
use crate::call::Call;
use crate::refusals::{page, plain};

/// The whole of an upload.
const UPLOAD_TIME: Duration = Duration::from_secs(600);
/// The way to the first byte of a download.
const DOWNLOAD_TIME: Duration = Duration::from_secs(20);
/// Bytes of a part towards the service.
const CHUNK: usize = 1 << 20;
/// Nothing in a file may run, load or be sent.
const POLICY: &str = "default-src 'none'; media-src 'self'; img-src 'self'; sandbox";

/// What a browser may show in place.
const SHOWN: [&str; 17] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/aac",
    "audio/flac",
    "audio/m4a",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/wav",
    "audio/webm",
    "audio/x-wav",
];

/// Is it an address of files?
pub fn is_here(path: &str) -> bool {
    path == "/files" || path.starts_with("/files/")
}

/// Where visitors of online chats fetch files.
const OF_VISITORS: &str = "/visitor-files/";

/// Is it an address of visitors' files? Who asks is for the online chat to say.
pub fn is_of_visitors(path: &str) -> bool {
    path.starts_with(OF_VISITORS)
}

/// What is wanted of a file.
struct Wanted {
    id: String,
    preview: bool,
    range: Option<(i64, i64)>,
}

/// What a service gives of it: first what comes, then its bytes.
struct Given {
    head: DownloadHeader,
    contents: BoxStream<'static, Result<Bytes, Status>>,
}

/// Files of messages.
pub struct Attachments {
    conversations: AttachmentServiceClient<Channel>,
    visitors: VisitorServiceClient<Channel>,
}

impl Attachments {
    /// From conversations; those of visitors from the online chat.
    #[must_use]
    pub fn new(conversations: Channel, onlinechat: Channel) -> Self {
        Self {
            conversations: AttachmentServiceClient::new(conversations),
            visitors: VisitorServiceClient::new(onlinechat),
        }
    }

    /// Answers a visitor's request.
    pub(super) async fn answer_visitor(&self, call: &Call) -> Response<Body> {
        if call.method != Method::GET && call.method != Method::HEAD {
            return page(
                StatusCode::METHOD_NOT_ALLOWED,
                "Files are fetched by GET from /visitor-files/att_…?ticket=….\n",
            );
        }
        let id = call.uri.path().trim_start_matches(OF_VISITORS).to_owned();
        let wanted = wanted(call, id);
        let given = self.give_visitor(call, &wanted).await;
        answered(call, &wanted, given).unwrap_or_else(|status| plain(&status))
    }

    /// Answers a request.
    pub(super) async fn answer(&self, call: &mut Call) -> Response<Body> {
        let id = call.uri.path().strip_prefix("/files/").map(str::to_owned);
        let answered = match (&call.method, id) {
            (&Method::POST | &Method::PUT, None) => self.upload(call).await,
            (&Method::GET | &Method::HEAD, Some(id)) => self.download(call, id).await,
            _ => {
                return page(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "Files are sent by POST to /files?name=… and fetched by GET from /files/att_….\n",
                );
            }
        };
        answered.unwrap_or_else(|status| plain(&status))
    }

    async fn upload(&self, call: &mut Call) -> Result<Response<Body>, Status> {
        let header = announced(call)?;
        let body = std::mem::replace(&mut call.body, RequestBody::empty());
        let first = stream::iter([Coming::Header(header)]);
        let parts = first.chain(chunks(body)).map(Some);
        // A part without anything is refused: the service must not take half a file for a whole one.
        let parts = parts.map(|part| UploadAttachmentRequest {
            part: part.filter(|part| !matches!(part, Coming::Chunk(bytes) if bytes.is_empty())),
        });
        let request = on_behalf(call, parts, UPLOAD_TIME);
        let reply = self
            .conversations
            .clone()
            .upload_attachment(request)
            .await?;
        let file = reply.into_inner().attachment.unwrap_or_default();
        let mut response = Response::new(Body::full(described(&file)));
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    async fn download(&self, call: &Call, id: String) -> Result<Response<Body>, Status> {
        let wanted = wanted(call, id);
        let given = self.give(call, &wanted).await;
        answered(call, &wanted, given)
    }

    async fn give(&self, call: &Call, wanted: &Wanted) -> Result<Given, Status> {
        let (offset, length) = wanted.range.unwrap_or_default();
        let request = DownloadAttachmentRequest {
            attachment_id: wanted.id.clone(),
            preview: wanted.preview,
            offset,
            length,
        };
        let request = on_behalf(call, request, DOWNLOAD_TIME);
        let mut service = self.conversations.clone();
        let mut parts = service.download_attachment(request).await?.into_inner();
        let Some(DownloadAttachmentResponse {
            part: Some(Part::Header(head)),
        }) = parts.message().await?
        else {
            return Err(Status::internal("a download without a beginning"));
        };
        let contents = parts.map(|part| {
            part.map(|part| match part.part {
                Some(Part::Chunk(bytes)) => Bytes::from(bytes),
                Some(Part::Header(_)) | None => Bytes::new(),
            })
        });
        Ok(Given {
            head,
            contents: contents.boxed(),
        })
    }

    async fn give_visitor(&self, call: &Call, wanted: &Wanted) -> Result<Given, Status> {
        let (offset, length) = wanted.range.unwrap_or_default();
        let request = DownloadVisitorFileRequest {
            attachment_id: wanted.id.clone(),
            preview: wanted.preview,
            offset,
            length,
        };
        let request = on_behalf_of_visitor(call, request)?;
        let mut service = self.visitors.clone();
        let mut parts = service.download_visitor_file(request).await?.into_inner();
        let Some(DownloadVisitorFileResponse {
            part: Some(ToVisitor::Header(head)),
        }) = parts.message().await?
        else {
            return Err(Status::internal("a download without a beginning"));
        };
        let contents = parts.map(|part| {
            part.map(|part| match part.part {
                Some(ToVisitor::Chunk(bytes)) => Bytes::from(bytes),
                Some(ToVisitor::Header(_)) | None => Bytes::new(),
            })
        });
        Ok(Given {
            head,
            contents: contents.boxed(),
        })
    }
}

fn wanted(call: &Call, id: String) -> Wanted {
    Wanted {
        id,
        preview: says(call, "preview").is_some(),
        range: range(&call.headers),
    }
}

/// The answer with what was given: all of it, a part, or that nothing has changed.
fn answered(
    call: &Call,
    wanted: &Wanted,
    given: Result<Given, Status>,
) -> Result<Response<Body>, Status> {
    let Given { head, contents } = match given {
        Err(status) if wanted.range.is_some() && status.code() == Code::InvalidArgument => {
            return Ok(page(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "The file is shorter.\n",
            ));
        }
        given => given?,
    };
    let mut response = if is_known(&call.headers, &head) {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let mut response = Response::new(match call.method {
            Method::HEAD => Body::empty(),
            _ => body(contents),
        });
        measure(&mut response, &head, wanted.range);
        response
    };
    let save = says(call, "download").is_some();
    describe(response.headers_mut(), &head, save);
    Ok(response)
}

/// A request in the name of a visitor, whose ticket stands in the address. Who calls from where is told, as with every call of theirs.
fn on_behalf_of_visitor<T>(call: &Call, message: T) -> Result<Request<T>, Refusal> {
    let ticket = says(call, "ticket").ok_or_else(Refusal::token_missing)?;
    let mut request = Request::new(message);
    request.set_timeout(DOWNLOAD_TIME);
    let bearer = MetadataValue::try_from(format!("Bearer {ticket}"));
    let bearer = bearer.map_err(|_| Refusal::token_invalid())?;
    let metadata = request.metadata_mut();
    metadata.insert("authorization", bearer);
    for name in ["origin", "x-beseda-client-address", "accept-language"] {
        let value = call.header(name).and_then(|value| value.parse().ok());
        if let Some(value) = value {
            metadata.insert(name, value);
        }
    }
    Ok(request)
}

/// A request to a service in the name of whoever calls.
fn on_behalf<T>(call: &Call, message: T, time: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(time);
    for name in ["authorization", "accept-language"] {
        let value = call.header(name).and_then(|value| value.parse().ok());
        if let Some(value) = value {
            request.metadata_mut().insert(name, value);
        }
    }
    request
}

/// What the query says of a file that comes: `name`, `kind` (voice, sticker, document), `duration_ms`.
fn announced(call: &Call) -> Result<UploadHeader, Refusal> {
    let mut header = UploadHeader::default();
    let query = call.uri.query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &name[..] {
            "name" => header.file_name = value.into_owned(),
            "kind" => {
                let kind = format!("ATTACHMENT_KIND_{}", value.to_uppercase());
                let kind = AttachmentKind::from_str_name(&kind);
                let kind = kind.ok_or_else(|| {
                    Refusal::field("kind", "must be voice, sticker, document or left out")
                })?;
                header.kind = kind.into();
            }
            "duration_ms" => {
                header.duration_ms = value
                    .parse()
                    .map_err(|_| Refusal::field("duration_ms", "must be a whole number"))?;
            }
            _ => {}
        }
    }
    Ok(header)
}

/// What the query says under a name.
fn says(call: &Call, what: &str) -> Option<String> {
    let query = call.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(name, value)| (name == what).then(|| value.into_owned()))
}

/// The body in parts of a fitting size; an empty one where it broke off.
fn chunks(body: RequestBody) -> impl Stream<Item = Coming> {
    let frames = BodyStream::new(body).map(|frame| match frame.map(|frame| frame.into_data()) {
        Ok(Ok(bytes)) => split(&bytes),
        // Trailers say nothing here.
        Ok(Err(_)) => Vec::new(),
        Err(_) => vec![Coming::Chunk(Vec::new())],
    });
    frames.flat_map(stream::iter)
}

fn split(bytes: &Bytes) -> Vec<Coming> {
    let chunks = bytes.chunks(CHUNK);
    chunks.map(|chunk| Coming::Chunk(chunk.to_vec())).collect()
}

fn body(contents: BoxStream<'static, Result<Bytes, Status>>) -> Body {
    let frames = contents.map(|bytes| bytes.map(http_body::Frame::data));
    Body::local(tonic::body::Body::new(
        StreamBody::new(frames).boxed_unsync(),
    ))
}

/// First byte and length (0: to the end) of a range that is one. Anything else is answered whole, as is allowed.
fn range(headers: &HeaderMap) -> Option<(i64, i64)> {
    if headers.contains_key(IF_RANGE) {
        return None;
    }
    let asked = headers.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = asked.split_once('-')?;
    let first: i64 = first.parse().ok().filter(|first| *first >= 0)?;
    if last.is_empty() {
        return Some((first, 0));
    }
    let last: i64 = last.parse().ok().filter(|last| *last >= first)?;
    Some((first, last - first + 1))
}

/// Length, and which part it is.
fn measure(response: &mut Response<Body>, head: &DownloadHeader, range: Option<(i64, i64)>) {
    let total = head.total_size;
    let (first, end) = match range {
        None => (0, total),
        Some((first, 0)) => (first, total),
        Some((first, length)) => (first, first.saturating_add(length).min(total)),
    };
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let part = format!("bytes {first}-{}/{total}", end - 1);
        if let Ok(part) = HeaderValue::try_from(part) {
            response.headers_mut().insert(CONTENT_RANGE, part);
        }
    }
    let length = HeaderValue::from((end - first).unsigned_abs());
    response.headers_mut().insert(CONTENT_LENGTH, length);
}

fn is_known(asked: &HeaderMap, head: &DownloadHeader) -> bool {
    let known = asked
        .get(IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok());
    known.is_some_and(|known| {
        let mut known = known
            .split(',')
            .map(|one| one.trim().trim_start_matches("W/"));
        known.any(|one| one == quoted(&head.etag))
    })
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn describe(headers: &mut HeaderMap, head: &DownloadHeader, save: bool) {
    let is_shown = SHOWN.contains(&&head.media_type[..]);
    let kind = match &head.media_type[..] {
        _ if is_shown => head.media_type.clone(),
        "text/plain" | "text/csv" => format!("{}; charset=utf-8", head.media_type),
        "application/pdf" | "application/json" => head.media_type.clone(),
        _ => "application/octet-stream".to_owned(),
    };
    let place = if is_shown && !save {
        "inline"
    } else {
        "attachment"
    };
    let name = head.attachment.as_ref().map(|file| &file.file_name[..]);
    let texts = [
        (CONTENT_TYPE, kind),
        (
            CONTENT_DISPOSITION,
            disposition(place, name.unwrap_or_default()),
        ),
        (ETAG, quoted(&head.etag)),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Whoever may read it today may be refused tomorrow: it is asked for each time, and sent only when it changed.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// RFC 6266: every byte that is no letter or digit is escaped, so that a name can say nothing but a name.
fn disposition(place: &str, name: &str) -> String {
    if name.is_empty() {
        return place.to_owned();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let escaped = name.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("{place}; filename*=UTF-8''{}", escaped.collect::<String>())
}

/// A file as JSON, with the names of the contract.
fn described(file: &Attachment) -> String {
    serde_json::json!({
        "id": file.id,
        "kind": file.kind().as_str_name(),
        "file_name": file.file_name,
        "media_type": file.media_type,
        "size": file.size,
        "duration_ms": file.duration_ms,
        "width": file.width,
        "height": file.height,
        "has_preview": file.has_preview,
        "path": file.path,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(media_type: &str, name: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let head = DownloadHeader {
            attachment: Some(Attachment {
                file_name: name.to_owned(),
                ..Attachment::default()
            }),
            media_type: media_type.to_owned(),
            etag: "e".to_owned(),
            ..DownloadHeader::default()
        };
        describe(&mut headers, &head, false);
        headers
    }

    #[test]
    fn only_pictures_sounds_and_films_are_shown_in_place() {
        assert_eq!(head("image/png", "")[CONTENT_DISPOSITION], "inline");
        for saved in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/plain",
            "application/pdf",
        ] {
            let headers = head(saved, "x");
            assert_eq!(
                headers[CONTENT_DISPOSITION], "attachment; filename*=UTF-8''x",
                "{saved}"
            );
            assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY);
        }
        assert_eq!(
            head("text/html", "x")[CONTENT_TYPE],
            "application/octet-stream"
        );
    }

    #[test]
    fn a_name_says_nothing_but_a_name() {
        assert_eq!(
            disposition("inline", "a\"; x=\r\ny.png"),
            "inline; filename*=UTF-8''a%22%3B%20x%3D%0D%0Ay.png"
        );
        assert_eq!(
            disposition("attachment", "я"),
            "attachment; filename*=UTF-8''%D1%8F"
        );
    }

    #[test]
    fn one_range_is_understood_and_others_are_answered_whole() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_static(value));
            range(&headers)
        };
        assert_eq!(asked("bytes=0-9"), Some((0, 10)));
        assert_eq!(asked("bytes=5-"), Some((5, 0)));
        for whole in [
            "bytes=-5",
            "bytes=9-0",
            "bytes=0-1,4-5",
            "items=0-1",
            "bytes=a-b",
            "bytes=+1-2x",
        ] {
            assert_eq!(asked(whole), None, "{whole}");
        }
    }
}
