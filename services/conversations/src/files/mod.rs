//! The contents of files: in a folder, or in S3. What is known of a file is in the database; here are only its bytes, under
//! a name made of the account and the file's id.

pub mod fetch;
mod parts;
mod preview;
mod receive;
mod unused;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use tokio::sync::Semaphore;
use types::{AccountId, AttachmentId};

pub use parts::{Error as PartsError, Parts};
pub use preview::MEDIA_TYPE as PREVIEW_TYPE;
pub use receive::{Error, Incoming, Received};
pub use unused::delete_unused;

/// Pictures that are made small at once: each takes memory and a core.
const DECODERS: usize = 2;

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesLocation {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A store behind an address, for example "s3://bucket/prefix", with its settings, for example "aws_region".
    Address {
        /// The address.
        url: url::Url,
        /// Name and value.
        settings: Vec<(String, String)>,
    },
}

/// The file store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    decoders: Arc<Semaphore>,
}

/// Which bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The file itself.
    Contents,
    /// Its small picture.
    Preview,
}

/// The bytes of a file.
pub struct Contents {
    /// Bytes of the whole.
    pub total_size: u64,
    /// Those that were asked for.
    pub stream: BoxStream<'static, object_store::Result<Bytes>>,
}

impl Files {
    /// Opens the store.
    ///
    /// # Errors
    /// When the folder cannot be made, or the address is none of a store.
    pub fn open(location: &FilesLocation) -> anyhow::Result<Self> {
        // The first to come sets it for the process; it is ring everywhere here.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let (store, prefix): (Arc<dyn ObjectStore>, Path) = match location {
            FilesLocation::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("files cannot be kept in {}", folder.display()))?;
                let store = object_store::local::LocalFileSystem::new_with_prefix(folder)?;
                (Arc::new(store), Path::default())
            }
            FilesLocation::Address { url, settings } => {
                let (store, prefix) = object_store::parse_url_opts(url, settings.clone())
                    .with_context(|| format!("files cannot be kept at {url}"))?;
                (Arc::from(store), prefix)
            }
        };
        Ok(Self {
            store,
            prefix,
            decoders: Arc::new(Semaphore::new(DECODERS)),
        })
    }

    /// Reads a file, or a range of it.
    ///
    /// # Errors
    /// When it is not there, or the store fails.
    pub async fn read(
        &self,
        account: AccountId,
        id: AttachmentId,
        part: Part,
        range: Option<Range<u64>>,
    ) -> object_store::Result<Contents> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self
            .store
            .get_opts(&self.path(account, id, part), options)
            .await?;
        Ok(Contents {
            total_size: found.meta.size,
            stream: found.into_stream(),
        })
    }

    /// Deletes a file and its small picture; what is not there is deleted already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, account: AccountId, id: AttachmentId) -> object_store::Result<()> {
        for part in [Part::Preview, Part::Contents] {
            match self.store.delete(&self.path(account, id, part)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn path(&self, account: AccountId, id: AttachmentId, part: Part) -> Path {
        let name = match part {
            Part::Contents => id.to_string(),
            Part::Preview => format!("{id}.preview"),
        };
        self.prefix.clone().join(account.to_string()).join(name)
    }

    async fn whole(&self, account: AccountId, id: AttachmentId) -> object_store::Result<Vec<u8>> {
        let contents = self.read(account, id, Part::Contents, None).await?;
        let size = usize::try_from(contents.total_size).unwrap_or_default();
        let bytes =
            contents
                .stream
                .try_fold(Vec::with_capacity(size), |mut all, bytes| async move {
                    all.extend_from_slice(&bytes);
                    Ok(all)
                });
        bytes.await
    }
}
