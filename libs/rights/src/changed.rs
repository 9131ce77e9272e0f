//! Members, groups, roles or rights of an account changed.

use events::{Event, Failure};
use pg::Tx;
use types::AccountId;

use crate::{snapshot, store};

/// The kind of the event.
pub const CHANGED: &str = "rights.changed";

/// Keeps the snapshot that an event carries.
///
/// # Errors
/// Poison when it cannot be read; else when the database fails.
pub async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let (account, epoch) = checked(event).map_err(Failure::Poison)?;
    store::keep(tx, account, epoch, &event.payload).await?;
    Ok(())
}

/// A snapshot that could not be read later must not be kept.
fn checked(event: &Event) -> Result<(AccountId, i64), String> {
    let (account, rights) = snapshot::decode(&event.payload)?;
    if account.uuid().as_bytes()[..] != event.account_id[..] {
        return Err("the payload is another account's".to_owned());
    }
    Ok((account, rights.epoch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::identity::internal::v1::AccountRights;
    use prost::Message as _;

    fn event(payload: Vec<u8>) -> Event {
        Event {
            account_id: vec![7; 16],
            kind: CHANGED.to_owned(),
            payload: payload.into(),
            ..Event::default()
        }
    }

    fn payload(account_id: Vec<u8>) -> Vec<u8> {
        let rights = AccountRights {
            account_id,
            epoch: 3,
            ..AccountRights::default()
        };
        rights.encode_to_vec()
    }

    #[test]
    fn a_well_formed_event_tells_the_epoch() {
        let (account, epoch) = checked(&event(payload(vec![7; 16]))).expect("well formed");
        assert_eq!((account.uuid().into_bytes(), epoch), ([7; 16], 3));
    }

    #[test]
    fn what_cannot_be_right_is_poison() {
        for payload in [vec![0xff], payload(vec![8; 16]), payload(vec![7])] {
            assert!(checked(&event(payload)).is_err());
        }
    }
}
