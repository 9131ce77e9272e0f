//! What the operator does on the command line: the first account and administrator, plan and subscription, keys.
//!
//! Each is one transaction as the system, with "operator" as the actor in the audit log. A running service hears of
//! changes through the outbox.

use kit::Refusal;
use kit::refusal::FieldViolation;
use kit::secrets::MasterKey;
use kit::validate::Fields;
use pg::{Db, SystemScope, Tx};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use types::{AccountId, ApiKeyId, Clock, UserId};

use crate::Error;
use crate::changes::accounts::AccountChange;
use crate::changes::users::NewUser;
use crate::changes::{self, By};
use crate::core::now;
use crate::domain::account::{Account, FeedAuthor, is_language_tag};
use crate::domain::api_key::is_scope;
use crate::domain::audit::Actor;
use crate::domain::email::Email;
use crate::domain::password;
use crate::passwords::Passwords;
use crate::store::users;

pub use crate::domain::account::{Plan, Subscription};

/// A new account and its first administrator.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name of the account.
    pub title: String,
    /// BCP 47 language of the account.
    pub language: String,
    /// Tariff.
    pub plan: Plan,
    /// Is the subscription paid?
    pub subscription: Subscription,
    /// imBox on or off.
    pub imbox: bool,
    /// E-mail of the administrator.
    pub email: String,
    /// Name of the administrator.
    pub name: String,
    /// Password of the administrator.
    pub password: SecretString,
}

/// An account that was made, or that the e-mail already belonged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// The account.
    pub account: AccountId,
    /// The administrator.
    pub user: UserId,
    /// Was it made now?
    pub new: bool,
}

/// Makes an account with its first administrator. When the e-mail belongs to a user already, nothing is made or changed.
///
/// # Errors
/// FIELD_INVALID, or when the database fails.
pub async fn create_account(db: &Db, clock: &Clock, new: NewAccount) -> Result<Created, Refusal> {
    let email = validated(&new)?;
    let digest = email.digest();
    let scope = SystemScope::for_job("create an account");
    let known = db.tx(scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(users::by_email(tx, &digest).await?) })
    });
    if let Some(known) = known.await? {
        return Ok(Created {
            account: known.account(),
            user: known.user(),
            new: false,
        });
    }
    let password_hash = Passwords::new()?.hash(new.password.expose_secret()).await?;
    let now = now(clock);
    let made = db.tx(scope, move |tx| {
        Box::pin(async move { create(tx, new, email, password_hash, now).await })
    });
    Ok(made.await?)
}

async fn create(
    tx: &mut Tx,
    new: NewAccount,
    email: Email,
    password_hash: String,
    now: OffsetDateTime,
) -> Result<Created, Error> {
    let account = Account {
        id: AccountId::generate(),
        title: new.title.trim().to_owned(),
        language: new.language,
        plan: new.plan,
        subscription: new.subscription,
        imbox: new.imbox,
        nps_enabled: false,
        nps_text: String::new(),
        feed_author: FeedAuthor::default(),
        feed_bot_name: String::new(),
        version: 1,
        create_time: now,
    };
    let by = By {
        account: account.id,
        actor: Actor::Operator,
        now,
    };
    let event = changes::accounts::create(tx, by, &account).await?;
    let name = new.name.trim().to_owned();
    let administrator = NewUser {
        email,
        name,
        role: auth::Role::Administrator,
        group: None,
        language: None,
        password_hash,
    };
    let (user, rights) = changes::users::create(tx, by, administrator).await?;
    events::append(tx, &[event, rights]).await?;
    Ok(Created {
        account: account.id,
        user: user.id,
        new: true,
    })
}

fn validated(new: &NewAccount) -> Result<Email, Refusal> {
    let mut fields = Fields::new();
    fields.line("title", &new.title, 1..=200);
    fields.line("name", &new.name, 1..=200);
    if !is_language_tag(&new.language) {
        fields.reject(
            "language",
            "is not a BCP 47 language, such as \"ru\" or \"es-MX\"",
        );
    }
    let email = Email::parse(&new.email);
    if let Some(Err(problem)) = email
        .as_ref()
        .map(|email| password::check(new.password.expose_secret(), email))
    {
        fields.reject("password", problem);
    }
    fields.finish()?;
    email.ok_or_else(|| {
        Refusal::field(
            "email",
            "is not an e-mail address of at most 254 characters",
        )
    })
}

/// The account of the user with this e-mail.
///
/// # Errors
/// When the database fails.
pub async fn find_account(db: &Db, email: &str) -> Result<Option<AccountId>, Refusal> {
    let Some(email) = Email::parse(email) else {
        return Ok(None);
    };
    let digest = email.digest();
    let scope = SystemScope::for_job("find an account");
    let known = db.tx(scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(users::by_email(tx, &digest).await?) })
    });
    Ok(known.await?.map(|known| known.account()))
}

