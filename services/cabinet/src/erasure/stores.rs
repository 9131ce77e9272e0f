//! The services that keep data of clients, as they are called.

use std::time::Duration;

use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::erasure::internal::v1::{
    ErasePersonRequest, FindPersonRequest, RemovedData, ScanPersonRequest,
};
use auth::{ServiceChannel, ServiceTokens};
use erasure::{Person, Removed};
use std::collections::BTreeMap;
use tonic::{Request, Status};

use crate::domain::erasure::{Erasure, Receipt};

/// How long one call may take: a store works about five seconds at a stretch.
const DEADLINE: Duration = Duration::from_secs(30);

/// Messages at most: a person with thousands of values is still one message.
const MESSAGE: usize = 16 << 20;

/// A service that keeps data of clients.
#[derive(Debug, Clone)]
pub struct StoreAt {
    /// Its name, as receipts have it.
    pub name: String,
    /// Its address, `http://host:port`.
    pub url: String,
}

/// The services, in the order in which they are erased.
#[derive(Clone)]
pub struct Stores(Vec<(String, ErasureStoreServiceClient<ServiceChannel>)>);

/// What was removed or found in a store, by place.
pub type Places = BTreeMap<String, Removed>;

impl Stores {
    /// Called with these tokens.
    ///
    /// # Errors
    /// When an address is malformed.
    pub fn new(stores: &[StoreAt], tokens: &ServiceTokens) -> anyhow::Result<Self> {
        let connect = |store: &StoreAt| {
            let channel = tokens.channel(kit::channel(&store.url)?);
            let client = ErasureStoreServiceClient::new(channel)
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(MESSAGE);
            Ok((store.name.clone(), client))
        };
        stores
            .iter()
            .map(connect)
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    /// The name of a store; `None` after the last.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(|(name, _)| &name[..])
    }

    /// What all stores know of a person, asked until none has anything to add.
    pub(super) async fn find(
        &self,
        erasure: &Erasure,
        phone: &str,
        known: &Person,
    ) -> Result<Person, Status> {
        let mut person = known.clone();
        loop {
            let mut grown = false;
            for (_, client) in &self.0 {
                let request = FindPersonRequest {
                    account_id: erasure.account.uuid().as_bytes().to_vec(),
                    phone: phone.to_owned(),
                    person: Some(person.to_wire()),
                };
                let found = client
                    .clone()
                    .find_person(timed(request))
                    .await?
                    .into_inner();
                let found = Person::from_wire(found.person.unwrap_or_default())?;
                grown |= person.merge(found);
            }
            if !grown {
                return Ok(person);
            }
        }
    }

    /// Erases the next part in a store: `None` until it is all.
    pub(super) async fn erase(
        &self,
        at: usize,
        erasure: &Erasure,
        person: &Person,
    ) -> Result<Option<Places>, Status> {
        let Some((_, client)) = self.0.get(at) else {
            return Ok(Some(Places::new()));
        };
        let request = ErasePersonRequest {
            account_id: erasure.account.uuid().as_bytes().to_vec(),
            erasure_id: erasure.id.uuid().as_bytes().to_vec(),
            attempt: erasure.attempt,
            person: Some(person.to_wire()),
        };
        let part = client
            .clone()
            .erase_person(timed(request))
            .await?
            .into_inner();
        Ok(part.done.then(|| places(part.removed)))
    }

    /// Looks through a store by the digests; how much was looked at.
    pub(super) async fn scan(
        &self,
        at: usize,
        erasure: &Erasure,
        person: &Person,
    ) -> Result<(Places, i64), Status> {
        let Some((_, client)) = self.0.get(at) else {
            return Ok((Places::new(), 0));
        };
        let Receipt { salt, digests, .. } = &erasure.receipt;
        let (mut all, mut looked_at, mut token) = (Places::new(), 0, String::new());
        loop {
            let request = ScanPersonRequest {
                account_id: erasure.account.uuid().as_bytes().to_vec(),
                person: Some(person.to_wire()),
                salt: salt.clone(),
                digests: digests.iter().map(erasure::Digest::to_wire).collect(),
                token,
            };
            let part = client
                .clone()
                .scan_person(timed(request))
                .await?
                .into_inner();
            looked_at += part.looked_at;
            for (place, found) in places(part.found) {
                let known = all.entry(place).or_default();
                known.count += found.count;
                known.values.extend(found.values);
            }
            token = part.next_token;
            if token.is_empty() {
                return Ok((all, looked_at));
            }
        }
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

fn places(removed: Vec<RemovedData>) -> Places {
    let place = |it: RemovedData| {
        let removed = Removed {
            count: it.count.unsigned_abs(),
            values: it.values.into_iter().collect(),
        };
        (it.place, removed)
    };
    removed.into_iter().map(place).collect()
}
