//! Who calls: a program by its API key, or an employee by a session, whose tokens are kept fresh.

use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::{LogInRequest, LogOutRequest, RefreshSessionRequest};
use tokio::sync::Mutex;
use tonic::Request;
use tonic::transport::Channel;
use types::Clock;

use super::problem::Problem;
use super::sessions::{Sessions, Tokens};

/// A token is renewed when less than this is left of it, in seconds.
const MARGIN: i64 = 30;

/// Who calls.
#[derive(Debug)]
pub enum Access {
    /// A program.
    Key(String),
    /// The session of `beseda login`.
    Kept(Mutex<Tokens>),
    /// A session of this process alone.
    Own(Mutex<Tokens>),
}

/// What was said about it on the command line.
#[derive(Debug, clap::Args)]
pub struct Credentials {
    /// Secret of an API key (better: BESEDA_API_KEY)
    #[arg(
        long,
        global = true,
        env = "BESEDA_API_KEY",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub api_key: Option<String>,
    /// Log in for this call only, as this employee
    #[arg(long, global = true, env = "BESEDA_EMAIL", requires = "password")]
    pub email: Option<String>,
    /// Password of that employee (better: BESEDA_PASSWORD)
    #[arg(long, global = true, env = "BESEDA_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}

/// A server and how to reach it.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its address.
    pub server: String,
    /// To it.
    pub channel: Channel,
}

impl Line {
    fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    fn problem(&self, status: tonic::Status) -> Problem {
        Problem::from_status(status, &self.server)
    }

    /// Logs in.
    pub async fn log_in(&self, email: &str, password: &str) -> Result<Tokens, Problem> {
        let mut request = Request::new(LogInRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            device: device(),
        });
        super::language::ask(&mut request);
        let reply = self.sessions().log_in(request).await;
        let reply = reply.map_err(|status| self.problem(status))?.into_inner();
        Ok(Tokens::of(email, reply.tokens.unwrap_or_default()))
    }

    /// Ends a session.
    pub async fn log_out(&self, access_token: &str) -> Result<(), Problem> {
        let mut request = Request::new(LogOutRequest {});
        put_bearer(&mut request, access_token)?;
        let reply = self.sessions().log_out(request).await;
        reply.map(|_| ()).map_err(|status| self.problem(status))
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, Problem> {
        let mut request = Request::new(RefreshSessionRequest {
            refresh_token: tokens.refresh_token.clone(),
        });
        super::language::ask(&mut request);
        let reply = self.sessions().refresh_session(request).await;
        let reply = reply.map_err(|status| self.problem(status))?.into_inner();
        Ok(Tokens::of(&tokens.email, reply.tokens.unwrap_or_default()))
    }
}

impl Access {
    /// Who the command line, or else an earlier `beseda login`, says.
    pub async fn find(line: &Line, credentials: Credentials) -> Result<Self, Problem> {
        if let (Some(email), Some(password)) = (&credentials.email, &credentials.password) {
            return Ok(Self::Own(Mutex::new(line.log_in(email, password).await?)));
        }
        if let Some(key) = credentials.api_key {
            return Ok(Self::Key(key));
        }
        let known = Sessions::open()?.get(&line.server)?;
        let known = known.ok_or_else(|| Problem::NotLoggedIn {
            server: line.server.clone(),
        })?;
        Ok(Self::Kept(Mutex::new(known)))
    }

    /// The token for the next call.
    pub async fn bearer(&self, line: &Line) -> Result<String, Problem> {
        match self {
            Self::Key(key) => Ok(key.clone()),
            Self::Kept(tokens) | Self::Own(tokens) => {
                let mut tokens = tokens.lock().await;
                if !is_fresh(&tokens) {
                    *tokens = self.renewed(line, &tokens).await?;
                }
                Ok(tokens.access_token.clone())
            }
        }
    }

    /// The token was refused though its time was not over, for example because a role changed: a new one says what is true.
    /// `false` when there is no other.
    pub async fn renew(&self, line: &Line) -> Result<bool, Problem> {
        match self {
            Self::Key(_) => Ok(false),
            Self::Kept(tokens) | Self::Own(tokens) => {
                let mut tokens = tokens.lock().await;
                *tokens = self.renewed(line, &tokens).await?;
                Ok(true)
            }
        }
    }

    async fn renewed(&self, line: &Line, old: &Tokens) -> Result<Tokens, Problem> {
        if !matches!(self, Self::Kept(_)) {
            return line.refresh(old).await;
        }
        // The file stays locked over the call: a second process would use the same refresh token.
        let sessions = tokio::task::spawn_blocking(Sessions::open)
            .await
            .map_err(anyhow::Error::from)??;
        let kept = sessions.get(&line.server)?;
        let kept = kept.ok_or_else(|| Problem::NotLoggedIn {
            server: line.server.clone(),
        })?;
        if kept.access_token != old.access_token && is_fresh(&kept) {
            return Ok(kept);
        }
        let fresh = line.refresh(&kept).await?;
        sessions.set(&line.server, Some(&fresh))?;
        Ok(fresh)
    }

    /// Ends a session that only this process knew.
    pub async fn close(&self, line: &Line) {
        if let Self::Own(tokens) = self {
            let token = tokens.lock().await.access_token.clone();
            // It ends by itself in 30 days as well; what the user asked for is done.
            let _ = line.log_out(&token).await;
        }
    }
}

/// Puts a token on a call.
pub fn put_bearer<T>(request: &mut Request<T>, token: &str) -> Result<(), Problem> {
    let bearer = format!("Bearer {token}").parse();
    let bearer = bearer.map_err(|_| {
        Problem::Usage("the API key contains characters that no key has".to_owned())
    })?;
    request.metadata_mut().insert("authorization", bearer);
    Ok(())
}

fn is_fresh(tokens: &Tokens) -> bool {
    Clock::system().now().unix_timestamp() + MARGIN < tokens.access_expires
}

/// How the session is called in the list of sessions.
fn device() -> String {
    let host = nix::unistd::gethostname().unwrap_or_default();
    format!("beseda on {}", host.to_string_lossy())
        .chars()
        .take(200)
        .collect()
}
