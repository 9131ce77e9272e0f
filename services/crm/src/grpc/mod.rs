//! The gRPC services: each operation authorises, validates, changes or reads, and replies. What cards have in common stands once in
//! [`cards`]; a file for each kind says what is its own.

pub mod access;
pub mod calls;
mod cards;
pub mod clients;
pub mod companies;
pub mod contacts;
pub mod customers;
pub mod deals;
pub mod fields;
pub mod internal;
mod mask;
mod merge;
mod page;
pub mod pipelines;
mod status;
pub mod tags;
pub mod tasks;
pub mod timeline;
pub mod unsorted;
mod wire;

use auth::{Caller, Permission};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use crate::Error;

/// Pages of lists: how many by default, and at most.
const PAGE: (i64, i64) = (50, 200);

/// An operation's outcome as tonic wants it.
fn answer<T>(outcome: Result<T, Error>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(Status::from)
}

/// Takes a request apart: the caller, who has this permission, and what they say.
fn enter<T>(request: Request<T>, permission: Permission) -> Result<(Caller, T), Error> {
    let caller = Caller::of(&request)?;
    caller.scope()?;
    caller.require(permission)?;
    let (_, _, message): (MetadataMap, Extensions, T) = request.into_parts();
    Ok((caller, message))
}
