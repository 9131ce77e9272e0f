//! The beginning: the client is out at once.

use kit::secrets::MasterKey;
use pg::{Db, Error, SystemScope, Tx};
use time::OffsetDateTime;
use types::{AccountId, ContactId, ErasureId};

use super::own;
use crate::domain::erasure::{Erasure, Receipt, Secret, Stage};
use crate::store::erasures;

/// Whose data are to be erased.
#[derive(Debug, Clone)]
pub enum Subject {
    /// Who carries this number (E.164), which a code has proved.
    Phone(String),
    /// Contacts that were erased before and came back with a backup.
    Contacts(Vec<ContactId>),
}

/// An erasure that is about to begin.
pub struct Beginning {
    erasure: Erasure,
    key: MasterKey,
    secret: Secret,
    subject: [u8; 32],
}

impl Beginning {
    /// Of this person.
    #[must_use]
    pub fn of(key: &MasterKey, account: AccountId, subject: Subject) -> Self {
        let mut secret = Secret::default();
        let mut known = String::new();
        match subject {
            Subject::Phone(phone) => {
                known.push_str(&phone);
                secret.phone = phone;
            }
            Subject::Contacts(contacts) => {
                secret.person.contacts.extend(contacts);
                for contact in &secret.person.contacts {
                    known.push_str(&contact.to_string());
                }
            }
        }
        let erasure = Erasure {
            account,
            id: ErasureId::generate(),
            stage: Stage::Finding,
            attempt: 1,
            receipt: Receipt {
                salt: rand::random::<[u8; 32]>().to_vec(),
                contacts: secret.person.contact_ids(),
                ..Receipt::default()
            },
            secret: None,
            error: String::new(),
            tries: 0,
        };
        Self {
            subject: subject_of(key, &known),
            key: key.clone(),
            secret,
            erasure,
        }
    }

    /// Begins it, or finds the one that runs. The client's sessions end, and the number opens nothing any more (CAB-32, CAB-33).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store(&self, tx: &mut Tx, now: OffsetDateTime) -> Result<ErasureId, Error> {
        let mut secret = self.secret.clone();
        let phones = [secret.phone.clone()];
        // Once the number is forgotten nothing else says which correspondence was theirs.
        let clients = own::shut_out(tx, self.erasure.account, &phones).await?;
        secret.person.channels.extend(clients);
        let sealed = seal(&self.key, self.erasure.id, &secret);
        erasures::insert(tx, &self.erasure, (&self.subject, &sealed), now).await
    }
}

/// Begins an erasure, or finds the one that runs: [`Beginning::store`] in a transaction of its own.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    db: &Db,
    key: &MasterKey,
    account: AccountId,
    subject: Subject,
    now: OffsetDateTime,
) -> Result<ErasureId, Error> {
    let beginning = Beginning::of(key, account, subject);
    db.tx(SystemScope::for_job("begin an erasure"), move |tx| {
        Box::pin(async move { beginning.store(tx, now).await })
    })
    .await
}

/// Under what the erasure of a number is found while it runs: says nothing of the number without the installation's key.
#[must_use]
pub fn subject_of(key: &MasterKey, known: &str) -> [u8; 32] {
    key.digest("erasure-subjects", known.as_bytes())
}

/// The secret as the row keeps it.
pub(super) fn seal(key: &MasterKey, id: ErasureId, secret: &Secret) -> Vec<u8> {
    // Texts and ids always encode.
    let text = serde_json::to_vec(secret).unwrap_or_default();
    key.seal(&text, &context(id))
}

/// The secret of a row.
pub(super) fn open(key: &MasterKey, id: ErasureId, sealed: &[u8]) -> anyhow::Result<Secret> {
    let text = key.open(sealed, &context(id))?;
    Ok(serde_json::from_slice(&text)?)
}

fn context(id: ErasureId) -> String {
    format!("erasure:{id}")
}