/// Sets the tariff of an account.
///
/// # Errors
/// FIELD_INVALID for an unknown account, or when the database fails.
pub async fn set_plan(
    db: &Db,
    clock: &Clock,
    account: AccountId,
    plan: Plan,
) -> Result<(), Refusal> {
    update(
        db,
        clock,
        account,
        AccountChange {
            plan: Some(plan),
            ..AccountChange::default()
        },
    )
    .await
}

/// Sets whether the subscription of an account is paid.
///
/// # Errors
/// FIELD_INVALID for an unknown account, or when the database fails.
pub async fn set_subscription(
    db: &Db,
    clock: &Clock,
    account: AccountId,
    subscription: Subscription,
) -> Result<(), Refusal> {
    update(
        db,
        clock,
        account,
        AccountChange {
            subscription: Some(subscription),
            ..AccountChange::default()
        },
    )
    .await
}

async fn update(
    db: &Db,
    clock: &Clock,
    account: AccountId,
    change: AccountChange,
) -> Result<(), Refusal> {
    let by = By {
        account,
        actor: Actor::Operator,
        now: now(clock),
    };
    let scope = SystemScope::for_job("change an account");
    let updated = db.tx(scope, move |tx| {
        Box::pin(async move { changes::accounts::update(tx, by, change, "").await })
    });
    updated.await?.map(|_| ()).ok_or_else(|| unknown(account))
}

/// Makes an API key; its secret is shown this one time.
///
/// # Errors
/// FIELD_INVALID for an unknown account, name or scope, or when the database fails.
pub async fn create_api_key(
    db: &Db,
    clock: &Clock,
    account: AccountId,
    name: &str,
    scopes: Vec<String>,
) -> Result<(ApiKeyId, SecretString), Refusal> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, 1..=200);
    if scopes.is_empty() || !scopes.iter().all(|scope| is_scope(scope)) {
        fields.reject("scopes", "must be one or more of: inbox.read, inbox.write, crm.read, crm.write, settings.read, settings.write, rights.read, visitors.issue, connector:<key>");
    }
    fields.finish()?;
    let by = By {
        account,
        actor: Actor::Operator,
        now: now(clock),
    };
    let scope = SystemScope::for_job("create an API key");
    let made = db.tx(scope, move |tx| {
        Box::pin(async move {
            if crate::store::accounts::get(tx, account).await?.is_none() {
                return Err(Error::Refused(unknown(account)));
            }
            changes::api_keys::create(tx, by, name, scopes, None).await
        })
    });
    let (key, secret) = made.await?;
    Ok((key.id, secret.into_text().into()))
}

/// Sets the password of the user with this e-mail and ends their sessions: for whoever cannot log in any more.
///
/// # Errors
/// FIELD_INVALID for an unknown e-mail or a weak password, or when the database fails.
pub async fn set_password(
    db: &Db,
    clock: &Clock,
    email: &str,
    password: &SecretString,
) -> Result<UserId, Refusal> {
    let nobody = || Refusal::field("email", "belongs to nobody");
    let email = Email::parse(email).ok_or_else(nobody)?;
    password::check(password.expose_secret(), &email)
        .map_err(|problem| Refusal::field("password", problem))?;
    let password_hash = Passwords::new()?.hash(password.expose_secret()).await?;
    let (digest, now) = (email.digest(), now(clock));
    let scope = SystemScope::for_job("set a password");
    let set = db.tx(scope, move |tx| {
        Box::pin(async move {
            let Some(known) = users::by_email(tx, &digest).await? else {
                return Ok(None);
            };
            let (account, user) = (known.account(), known.user());
            let by = By {
                account,
                actor: Actor::Operator,
                now,
            };
            changes::users::set_password(tx, by, user, &password_hash, None).await?;
            Ok::<_, Error>(Some(user))
        })
    });
    set.await?.ok_or_else(nobody)
}

/// Makes the next signing key now, to sign from ten minutes on; `None` when one waits already.
///
/// # Errors
/// When the database fails.
pub async fn rotate_keys(
    db: &Db,
    master: &MasterKey,
    clock: &Clock,
) -> anyhow::Result<Option<OffsetDateTime>> {
    crate::keyring::rotate(db, master, now(clock)).await
}

fn unknown(account: AccountId) -> Refusal {
    let description = format!("there is no account {account}");
    Refusal::fields(vec![FieldViolation {
        field: "account".to_owned(),
        description,
    }])
}
