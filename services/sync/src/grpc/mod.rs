//! The gRPC services: authorise, validate, domain and store, reply.

pub mod integrations;
mod parse;
pub mod portals;
pub mod runs;
mod wire;

use auth::{AccountScope, Caller, Principal};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};
use types::AccountId;

use crate::Error;

/// An operation's outcome as tonic wants it.
fn answer<T>(outcome: Result<T, Error>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(Status::from)
}

/// An administrator, or a program that may change settings.
struct By {
    caller: Caller,
    scope: AccountScope,
}

impl By {
    fn account(&self) -> AccountId {
        self.scope.account()
    }

    /// As versions of settings name them.
    fn author(&self) -> String {
        match self.caller.principal() {
            Principal::Employee { user, .. } => user.to_string(),
            Principal::Program { key, .. } => key.to_string(),
            Principal::Service { name } => name.clone(),
        }
    }
}

/// Takes a request apart: who calls, and what they say.
fn enter<T>(request: Request<T>) -> Result<(By, T), Error> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let (_, _, message): (MetadataMap, Extensions, T) = request.into_parts();
    Ok((By { caller, scope }, message))
}
