//! Tokens: got for a code, renewed before they end, and given up when amoCRM refuses them.

use std::time::Duration;

use pg::SystemScope;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use types::{Clock, PortalId};

use super::{Amo, Failure, Portal, Registration, api, wire};
use crate::domain::portal::{Tokens, address};
use crate::store::{portal_calls, portals};

/// How long whoever renews a pair has for it: longer than a call may take. After that the answer is lost, and the next one tries with the same
/// pair: amoCRM takes it if it was never used, and refuses it if it was; then the portal has to be connected again.
const RENEW_TIME: Duration = Duration::from_secs(30);
/// How often somebody who waits for another's renewal looks, and how many times.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 120;

/// How often it is asked again for an administrator who waits.
const INSIST: usize = 2;
/// For how long at most they wait each time.
const LONGEST: Duration = Duration::from_secs(3);

/// To which place a portal's tokens are sealed.
pub(super) fn context(id: PortalId) -> String {
    format!("portal:{id}")
}

/// A pair as amoCRM gives it. It does not print.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
}

/// What an administrator's code was exchanged for.
pub struct Grant {
    /// amoCRM's id of the portal.
    pub amo_account: i64,
    /// Its name.
    pub name: String,
    /// Until when the access token is good.
    pub expire_time: OffsetDateTime,
    tokens: Tokens,
}

impl Grant {
    /// The tokens under the master key, for this portal.
    #[must_use]
    pub fn sealed(&self, amo: &Amo, id: PortalId) -> Vec<u8> {
        seal(amo, id, &self.tokens)
    }
}

fn seal(amo: &Amo, id: PortalId, tokens: &Tokens) -> Vec<u8> {
    // Texts always encode.
    let tokens = serde_json::to_vec(tokens).unwrap_or_default();
    amo.key.seal(&tokens, &context(id))
}

/// Asks again where amoCRM says that it has too much to do: an administrator waits, and the portal's turns are not theirs yet.
async fn insisting(request: RequestBuilder, patience: Duration) -> Result<Value, Failure> {
    for _ in 0..INSIST {
        let Some(again) = request.try_clone() else {
            break;
        };
        match api::send(again, patience).await {
            Err(Failure::Passing(_, Some(wait))) if !wait.is_zero() && wait <= LONGEST => {
                Clock::system().sleep(wait).await;
            }
            asked => return asked.map(Option::unwrap_or_default),
        }
    }
    let asked = api::send(request, patience).await;
    asked.map(Option::unwrap_or_default)
}

impl Amo {
    /// Exchanges an administrator's code for tokens, and asks which portal it is.
    ///
    /// # Errors
    /// [`Failure::Unauthorized`] or [`Failure::Refused`] where amoCRM does not take the code.
    pub async fn exchange(
        &self,
        registration: &Registration,
        host: &str,
        code: &str,
    ) -> Result<Grant, Failure> {
        let asked = json!({"grant_type": "authorization_code", "code": code});
        let request = self.token_request(registration, host, asked);
        let given: Given = wire::parse(insisting(request, registration.patience).await?)?;
        let url = address(registration.api_url.as_ref(), host, "/api/v4/account");
        let request = self.http.get(url).bearer_auth(&given.access_token);
        let account: wire::Account = wire::parse(insisting(request, registration.patience).await?)?;
        Ok(Grant {
            amo_account: account.id,
            name: account.name,
            expire_time: self.clock.now() + time::Duration::seconds(given.expires_in),
            tokens: Tokens {
                access: given.access_token,
                refresh: given.refresh_token,
            },
        })
    }

    fn token_request(
        &self,
        registration: &Registration,
        host: &str,
        mut asked: Value,
    ) -> RequestBuilder {
        asked["client_id"] = json!(registration.client_id);
        asked["client_secret"] = json!(registration.client_secret.expose_secret());
        asked["redirect_uri"] = json!(registration.return_url);
        let url = address(registration.api_url.as_ref(), host, "/oauth2/access_token");
        self.http.post(url).json(&asked)
    }
}

