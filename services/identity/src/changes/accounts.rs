//! Accounts.

use api::identity::internal::v1::{AccountChanged, NpsSurvey};
use events::NewEvent;
use pg::Tx;
use prost::Message;

use super::{By, rights};
use crate::Error;
use crate::domain::account::{Account, FeedAuthor, Plan, Subscription};
use crate::domain::audit::Changes;
use crate::domain::etag;
use crate::store::accounts;

/// The kind of the event that tells other services what they keep of an account.
pub const ACCOUNT_CHANGED: &str = "account.changed";

/// What to change of an account; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// New name.
    pub title: Option<String>,
    /// New language.
    pub language: Option<String>,
    /// imBox on or off.
    pub imbox: Option<bool>,
    /// NPS surveys on or off.
    pub nps_enabled: Option<bool>,
    /// New question of the survey; empty: one in the account's language.
    pub nps_text: Option<String>,
    /// Whom crm's timelines name as the author of employees' messages.
    pub feed_author: Option<FeedAuthor>,
    /// What the bot is called there.
    pub feed_bot_name: Option<String>,
    /// New tariff; the operator's.
    pub plan: Option<Plan>,
    /// New state of the subscription; the operator's.
    pub subscription: Option<Subscription>,
}

/// Adds an account. The event is the caller's to append, last in the transaction.
///
/// # Errors
/// When the database fails.
pub async fn create(tx: &mut Tx, by: By, account: &Account) -> Result<NewEvent, Error> {
    accounts::insert(tx, account).await?;
    let mut changes = Changes::new();
    changes.set("title", &account.title);
    changes.set("language", &account.language);
    changes.set("plan", account.plan.name());
    changes.set("subscription", account.subscription.name());
    by.note(tx, "account.create", account.id, changes).await?;
    Ok(changed(account))
}

/// Changes the account, if it still has the expected etag. This ends the transaction's work: the event is its last act.
/// `None` when there is no such account.
///
/// # Errors
/// `EtagMismatch`, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: By,
    change: AccountChange,
    expected_etag: &str,
) -> Result<Option<Account>, Error> {
    let Some(before) = accounts::lock(tx, by.account).await? else {
        return Ok(None);
    };
    if !expected_etag.is_empty() && expected_etag != etag(before.version) {
        return Err(Error::EtagMismatch);
    }
    let (mut after, changes) = applied(&before, change);
    if changes.is_empty() {
        return Ok(Some(before));
    }
    after.version += 1;
    accounts::update(tx, &after).await?;
    by.note(tx, "account.update", after.id, changes).await?;
    let mut events = vec![changed(&after)];
    if after.language != before.language {
        // Members without a language of their own read in the account's.
        events.push(rights::changed(tx, by.account).await?);
    }
    events::append(tx, &events).await?;
    Ok(Some(after))
}

fn applied(before: &Account, change: AccountChange) -> (Account, Changes) {
    let after = Account {
        title: change.title.unwrap_or_else(|| before.title.clone()),
        language: change.language.unwrap_or_else(|| before.language.clone()),
        imbox: change.imbox.unwrap_or(before.imbox),
        nps_enabled: change.nps_enabled.unwrap_or(before.nps_enabled),
        nps_text: change.nps_text.unwrap_or_else(|| before.nps_text.clone()),
        feed_author: change.feed_author.unwrap_or(before.feed_author),
        feed_bot_name: change
            .feed_bot_name
            .unwrap_or_else(|| before.feed_bot_name.clone()),
        plan: change.plan.unwrap_or(before.plan),
        subscription: change.subscription.unwrap_or(before.subscription),
        ..before.clone()
    };
    let mut changes = Changes::new();
    changes.note("title", &before.title, &after.title);
    changes.note("language", &before.language, &after.language);
    changes.note("imbox_enabled", &before.imbox, &after.imbox);
    changes.note("nps_enabled", &before.nps_enabled, &after.nps_enabled);
    changes.note("nps_text", &before.nps_text, &after.nps_text);
    changes.note(
        "feed_author",
        before.feed_author.name(),
        after.feed_author.name(),
    );
    changes.note("feed_bot_name", &before.feed_bot_name, &after.feed_bot_name);
    changes.note("plan", before.plan.name(), after.plan.name());
    changes.note(
        "subscription",
        before.subscription.name(),
        after.subscription.name(),
    );
    (after, changes)
}

/// What other services need to know of the account's survey.
#[must_use]
pub fn nps(account: &Account) -> NpsSurvey {
    NpsSurvey {
        enabled: account.nps_enabled,
        in_plan: account.plan.sends_surveys(),
        text: account.nps_text.clone(),
    }
}

fn changed(account: &Account) -> NewEvent {
    let payload = AccountChanged {
        account_id: account.id.uuid().as_bytes().to_vec(),
        version: account.version,
        subscription_active: account.subscription == Subscription::Active,
        imbox_enabled: account.imbox,
        message_search: account.plan.searches_messages(),
        nps: Some(nps(account)),
        language: account.language.clone(),
        feed_bot_name: account.feed_bot().to_owned(),
    };
    NewEvent {
        account: account.id,
        aggregate: account.id.uuid(),
        kind: ACCOUNT_CHANGED,
        payload: payload.encode_to_vec(),
    }
}
