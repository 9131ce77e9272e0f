//! `beseda admin`: what an operator does on the database itself, above all the first account and its administrator.
//!
//! A running installation hears of every change through its outbox; the audit log names "operator" as its author.

mod erasures;
mod password;
mod search;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use identity::admin::{self, NewAccount};
use kit::Refusal;
use kit::secrets::MasterKey;
use pg::Db;
use secrecy::ExposeSecret;
use types::{AccountId, Clock, ConnectionId};

use crate::database::Database;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Make an account with its first administrator; nothing changes when the e-mail is known
    CreateAccount(CreateAccount),
    /// Set the tariff of an account
    SetPlan {
        #[command(flatten)]
        account: AccountArgument,
        /// The tariff
        plan: Plan,
    },
    /// Set whether the subscription of an account is paid
    SetSubscription {
        #[command(flatten)]
        account: AccountArgument,
        /// Its state
        subscription: Subscription,
    },
    /// Set whether a connection is part of its account's subscription: without it no chats are created through it
    SetConnectionSubscription {
        /// The connection: cxn_…
        connection: ConnectionId,
        /// Part of it or not
        part: Part,
    },
    /// Make an API key for a backend program; its secret is shown this one time
    CreateApiKey {
        #[command(flatten)]
        account: AccountArgument,
        /// Name of the program
        name: String,
        /// What it may do: inbox.read, inbox.write, crm.read, crm.write, settings.read, settings.write, rights.read, visitors.issue, `connector:<key>`
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// Make the next key that signs access tokens now, instead of when it is due
    RotateSigningKeys,
    /// Set the password of a user and end the user's sessions
    SetPassword {
        /// E-mail of the user
        email: String,
        #[command(flatten)]
        password: password::Source,
    },
    /// Erasures of clients' data: receipts, checks, what to do after a backup was restored
    #[command(subcommand)]
    Erasures(erasures::Task),
    /// Make the search index of messages anew, of one account or of all, while the services run
    RebuildSearch(search::Which),
}

/// An account, by what is at hand.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct AccountArgument {
    /// The account: acc_…
    #[arg(long)]
    account: Option<AccountId>,
    /// The account that this user belongs to
    #[arg(long, value_name = "EMAIL")]
    account_of: Option<String>,
}

/// The new account.
#[derive(Debug, Args)]
pub struct CreateAccount {
    /// Name of the account
    title: String,
    /// E-mail of its first administrator
    email: String,
    /// Name of the administrator
    #[arg(long, default_value = "Administrator")]
    name: String,
    /// BCP 47 language, such as ru or es-MX
    #[arg(long, default_value = "ru")]
    language: String,
    /// Tariff
    #[arg(long, default_value = "basic")]
    plan: Plan,
    /// Is the subscription paid?
    #[arg(long, default_value = "active")]
    subscription: Subscription,
    /// Leave imBox switched off
    #[arg(long)]
    without_imbox: bool,
    #[command(flatten)]
    password: password::Source,
}

/// Tariff.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Plan {
    Basic,
    Extended,
    Professional,
}

/// State of the subscription.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Subscription {
    Active,
    Unpaid,
}

/// Part of the subscription or not.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Part {
    Included,
    Excluded,
}

impl From<Plan> for admin::Plan {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::Basic => Self::Basic,
            Plan::Extended => Self::Extended,
            Plan::Professional => Self::Professional,
        }
    }
}

impl From<Subscription> for admin::Subscription {
    fn from(subscription: Subscription) -> Self {
        match subscription {
            Subscription::Active => Self::Active,
            Subscription::Unpaid => Self::Unpaid,
        }
    }
}

/// Does it.
pub async fn main(task: Task) -> anyhow::Result<()> {
    let _telemetry = kit::telemetry::init_with("admin", "warn")?;
    let database = Database::find()?;
    let db = database.identity().await?;
    let clock = Clock::system();
    match task {
        Task::CreateAccount(new) => create_account(&db, &clock, new).await,
        Task::SetPlan { account, plan } => set_plan(&db, &clock, &account, plan.into()).await,
        Task::SetSubscription {
            account,
            subscription,
        } => set_subscription(&db, &clock, &account, subscription.into()).await,
        Task::SetConnectionSubscription { connection, part } => {
            set_connection_subscription(&database, connection, part).await
        }
        Task::CreateApiKey {
            account,
            name,
            scopes,
        } => create_api_key(&db, &clock, &account, &name, scopes).await,
        Task::RotateSigningKeys => rotate_keys(&db, &database.key, &clock).await,
        Task::SetPassword { email, password } => set_password(&db, &clock, &email, password).await,
        Task::Erasures(task) => erasures::main(&database, &clock, task).await,
        Task::RebuildSearch(which) => search::rebuild(&db, &database, &which).await,
    }
}