impl Portal {
    /// Makes sure that the portal has a newer pair of tokens than this: one at a time gets it, the others wait for it.
    ///
    /// # Errors
    /// When amoCRM refuses: the portal is disconnected then. When it does not answer.
    pub(super) async fn renew(&self, version: i64) -> Result<(), Failure> {
        for _ in 0..LOOKS {
            let (account, id, clock) = (self.account, self.id, self.amo.clock.clone());
            let (condition, may) = self
                .system(move |tx| {
                    Box::pin(async move {
                        let condition = portal_calls::condition(tx, account, id).await?;
                        let may =
                            portal_calls::may_renew(tx, account, id, version, RENEW_TIME, &clock);
                        Ok((condition, may.await?))
                    })
                })
                .await?;
            match (condition, may) {
                (_, Some((host, sealed))) => return self.next_pair(version, &host, &sealed).await,
                (Some((true, _, now)), None) if now == version => {}
                (Some((true, ..)), None) => return Ok(()),
                (Some((false, ..)) | None, None) => {
                    return Err(Failure::ours("the portal is not connected"));
                }
            }
            self.amo.clock.sleep(LOOK).await;
        }
        Err(Failure::ours("the tokens of the portal are being renewed"))
    }

    /// Gets the next pair and stores it before anybody uses it.
    async fn next_pair(&self, version: i64, host: &str, sealed: &[u8]) -> Result<(), Failure> {
        let old = self.open(sealed)?;
        let asked = json!({"grant_type": "refresh_token", "refresh_token": old.refresh});
        let registration = self.registration()?;
        let request = self.amo.token_request(registration, host, asked);
        let given = api::send(request, registration.patience).await;
        let given = given.and_then(|given| wire::parse::<Given>(given.unwrap_or_default()));
        let given = match given {
            Ok(given) => given,
            Err(failure) => return Err(self.no_pair(version, failure).await?),
        };
        let tokens = Tokens {
            access: given.access_token,
            refresh: given.refresh_token,
        };
        let sealed = seal(&self.amo, self.id, &tokens);
        let (account, id, now) = (self.account, self.id, self.amo.clock.now());
        let expire_time = now + time::Duration::seconds(given.expires_in);
        self.system(move |tx| {
            Box::pin(async move {
                let new = (version, &sealed[..]);
                portal_calls::renewed(tx, account, id, new, (now, expire_time)).await
            })
        })
        .await?;
        metrics::counter!("beseda_portal_renewals_total", "outcome" => "done").increment(1);
        Ok(())
    }

    /// What it means that there is no new pair.
    async fn no_pair(&self, version: i64, failure: Failure) -> Result<Failure, Failure> {
        let (account, id, clock) = (self.account, self.id, self.amo.clock.clone());
        match failure {
            Failure::Unauthorized(_)
            | Failure::Refused(_)
            | Failure::Stale(_)
            | Failure::Parts(_) => {
                let why = failure.to_string();
                metrics::counter!("beseda_portal_renewals_total", "outcome" => "refused")
                    .increment(1);
                self.refuse(version, &why).await?;
                Ok(Failure::ours("the portal has to be connected again"))
            }
            Failure::Passing(why, wait) => {
                let told = why.clone();
                self.system(move |tx| {
                    Box::pin(async move {
                        portal_calls::not_renewed(tx, account, id, version).await?;
                        let wait = wait.unwrap_or_default();
                        portal_calls::pause(tx, account, id, (wait, &told), &clock).await
                    })
                })
                .await?;
                Ok(Failure::ours(why))
            }
            // The pair may be used up: it is tried again when no answer can come any more, and until then the portal is left alone.
            Failure::Unknown(why) => {
                metrics::counter!("beseda_portal_renewals_total", "outcome" => "unknown")
                    .increment(1);
                tracing::warn!(portal.id = %id, why, "amoCRM did not say whether it renewed the tokens of a portal");
                let told = why.clone();
                self.system(move |tx| {
                    Box::pin(async move {
                        portal_calls::pause(tx, account, id, (RENEW_TIME, &told), &clock).await
                    })
                })
                .await?;
                Ok(Failure::ours(why))
            }
        }
    }

    /// amoCRM does not take the tokens: the portal has to be connected again, and its requests wait.
    pub(super) async fn refuse(&self, version: i64, why: &str) -> Result<(), Failure> {
        let (account, id, now) = (self.account, self.id, self.amo.clock.now());
        tracing::warn!(portal.id = %id, account.id = %account, why, "a portal refuses its tokens; an administrator has to connect it again");
        let why = why.to_owned();
        let scope = SystemScope::for_job("transfer to amoCRM");
        let refused = self.amo.db.tx(scope, move |tx| {
            Box::pin(async move { portals::refused(tx, account, id, (version, &why), now).await })
        });
        Ok(refused.await?)
    }

    /// Renews a pair that nobody has used for long, before it dies.
    ///
    /// # Errors
    /// As [`Failure`] says.
    pub async fn keep_alive(&self, version: i64) -> Result<(), Failure> {
        self.renew(version).await
    }
}
