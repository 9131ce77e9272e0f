//! A call of a portal.

use std::time::Duration;

use pg::SystemScope;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::{Failure, Portal, Registration, failure};
use crate::domain::portal::{Tokens, address};
use crate::store::portal_calls::{self, LATE, Slot};

/// How long a call waits for its turn. Whoever would wait longer gives their place in this replica to other clients.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many turns a call takes that comes too late for them.
const TURNS: usize = 10;
/// The longest answer that is read.
const LARGEST_ANSWER: usize = 8 << 20;
/// The longest time that a portal can ask us to leave it alone.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The answer to a call that succeeded; `None`: there is nothing (204).
type Answer = Option<Value>;

impl Portal {
    /// Reads; `None` where there is nothing. Reading again does no harm: an answer that was lost is a call that was not made.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let slot = self.turn().await?;
        let asked = self.call_at(slot, (&Method::GET, path), query, None);
        match asked.await {
            Err(Failure::Stale(_)) => Ok(None),
            Err(Failure::Unknown(why)) => Err(Failure::ours(why)),
            asked => asked,
        }
    }

    /// Makes a call for which it is the turn; with a token that amoCRM does not take any more once again, with the next one.
    pub(super) async fn call_at(
        &self,
        slot: Slot,
        (method, path): (&Method, &str),
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let asked = self.ask(&slot, (method, path), query, body).await;
        self.note(&slot, &asked).await;
        if !matches!(asked, Err(Failure::Unauthorized(_))) {
            return asked;
        }
        self.renew(slot.version).await?;
        let slot = self.turn().await?;
        let asked = self.ask(&slot, (method, path), query, body).await;
        self.note(&slot, &asked).await;
        if let Err(Failure::Unauthorized(why)) = &asked {
            self.refuse(slot.version, why).await?;
            return Err(Failure::ours("the portal has to be connected again"));
        }
        asked
    }

    /// Waits for the next moment at which a call may be made, with a token that is good for some time.
    pub(super) async fn turn(&self) -> Result<Slot, Failure> {
        let clock = &self.amo.clock;
        for _ in 0..TURNS {
            let begin = clock.now();
            let slot = match self.slot().await? {
                Some(slot) => slot,
                None => return Err(self.condition().await?),
            };
            clock.sleep(slot.wait).await;
            if slot.expire_time - clock.now() <= time::Duration::MINUTE {
                self.renew(slot.version).await?;
                continue;
            }
            // Whoever is late would come together with those whose turn it is now, and so gives theirs up.
            if clock.now() - begin <= slot.wait + LATE {
                return Ok(slot);
            }
        }
        Err(Failure::ours(
            "this server is too slow to call the portal in time",
        ))
    }

    async fn slot(&self) -> Result<Option<Slot>, Failure> {
        let (account, id, clock) = (self.account, self.id, self.amo.clock.clone());
        let slot = self.system(move |tx| {
            Box::pin(async move { portal_calls::slot(tx, account, id, PATIENCE, &clock).await })
        });
        slot.await
    }

    /// Why no call can be made now.
    async fn condition(&self) -> Result<Failure, Failure> {
        let (account, id) = (self.account, self.id);
        let condition = self.system(move |tx| {
            Box::pin(async move { portal_calls::condition(tx, account, id).await })
        });
        Ok(match condition.await? {
            None => Failure::Refused("the portal is unknown".to_owned()),
            Some((false, ..)) => Failure::ours("the portal is not connected"),
            Some((true, problem, _)) if problem.is_empty() => {
                Failure::ours("others wait for the portal")
            }
            Some((true, problem, _)) => Failure::ours(problem),
        })
    }

    async fn ask(
        &self,
        slot: &Slot,
        (method, path): (&Method, &str),
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let tokens = self.open(&slot.sealed_tokens)?;
        let registration = self.registration()?;
        let url = address(registration.api_url.as_ref(), &slot.host, path);
        let mut request = self.amo.http.request(method.clone(), url).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let request = request.bearer_auth(&tokens.access);
        send(request, registration.patience).await
    }

    /// Leaves a portal alone that does not answer, and remembers when it does again.
    async fn note(&self, slot: &Slot, asked: &Result<Answer, Failure>) {
        let (account, id, clock) = (self.account, self.id, self.amo.clock.clone());
        let pause = match asked {
            Err(Failure::Passing(why, Some(wait))) => Some((why.clone(), *wait)),
            Err(Failure::Unknown(why)) => Some((why.clone(), Duration::ZERO)),
            _ if slot.failures > 0 => None,
            _ => return,
        };
        let noted = self.system(move |tx| {
            Box::pin(async move {
                match pause {
                    Some((why, wait)) => {
                        portal_calls::pause(tx, account, id, (wait, &why), &clock).await
                    }
                    None => portal_calls::answered(tx, account, id).await,
                }
            })
        });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the state of a portal could not be noted; the next call does");
        }
    }

    pub(super) fn registration(&self) -> Result<&Registration, Failure> {
        let registration = self.amo.registration.as_ref();
        registration.ok_or_else(|| Failure::ours("amoCRM is not set up on this server"))
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Result<Tokens, Failure> {
        let opened = self.amo.key.open(sealed, &super::oauth::context(self.id));
        let opened = opened.map_err(|error| Failure::ours(error.to_string()))?;
        serde_json::from_slice(&opened).map_err(|error| Failure::ours(error.to_string()))
    }

    /// A transaction of ours.
    pub(super) async fn system<T, F>(&self, body: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut pg::Tx) -> futures::future::BoxFuture<'t, Result<T, pg::Error>>
            + Send
            + 'static,
    {
        let scope = SystemScope::for_job("transfer to amoCRM");
        Ok(self.amo.db.tx(scope, body).await?)
    }
}

/// Sends a request; the answer, or what it means that there is none.
pub(super) async fn send(request: RequestBuilder, patience: Duration) -> Result<Answer, Failure> {
    let response = request.timeout(patience).send().await?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    let body = read(response).await?;
    match status {
        StatusCode::NO_CONTENT => Ok(None),
        status if status.is_success() => serde_json::from_slice(&body)
            .map(Some)
            .map_err(|_| Failure::Unknown("an answer without sense".to_owned())),
        status => Err(failure::of_answer(status, retry_after, &body)),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > LARGEST_ANSWER {
            return Err(Failure::Unknown("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// When to come again, where the answer says it in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?;
    let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}