async fn create_account(db: &Db, clock: &Clock, new: CreateAccount) -> anyhow::Result<()> {
    let password = new.password.get()?;
    let account = NewAccount {
        title: new.title,
        language: new.language,
        plan: new.plan.into(),
        subscription: new.subscription.into(),
        imbox: !new.without_imbox,
        email: new.email.clone(),
        name: new.name,
        password: password.text.clone(),
    };
    let made = admin::create_account(db, clock, account)
        .await
        .map_err(said)?;
    if !made.new {
        println!(
            "{} belongs to the account {} already; nothing was changed.",
            new.email, made.account
        );
        return Ok(());
    }
    println!(
        "The account {} is made; {} ({}) administers it.",
        made.account, new.email, made.user
    );
    password.show();
    println!(
        "\nNext:\n  beseda login --email {}\n  beseda admin create-api-key --account {} \"name of a program\" --scope inbox.read",
        new.email, made.account
    );
    Ok(())
}

async fn set_plan(
    db: &Db,
    clock: &Clock,
    account: &AccountArgument,
    plan: admin::Plan,
) -> anyhow::Result<()> {
    let account = account.find(db).await?;
    let set = admin::set_plan(db, clock, account, plan).await;
    set.map_err(said)?;
    println!("{account}: the tariff is \"{}\" now.", plan.name());
    Ok(())
}

async fn set_subscription(
    db: &Db,
    clock: &Clock,
    account: &AccountArgument,
    state: admin::Subscription,
) -> anyhow::Result<()> {
    let account = account.find(db).await?;
    let set = admin::set_subscription(db, clock, account, state).await;
    set.map_err(said)?;
    println!("{account}: the subscription is \"{}\" now.", state.name());
    Ok(())
}

async fn set_connection_subscription(
    database: &Database,
    connection: ConnectionId,
    part: Part,
) -> anyhow::Result<()> {
    let db = database.conversations().await?;
    let is_in = matches!(part, Part::Included);
    if !conversations::admin::set_in_subscription(&db, connection, is_in).await? {
        anyhow::bail!("there is no connection {connection}");
    }
    let is = if is_in { "is" } else { "is not" };
    println!("{connection} {is} part of the subscription now.");
    Ok(())
}

async fn rotate_keys(db: &Db, key: &MasterKey, clock: &Clock) -> anyhow::Result<()> {
    match admin::rotate_keys(db, key, clock).await? {
        Some(time) => {
            let time = time.replace_nanosecond(0)?;
            println!(
                "A new key signs from {time} on; the old one goes when its last token has expired."
            );
        }
        None => println!("A new key is waiting already; nothing was changed."),
    }
    Ok(())
}

async fn create_api_key(
    db: &Db,
    clock: &Clock,
    account: &AccountArgument,
    name: &str,
    scopes: Vec<String>,
) -> anyhow::Result<()> {
    let account = account.find(db).await?;
    let made = admin::create_api_key(db, clock, account, name, scopes).await;
    let (id, secret) = made.map_err(said)?;
    println!("The API key {id} of {account} is made. Its secret, shown this one time:\n");
    println!("  {}\n", secret.expose_secret());
    println!(
        "Send it as \"authorization: Bearer <secret>\", or try it:\n  BESEDA_API_KEY=<secret> beseda inbox list"
    );
    Ok(())
}

async fn set_password(
    db: &Db,
    clock: &Clock,
    email: &str,
    source: password::Source,
) -> anyhow::Result<()> {
    let password = source.get()?;
    let user = admin::set_password(db, clock, email, &password.text).await;
    let user = user.map_err(said)?;
    println!("{email} ({user}) has a new password; the sessions until now are ended.");
    password.show();
    Ok(())
}

impl AccountArgument {
    async fn find(&self, db: &Db) -> anyhow::Result<AccountId> {
        match (self.account, &self.account_of) {
            (Some(account), _) => Ok(account),
            (None, Some(email)) => {
                let found = admin::find_account(db, email).await.map_err(said)?;
                found.with_context(|| format!("nobody has the e-mail {email}"))
            }
            (None, None) => anyhow::bail!("name an account: --account or --account-of"),
        }
    }
}

/// A refusal in words: what is wrong, and with which field.
fn said(refusal: Refusal) -> anyhow::Error {
    anyhow::Error::msg(tonic::Status::from(refusal).message().to_owned())
}
