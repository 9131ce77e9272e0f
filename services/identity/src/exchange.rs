//! An API key's secret for an access token.

use auth::Principal;
use auth::token::Grant;
use pg::SystemScope;
use time::OffsetDateTime;
use types::Language;

use crate::Error;
use crate::core::Core;
use crate::domain::api_key::Secret;
use crate::store::api_keys;

/// A program's token.
pub struct ProgramToken {
    /// The token.
    pub text: String,
    /// When it expires: never after the key.
    pub expires: OffsetDateTime,
    /// What it allows.
    pub scopes: Vec<String>,
}

/// The token of the program that knows this secret.
///
/// # Errors
/// `CredentialsInvalid` for a secret of no key that works.
pub async fn program_token(core: &Core, secret: &Secret) -> Result<ProgramToken, Error> {
    let (id, digest) = (secret.key(), secret.digest());
    let scope = SystemScope::for_job("exchange an API key");
    let known = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { api_keys::find(tx, id).await })
        })
        .await?;
    // Digests of 256 random bits: the time a comparison takes tells nothing about the secret.
    let matches =
        |known: &api_keys::KnownKey| known.secret_digest == digest && known.key.works(core.now());
    let known = known.filter(matches).ok_or(Error::CredentialsInvalid)?;
    let scopes = known.key.scopes;
    let principal = Principal::Program {
        account: known.account,
        key: id,
        scopes: scopes.clone().into(),
    };
    let language = Language::from_tag(&known.account_language);
    let (text, expires) = core.keys.sign(&Grant {
        until: known.key.expire_time,
        ..Grant::new(principal, language)
    })?;
    Ok(ProgramToken {
        text,
        expires,
        scopes,
    })
}
