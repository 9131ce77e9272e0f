//! An account changed: tariff, imBox, language.

use api::identity::internal::v1::{AccountChanged, NpsSurvey};
use events::{Event, Failure};
use pg::Tx;
use prost::Message as _;
use types::AccountId;
use uuid::Uuid;

use crate::changes::writability_changed;
use crate::domain::account::AccountState;
use crate::domain::nps::Survey;
use crate::store::accounts;

/// The kind of the event.
pub const KIND: &str = "account.changed";

/// Keeps the account's state, and tells open windows when the subscription began or ended.
pub async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let (account, version, state) = parse(event).map_err(Failure::Poison)?;
    if accounts::keep_state(tx, account, &state, version).await? {
        events::append(tx, &[writability_changed(account, None)]).await?;
    }
    Ok(())
}

fn parse(event: &Event) -> Result<(AccountId, i64, AccountState), String> {
    let payload = AccountChanged::decode(&event.payload[..])
        .map_err(|error| format!("the payload does not decode: {error}"))?;
    if payload.account_id != event.account_id {
        return Err("the payload is another account's".to_owned());
    }
    let account = Uuid::from_slice(&payload.account_id)
        .map_err(|error| format!("the account is no id: {error}"))?;
    let state = AccountState {
        subscription_active: payload.subscription_active,
        imbox_enabled: payload.imbox_enabled,
        language: payload.language,
        message_search: payload.message_search,
        nps: survey(payload.nps.unwrap_or_default()),
        feed_bot_name: payload.feed_bot_name,
    };
    Ok((account.into(), payload.version, state))
}

/// What identity says of the account's survey.
pub fn survey(told: NpsSurvey) -> Survey {
    Survey {
        enabled: told.enabled,
        in_plan: told.in_plan,
        text: told.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: Vec<u8>) -> Event {
        Event {
            account_id: vec![7; 16],
            kind: KIND.to_owned(),
            payload: payload.into(),
            ..Event::default()
        }
    }

    fn payload(account_id: Vec<u8>) -> Vec<u8> {
        let payload = AccountChanged {
            account_id,
            version: 3,
            subscription_active: true,
            imbox_enabled: false,
            language: "ru".to_owned(),
            message_search: true,
            nps: None,
            feed_bot_name: String::new(),
        };
        payload.encode_to_vec()
    }

    #[test]
    fn a_well_formed_event_tells_the_state() {
        let (account, version, state) = parse(&event(payload(vec![7; 16]))).unwrap();
        assert_eq!((account.uuid().into_bytes(), version), ([7; 16], 3));
        assert!(state.subscription_active && !state.imbox_enabled);
    }

    #[test]
    fn what_cannot_be_right_is_poison() {
        for payload in [vec![0xff], payload(vec![8; 16]), payload(vec![7])] {
            assert!(parse(&event(payload)).is_err());
        }
    }
}
