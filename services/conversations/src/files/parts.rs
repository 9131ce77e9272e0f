//! Files that come part by part. The parts lie beside the files until the last one is here; then the file is taken in like any
//! other, from them.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures::{Stream, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use ring::digest::{SHA256, digest};
use time::OffsetDateTime;
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use super::Files;
use crate::domain::attachment::PART_SIZE;

/// The folder of parts. No account is called so.
const FOLDER: &str = "parts";

/// Bytes of a part.
const PART: u64 = PART_SIZE as u64;

/// A file that comes in parts.
#[derive(Debug, Clone)]
pub struct Parts {
    account: AccountId,
    /// Made of connection, chat and the client's key: a chat's parts are found by itself alone.
    name: String,
    size: u64,
}

/// Why the parts were not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This part is not here.
    #[error("part {0} is not here")]
    Missing(u64),
    /// The store.
    #[error("the file store failed")]
    Store(#[source] object_store::Error),
}

impl Parts {
    /// Those of a file of `size` bytes of a chat, by the client's own key.
    #[must_use]
    pub fn new(
        account: AccountId,
        (connection, chat): (ConnectionId, &str),
        upload: Uuid,
        size: u64,
    ) -> Self {
        let key = [
            connection.uuid().as_bytes(),
            upload.as_bytes(),
            chat.as_bytes(),
        ]
        .concat();
        Self {
            account,
            name: HEXLOWER.encode(digest(&SHA256, &key).as_ref()),
            size,
        }
    }

    /// How many make the file.
    fn count(&self) -> u64 {
        self.size.div_ceil(PART)
    }

    /// How many bytes the part at this place has.
    #[must_use]
    pub fn length_at(&self, offset: u64) -> u64 {
        self.size.saturating_sub(offset).min(PART)
    }
}

impl Files {
    /// Keeps the part at a place, a multiple of [`PART_SIZE`]. One that was there is replaced.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_part(
        &self,
        parts: &Parts,
        offset: u64,
        bytes: Vec<u8>,
    ) -> object_store::Result<()> {
        let path = self.part_path(parts, offset / PART);
        self.store.put(&path, PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// Up to which byte the file is here. Parts come in order, so it is asked for as in a dictionary; should one be missing before, taking
    /// the file in finds it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn received(&self, parts: &Parts) -> object_store::Result<u64> {
        let (mut here, mut absent) = (0, parts.count());
        while here < absent {
            let middle = u64::midpoint(here, absent);
            match self.store.head(&self.part_path(parts, middle)).await {
                Ok(_) => here = middle + 1,
                Err(object_store::Error::NotFound { .. }) => absent = middle,
                Err(error) => return Err(error),
            }
        }
        Ok((here * PART).min(parts.size))
    }

    /// The contents of all parts, in order.
    pub fn read_parts(
        &self,
        parts: &Parts,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        let (files, parts) = (self.clone(), parts.clone());
        stream::try_unfold(0, move |number| {
            let (files, parts) = (files.clone(), parts.clone());
            async move {
                if number == parts.count() {
                    return Ok(None);
                }
                let bytes = files.part(&parts, number).await?;
                Ok(Some((bytes, number + 1)))
            }
        })
    }

    async fn part(&self, parts: &Parts, number: u64) -> Result<Bytes, Error> {
        let missing = |error| match error {
            object_store::Error::NotFound { .. } => Error::Missing(number),
            error => Error::Store(error),
        };
        let found = self.store.get(&self.part_path(parts, number)).await;
        let bytes = found.map_err(missing)?.bytes().await.map_err(missing)?;
        if bytes.len() as u64 == parts.length_at(number * PART) {
            Ok(bytes)
        } else {
            // It is of an upload that said another size: it has to come again.
            Err(Error::Missing(number))
        }
    }

    /// Deletes all parts; what is not there is deleted already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_parts(&self, parts: &Parts) -> object_store::Result<()> {
        for number in 0..parts.count() {
            match self.store.delete(&self.part_path(parts, number)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes the parts that came before a time: of uploads that were given up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_old_parts(&self, before: OffsetDateTime) -> object_store::Result<()> {
        let folder = self.prefix.clone().join(FOLDER);
        let mut found = self.store.list(Some(&folder));
        while let Some(part) = found.try_next().await? {
            if part.last_modified.timestamp() < before.unix_timestamp() {
                self.store.delete(&part.location).await?;
            }
        }
        Ok(())
    }

    fn part_path(&self, parts: &Parts, number: u64) -> Path {
        let folder = self.prefix.clone().join(FOLDER);
        let folder = folder.join(parts.account.to_string());
        folder.join(format!("{}.{number}", parts.name))
    }
}
