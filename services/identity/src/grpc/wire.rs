//! Between the domain and the wire.

use api::identity::v1 as proto;
use auth::Role;
use kit::time::to_proto;
use kit::validate::Fields;
use types::{AccountId, SessionId};

use crate::domain::account::{Account, FeedAuthor, Plan, Subscription, is_language_tag};
use crate::domain::api_key::ApiKey;
use crate::domain::audit::Entry;
use crate::domain::etag;
use crate::domain::group::Group;
use crate::domain::session::Session;
use crate::domain::user::User;

impl From<User> for proto::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            role: role_to_proto(user.role).into(),
            group_id: user
                .group
                .map(|group| group.to_string())
                .unwrap_or_default(),
            language: user.language.unwrap_or_default(),
            active: user.active,
            create_time: Some(to_proto(user.create_time)),
            etag: etag(user.version),
        }
    }
}

fn role_to_proto(role: Role) -> proto::Role {
    match role {
        Role::Administrator => proto::Role::Administrator,
        Role::Manager => proto::Role::Manager,
    }
}

/// The role in a request: a manager, where none is said.
pub fn role(fields: &mut Fields, field: &str, value: i32) -> Role {
    match fields.known(field, value) {
        Some(proto::Role::Administrator) => Role::Administrator,
        Some(proto::Role::Manager | proto::Role::Unspecified) | None => Role::Manager,
    }
}

/// A language in a request; `None` when it is left out.
pub fn language(fields: &mut Fields, field: &str, value: &str) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    if !is_language_tag(value) {
        fields.reject(
            field,
            "is not a BCP 47 language, such as \"ru\" or \"es-MX\"",
        );
    }
    Some(value.to_owned())
}

impl From<Group> for proto::Group {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name,
            create_time: Some(to_proto(group.create_time)),
            etag: etag(group.version),
        }
    }
}

impl From<Account> for proto::Account {
    fn from(account: Account) -> Self {
        let plan = match account.plan {
            Plan::Basic => proto::Plan::Basic,
            Plan::Extended => proto::Plan::Extended,
            Plan::Professional => proto::Plan::Professional,
        };
        let subscription = match account.subscription {
            Subscription::Active => proto::SubscriptionState::Active,
            Subscription::Unpaid => proto::SubscriptionState::Unpaid,
        };
        let feed_author = match account.feed_author {
            FeedAuthor::Employee => proto::FeedAuthor::Employee,
            FeedAuthor::Bot => proto::FeedAuthor::Bot,
        };
        Self {
            id: account.id.to_string(),
            title: account.title,
            language: account.language,
            plan: plan.into(),
            subscription: subscription.into(),
            imbox_enabled: account.imbox,
            navigation: navigation(account.imbox),
            create_time: Some(to_proto(account.create_time)),
            etag: etag(account.version),
            nps_enabled: account.nps_enabled,
            nps_text: account.nps_text,
            feed_author: feed_author.into(),
            feed_bot_name: account.feed_bot_name,
        }
    }
}

/// CNV-11: imBox brings its section, and the bell in place of the notification centre.
fn navigation(imbox: bool) -> Vec<i32> {
    use proto::NavigationItem as Item;
    let items: &[Item] = if imbox {
        &[Item::Imbox, Item::Bell]
    } else {
        &[Item::NotificationCentre]
    };
    items.iter().map(|item| i32::from(*item)).collect()
}

impl From<ApiKey> for proto::ApiKey {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes,
            expire_time: key.expire_time.map(to_proto),
            create_time: Some(to_proto(key.create_time)),
        }
    }
}

/// A session, as the caller in the session `own` sees it.
pub fn session(session: Session, own: Option<SessionId>) -> proto::Session {
    proto::Session {
        current: own == Some(session.id),
        id: session.id.to_string(),
        user_id: session.user.to_string(),
        device: session.device,
        create_time: Some(to_proto(session.create_time)),
        last_use_time: Some(to_proto(session.last_use_time)),
    }
}

impl From<Entry> for proto::AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            create_time: Some(to_proto(entry.time)),
            actor_id: entry.actor,
            action: entry.action,
            target_id: entry.target,
            changes_json: entry.changes.to_string(),
        }
    }
}

/// One page of a list, of which one item more was read than it holds.
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; empty at the end.
    pub next: String,
}

/// Cuts what was read to a page; `key` names where the next one goes on.
pub fn page<T, K: serde::Serialize>(
    mut items: Vec<T>,
    size: i64,
    (method, account): (&str, AccountId),
    filters: &impl serde::Serialize,
    key: impl Fn(&T) -> K,
) -> Page<T> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if items.len() <= size {
        return Page {
            items,
            next: String::new(),
        };
    }
    items.truncate(size);
    let place = kit::page::PageToken { method, account };
    let next = items
        .last()
        .map(|last| place.encode(filters, &key(last)))
        .unwrap_or_default();
    Page { items, next }
}
