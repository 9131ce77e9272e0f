//! What messages have besides text.

use pg::Error;
use sqlx::PgConnection;

use super::plan::Plan;
use super::{Item, ItemKind, Origin};
use crate::changes::Change;
use crate::domain::message::Message;
use crate::store::attachments::{self, Address};

/// Writes the files and baskets of a batch's messages, before the messages.
///
/// # Errors
/// When the database fails.
pub async fn write(
    connection: &mut PgConnection,
    plan: &Plan,
    items: &[Item],
) -> Result<(), Error> {
    let is_rich = |change: &&Change| change.message.as_ref().is_some_and(Message::is_rich);
    let rich: Vec<&Change> = plan.changes.iter().filter(is_rich).collect();
    if rich.is_empty() {
        return Ok(());
    }
    let addresses: Vec<Address> = items.iter().flat_map(addresses).collect();
    attachments::arrive(connection, &rich, &addresses).await
}

fn addresses(item: &Item) -> Vec<Address> {
    let ItemKind::Message { files, .. } = &item.kind else {
        return Vec::new();
    };
    let addresses = files.iter().filter_map(|it| match &it.origin {
        Origin::Address(url) => Some(Address {
            id: it.file.id,
            url: url.clone(),
        }),
        Origin::Uploaded { .. } => None,
    });
    addresses.collect()
}
