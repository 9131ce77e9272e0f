//! Downloading a file from a channel's host, and from nowhere else.
//!
//! The address is given by a connector, in the end by whoever writes to a channel. It must be one of the hosts of the
//! connector's manifest, by name. The name is resolved here, and only addresses of the public internet are connected to: what
//! is checked is what is connected to, so a name that changes its address in between gains nothing. A redirect is a new
//! address and is looked at from the beginning.

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use types::AccountId;
use url::{Host, Url};

use super::address::is_public;
use crate::domain::attachment::{Failure, MAX_SIZE};
use crate::files::{Error, Files, Incoming, Received};

const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A host that sends nothing for so long has gone.
const READ_TIME: Duration = Duration::from_secs(15);

/// The whole of a download.
const TIME: Duration = Duration::from_secs(90);

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// Why a file was not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It will never be.
    Final(Failure),
    /// Another time it may be.
    Passing,
}

/// Names as addresses.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of a name.
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// As the system resolves names.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Lookup for System {
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// Downloads files.
#[derive(Debug, Clone)]
pub struct Downloads {
    client: Client,
    /// Names that are resolved here, to whatever address, and need no TLS: of development and tests.
    own_names: Arc<[(String, IpAddr)]>,
}

/// A name without a public address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

struct Guarded {
    lookup: Arc<dyn Lookup>,
    own_names: Arc<[(String, IpAddr)]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let own = self.own_names.iter().find(|(own, _)| own == name.as_str());
        if let Some((_, address)) = own {
            let address = SocketAddr::new(*address, 0);
            return Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) });
        }
        let found = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let public: Vec<SocketAddr> = found
                .await?
                .into_iter()
                .filter(|address| is_public(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Downloads {
    /// With names that are resolved here.
    ///
    /// # Errors
    /// When the certificates of the system cannot be read.
    pub fn new(own_names: &[(String, IpAddr)], lookup: Arc<dyn Lookup>) -> reqwest::Result<Self> {
        let own_names: Arc<[_]> = own_names.into();
        let client = Client::builder()
            .user_agent("Beseda")
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .read_timeout(READ_TIME)
            .timeout(TIME)
            .dns_resolver(Arc::new(Guarded {
                lookup,
                own_names: Arc::clone(&own_names),
            }))
            .build()?;
        Ok(Self { client, own_names })
    }

    /// Downloads a file into the store.
    ///
    /// # Errors
    /// [`Fault`]: is it worth trying again?
    pub async fn download(
        &self,
        files: &Files,
        account: AccountId,
        incoming: &Incoming,
        url: &str,
        hosts: &[String],
    ) -> Result<Received, Fault> {
        let response = self.open(url, hosts).await?;
        if response
            .content_length()
            .is_some_and(|size| size > MAX_SIZE)
        {
            return Err(Fault::Final(Failure::TooLarge));
        }
        let bytes = response.bytes_stream().map_err(|error| passing(&error));
        let received = files.receive(account, incoming, bytes).await;
        received.map_err(|error| match error {
            Error::TooLarge(_) => Fault::Final(Failure::TooLarge),
            Error::NotAllowed(_) => Fault::Final(Failure::TypeNotAllowed),
            Error::Empty => Fault::Final(Failure::Gone),
            Error::Source(fault) => fault,
            Error::Store(error) => {
                tracing::warn!(%error, "the file store failed; the file is fetched again later");
                Fault::Passing
            }
        })
    }

    async fn open(&self, url: &str, hosts: &[String]) -> Result<Response, Fault> {
        let mut url = Url::parse(url).map_err(|_| Fault::Final(Failure::AddressNotAllowed))?;
        for _ in 0..=REDIRECTS {
            if !self.may_fetch(&url, hosts) {
                return Err(Fault::Final(Failure::AddressNotAllowed));
            }
            let response = self.client.get(url.clone()).send().await;
            let response = response.map_err(|error| passing(&error))?;
            let status = response.status();
            if !status.is_redirection() {
                return answered(response);
            }
            let next = response
                .headers()
                .get(LOCATION)
                .and_then(|next| next.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url = next.ok_or(Fault::Final(Failure::Gone))?;
        }
        Err(Fault::Final(Failure::AddressNotAllowed))
    }

    /// Is it the address of a file on one of the hosts? It must be a name: what looks like a number in any notation is none.
    fn may_fetch(&self, url: &Url, hosts: &[String]) -> bool {
        let Some(Host::Domain(name)) = url.host() else {
            return false;
        };
        let is_own = self.own_names.iter().any(|(own, _)| own == name);
        let is_safe = url.scheme() == "https" && url.port().is_none();
        (is_safe || is_own && matches!(url.scheme(), "https" | "http"))
            && url.username().is_empty()
            && url.password().is_none()
            && hosts.iter().any(|host| names(host, name))
    }
}

/// Does a host of a manifest name this one?
fn names(host: &str, name: &str) -> bool {
    match host.strip_prefix('*') {
        // With the dot, so that "evilexample.com" is not below "*.example.com".
        Some(below) => name.len() > below.len() && name.ends_with(below),
        None => host == name,
    }
}

fn answered(response: Response) -> Result<Response, Fault> {
    let status = response.status();
    if status == StatusCode::OK {
        Ok(response)
    } else if status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
    {
        Err(Fault::Passing)
    } else {
        Err(Fault::Final(Failure::Gone))
    }
}

/// Whatever the network does may pass; a name that leads inside does not.
fn passing(error: &reqwest::Error) -> Fault {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return Fault::Final(Failure::AddressNotAllowed);
        }
        cause = error.source();
    }
    Fault::Passing
}

#[cfg(test)]
mod tests;
