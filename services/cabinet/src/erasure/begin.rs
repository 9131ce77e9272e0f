//! The beginning: the client is out at once.

use kit::secrets::{MasterKey, sha256};
use pg::{Db, Error, SystemScope};
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

/// Begins an erasure, or finds the one that runs. The client's sessions end, and the number opens nothing any more (CAB-32, CAB-33).
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
    let keyed = [&key.derive("erasure-subjects")[..], known.as_bytes()].concat();
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
    let (sealed, subject) = (seal(key, erasure.id, &secret), sha256(&keyed));
    db.tx(SystemScope::for_job("begin an erasure"), move |tx| {
        Box::pin(async move {
            own::shut_out(tx, account, &secret.phone).await?;
            erasures::insert(tx, &erasure, (&subject, &sealed), now).await
        })
    })
    .await
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
