//! Changes the account's settings.

use api::identity::v1 as proto;
use api::identity::v1::{Account, UpdateAccountRequest, UpdateAccountResponse};
use kit::validate::Fields;
use tonic::Request;

use crate::Error;
use crate::changes::accounts::{AccountChange, update};
use crate::core::Core;
use crate::domain::account::FeedAuthor;
use crate::grpc::mask::Mask;
use crate::grpc::{split, wire};

/// What an administrator may change.
const SETTINGS: [&str; 7] = [
    "title",
    "language",
    "imbox_enabled",
    "nps_enabled",
    "nps_text",
    "feed_author",
    "feed_bot_name",
];

/// The longest question of a survey, in characters.
const MAX_QUESTION: usize = 1000;

/// The longest name of a bot, in characters.
const MAX_BOT_NAME: usize = 100;

pub async fn handle(
    core: &Core,
    request: Request<UpdateAccountRequest>,
) -> Result<UpdateAccountResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let etag = request
        .account
        .as_ref()
        .map(|account| account.etag.clone())
        .unwrap_or_default();
    let change = validated(request)?;
    let account = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { update(tx, by, change, &etag).await })
        })
        .await?;
    core.waker.wake();
    let account = account.ok_or(Error::Defect("the account of a token is none"))?;
    Ok(UpdateAccountResponse {
        account: Some(account.into()),
    })
}

fn validated(request: UpdateAccountRequest) -> Result<AccountChange, Error> {
    let mask = Mask::new(request.update_mask, &SETTINGS)?;
    let mut fields = Fields::new();
    if request.account.is_none() {
        fields.reject("account", "must be given");
    }
    let account = request.account.unwrap_or_default();
    let mut change = AccountChange::default();
    if mask.has("title", !account.title.is_empty()) {
        change.title = Some(fields.line("account.title", &account.title, 1..=200));
    }
    if mask.has("language", !account.language.is_empty()) {
        change.language = wire::language(&mut fields, "account.language", &account.language);
        if change.language.is_none() {
            fields.reject("account.language", "must not be empty");
        }
    }
    if mask.has("imbox_enabled", account.imbox_enabled) {
        change.imbox = Some(account.imbox_enabled);
    }
    if mask.has("nps_enabled", account.nps_enabled) {
        change.nps_enabled = Some(account.nps_enabled);
    }
    if mask.has("nps_text", !account.nps_text.is_empty()) {
        let text = fields.text("account.nps_text", &account.nps_text, 0..=MAX_QUESTION);
        change.nps_text = Some(text.trim().to_owned());
    }
    feed(&mut fields, &mask, &account, &mut change);
    fields.finish()?;
    Ok(change)
}

/// Whom crm's timelines name as the author of employees' messages (CHW-69).
fn feed(fields: &mut Fields, mask: &Mask, account: &Account, change: &mut AccountChange) {
    let unset = i32::from(proto::FeedAuthor::Unspecified);
    if mask.has("feed_author", account.feed_author != unset) {
        change.feed_author = match fields.known("account.feed_author", account.feed_author) {
            Some(proto::FeedAuthor::Employee) => Some(FeedAuthor::Employee),
            Some(proto::FeedAuthor::Bot) => Some(FeedAuthor::Bot),
            Some(proto::FeedAuthor::Unspecified) => {
                fields.reject("account.feed_author", "must be EMPLOYEE or BOT");
                None
            }
            None => None,
        };
    }
    if mask.has("feed_bot_name", !account.feed_bot_name.is_empty()) {
        let name = &account.feed_bot_name;
        let name = fields.line("account.feed_bot_name", name, 0..=MAX_BOT_NAME);
        change.feed_bot_name = Some(name);
    }
}
