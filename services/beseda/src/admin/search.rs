//! The search index of messages, made anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Args;
use conversations::admin;
use pg::Db;
use types::AccountId;

use super::AccountArgument;
use crate::database::Database;

/// Whose index.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The account: acc_…
    #[arg(long)]
    account: Option<AccountId>,
    /// The account that this user belongs to
    #[arg(long, value_name = "EMAIL")]
    account_of: Option<String>,
    /// Of all accounts, one after the other
    #[arg(long)]
    all: bool,
}

/// Rebuilds it and shows how far it is.
pub async fn rebuild(identity: &Db, database: &Database, which: &Which) -> anyhow::Result<()> {
    let db = database.conversations().await?;
    if !which.all {
        let account = AccountArgument {
            account: which.account,
            account_of: which.account_of.clone(),
        };
        return one(&db, account.find(identity).await?).await;
    }
    let mut after = None;
    loop {
        let page = admin::accounts(&db, after).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(*last);
        for account in page {
            one(&db, account).await?;
        }
    }
}

async fn one(db: &Db, account: AccountId) -> anyhow::Result<()> {
    let (began, shown) = (Instant::now(), AtomicU64::new(0));
    let progress = |done: usize, of: usize| {
        let second = began.elapsed().as_secs();
        if shown.swap(second, Ordering::Relaxed) < second {
            eprintln!("{account}: {done} of {of} messages");
        }
    };
    let count = admin::rebuild_search(db, account, progress).await?;
    println!(
        "{account}: {count} messages are indexed anew ({:.1} s).",
        began.elapsed().as_secs_f32()
    );
    Ok(())
}
