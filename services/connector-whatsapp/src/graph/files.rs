//! Files of and for WhatsApp. They are passed on as they come, never held whole.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::client::Graph;
use super::fault::{Fault, Refused};

const TIME: Duration = Duration::from_secs(30);

/// The whole of a file, in either direction.
const FILE_TIME: Duration = Duration::from_secs(300);

/// A file on its way to WhatsApp.
pub struct OnTheWay {
    /// Its name.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Its contents.
    pub contents: Body,
}

#[derive(Deserialize)]
struct Place {
    url: String,
}

#[derive(Deserialize)]
struct Uploaded {
    id: String,
}

impl Graph {
    /// The contents of a file that somebody sent. Its address lasts for five minutes: it is asked for anew each time, and the token
    /// goes to these hosts only.
    ///
    /// # Errors
    /// [`Fault`]; the code 131052 when the file is not there any more or not on one of the hosts.
    pub async fn download(
        &self,
        id: &str,
        hosts: &Arc<[String]>,
    ) -> Result<impl Stream<Item = Result<Bytes, Fault>> + Send + use<>, Fault> {
        let is_id = !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        if !is_id {
            return Err(gone(400, "its id is none of WhatsApp's"));
        }
        let path = format!("{id}?phone_number_id={}", self.number);
        let place: Place = self.ask(self.get(&path), TIME).await?;
        let url = Url::parse(&place.url).ok();
        let Some(url) = url.filter(|url| is_allowed(url, hosts)) else {
            return Err(gone(400, "it is on a host that is not WhatsApp's"));
        };
        let request = self.http.get(url).timeout(FILE_TIME);
        let request = request.bearer_auth(self.token.expose_secret());
        let response = request.send().await?;
        match response.status() {
            StatusCode::OK => Ok(response.bytes_stream().map_err(Fault::from)),
            // The address has run out meanwhile: another one is asked for.
            status @ (StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Err(Fault::Lost(format!("the address has run out ({status})")))
            }
            status => Err(Fault::Lost(format!("the file does not come ({status})"))),
        }
    }

    /// Brings a file to WhatsApp; under which id it may be sent.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn upload(&self, file: OnTheWay) -> Result<String, Fault> {
        let part = Part::stream_with_length(file.contents, file.size).file_name(file.name);
        let part = part.mime_str(&file.media_type)?;
        let form = Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", file.media_type)
            .part("file", part);
        let request = self.post(&format!("{}/media", self.number));
        let uploaded: Uploaded = self.ask(request.multipart(form), FILE_TIME).await?;
        Ok(uploaded.id)
    }
}

/// May the token go there? By https, or to a host that stands there with its port, as in tests.
fn is_allowed(url: &Url, hosts: &[String]) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let with_port = url.port().map(|port| format!("{host}:{port}"));
    hosts.iter().any(|allowed| {
        let is_https = url.scheme() == "https" && url.port().is_none() && allowed == host;
        is_https || with_port.as_ref() == Some(allowed)
    })
}

fn gone(status: u16, details: &str) -> Fault {
    Fault::Refused(Refused {
        code: 131_052,
        status,
        details: details.to_owned(),
        retry_after: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_the_hosts_alone() {
        let hosts = ["lookaside.fbsbx.com".to_owned(), "127.0.0.1:9".to_owned()];
        let is = |url: &str| is_allowed(&Url::parse(url).unwrap(), &hosts);
        assert!(is("https://lookaside.fbsbx.com/whatsapp/1"));
        assert!(is("http://127.0.0.1:9/file"));
        for wrong in [
            "http://lookaside.fbsbx.com/1",
            "https://lookaside.fbsbx.com.example.com/1",
            "https://lookaside.fbsbx.com:444/1",
            "https://x@example.com/lookaside.fbsbx.com",
            "http://127.0.0.1/file",
            "data:text/plain,x",
        ] {
            assert!(!is(wrong), "{wrong}");
        }
    }
}
