//! The gRPC services: a file for each operation, which authorises, validates, changes or reads, and replies.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod crm_widgets;
pub mod groups;
pub mod internal;
mod mask;
pub mod rights;
pub mod sessions;
mod status;
pub mod users;
mod wire;

use std::net::IpAddr;

use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use crate::Error;

/// Pages of lists: how many by default, and at most.
const PAGE: (i64, i64) = (50, 200);

/// The header in which the gateway says whom it forwards for. It removes what came in under this name.
const CLIENT_ADDRESS: &str = "x-beseda-client-address";

/// An operation's outcome as tonic wants it.
fn answer<T>(outcome: Result<T, Error>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(Status::from)
}

/// From where the call comes, to count tries by. An IPv6 client has a whole /64 to call from.
fn client_address<T>(request: &Request<T>) -> String {
    let peer = request.remote_addr().map(|peer| peer.ip());
    let address = forwarded_for(request.metadata()).or(peer);
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let network = &address.segments()[..4];
            format!("address {network:x?}/64")
        }
        Some(address) => format!("address {address}"),
        None => "address unknown".to_owned(),
    }
}

fn forwarded_for(metadata: &MetadataMap) -> Option<IpAddr> {
    metadata.get(CLIENT_ADDRESS)?.to_str().ok()?.parse().ok()
}

/// Takes a request apart: the caller, and what they say.
fn split<T>(request: Request<T>) -> Result<(auth::Caller, T), Error> {
    let caller = auth::Caller::of(&request)?;
    let (_, _, message): (MetadataMap, Extensions, T) = request.into_parts();
    Ok((caller, message))
}
