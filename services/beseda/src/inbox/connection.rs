//! Calls to the server: with who calls, repeated where that is safe and helps.

use std::time::Duration;

use anyhow::Context;
use api::error::v1::ErrorReason;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};
use types::Clock;

use super::access::{Access, Credentials, Line, put_bearer};
use super::problem::Problem;

/// How long a call may take.
const TIME: Duration = Duration::from_secs(15);
/// A call is repeated so often. Each is safe to repeat: it reads, names a state, or carries a request id.
const REPEATS: u32 = 3;

/// A server, and who calls it.
#[derive(Debug)]
pub struct Connection {
    line: Line,
    access: Access,
}

/// The line to a server; nothing is sent yet.
pub fn line(server: &str) -> Result<Line, Problem> {
    let server = server.trim().trim_end_matches('/');
    let server = if server.contains("://") {
        server.to_owned()
    } else {
        format!("http://{server}")
    };
    let malformed = || {
        format!(
            "the address {server} is none; for example http://127.0.0.1:8080 or https://chat.example.com"
        )
    };
    let mut endpoint = Endpoint::from_shared(server.clone())
        .with_context(malformed)
        .map_err(|error| Problem::Usage(format!("{error:#}")))?
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .tcp_nodelay(true)
        .user_agent(concat!("beseda/", env!("CARGO_PKG_VERSION")))
        .context("the user agent")?;
    if server.starts_with("https://") {
        let tls = ClientTlsConfig::new().with_enabled_roots();
        endpoint = endpoint.tls_config(tls).context("TLS cannot be set up")?;
    }
    let channel = endpoint.connect_lazy();
    Ok(Line { server, channel })
}

impl Connection {
    /// To a server as who the credentials say.
    pub async fn open(server: &str, credentials: Credentials) -> Result<Self, Problem> {
        let line = line(server)?;
        let access = Access::find(&line, credentials).await?;
        Ok(Self { line, access })
    }

    /// Where to.
    pub fn server(&self) -> &str {
        &self.line.server
    }

    /// Makes a call, and makes it again when the server could not be reached or the token was over.
    pub async fn call<T: Clone, R>(
        &self,
        message: T,
        send: impl AsyncFn(Channel, Request<T>) -> Result<Response<R>, Status>,
    ) -> Result<R, Problem> {
        let (mut repeated, mut renewed) = (0, false);
        loop {
            let mut request = self.request(message.clone()).await?;
            request.set_timeout(TIME);
            let problem = match send(self.line.channel.clone(), request).await {
                Ok(reply) => return Ok(reply.into_inner()),
                Err(status) => Problem::from_status(status, self.server()),
            };
            if is_stale(&problem) && !renewed && self.access.renew(&self.line).await? {
                renewed = true;
            } else if problem.is_passing() && repeated < REPEATS {
                Clock::system().sleep(pause(repeated, &problem)).await;
                repeated += 1;
            } else {
                return Err(problem);
            }
        }
    }

    /// Opens a stream.
    pub async fn open_stream<T, R>(
        &self,
        message: T,
        send: impl AsyncFn(Channel, Request<T>) -> Result<Response<R>, Status>,
    ) -> Result<R, Problem> {
        let request = self.request(message).await?;
        match send(self.line.channel.clone(), request).await {
            Ok(reply) => Ok(reply.into_inner()),
            Err(status) => Err(Problem::from_status(status, self.server())),
        }
    }

    /// A new token after one was refused; `false` when there is no other.
    pub async fn renew(&self) -> Result<bool, Problem> {
        self.access.renew(&self.line).await
    }

    /// The user is done.
    pub async fn close(&self) {
        self.access.close(&self.line).await;
    }

    async fn request<T>(&self, message: T) -> Result<Request<T>, Problem> {
        let mut request = Request::new(message);
        put_bearer(&mut request, &self.access.bearer(&self.line).await?)?;
        super::language::ask(&mut request);
        Ok(request)
    }
}

/// Does the token say what is no longer true, though the session may live?
pub fn is_stale(problem: &Problem) -> bool {
    matches!(
        problem.reason(),
        Some(ErrorReason::TokenExpired | ErrorReason::TokenInvalid | ErrorReason::SessionEnded)
    )
}

/// How long to wait before the next try: longer each time, never at the same moment as others, at least as long as the
/// server asks.
pub fn pause(tried: u32, problem: &Problem) -> Duration {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(15);
    let doubled = FIRST.saturating_mul(1 << tried.min(10)).min(LONGEST);
    let jittered = doubled.mul_f64(0.5 + rand::random::<f64>() / 2.0);
    jittered.max(problem.retry_after().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let problem = Problem::from_status(Status::unavailable("gone"), "http://server");
        for (tried, least, most) in [(0, 125, 250), (3, 1000, 2000), (30, 7500, 15_000)] {
            let pause = pause(tried, &problem).as_millis();
            assert!((least..=most).contains(&pause), "{tried}: {pause}");
        }
    }

    #[tokio::test]
    async fn an_address_needs_no_scheme() {
        assert_eq!(
            line("localhost:8080/").unwrap().server,
            "http://localhost:8080"
        );
        assert!(matches!(line("http://a b"), Err(Problem::Usage(_))));
    }
}
