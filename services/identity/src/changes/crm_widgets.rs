//! The widget of the chat window in the company's CRM.

use pg::Tx;
use types::UserId;

use super::{By, api_keys};
use crate::Error;
use crate::domain::api_key::{Secret, WIDGET_SCOPE};
use crate::domain::audit::Changes;
use crate::domain::crm_widget::CrmWidget;
use crate::store::{accounts, crm_widgets};

/// The name of its key, for people.
const KEY_NAME: &str = "CRM widget";

/// Installs it; one that is there is taken away first. The secret is known only now.
///
/// # Errors
/// When the database fails.
pub async fn install(tx: &mut Tx, by: By, user: UserId) -> Result<(CrmWidget, Secret), Error> {
    // Two administrators at once: the second one replaces the first one's.
    accounts::lock(tx, by.account).await?;
    let replaced = crm_widgets::get(tx, by.account).await?;
    let scopes = vec![WIDGET_SCOPE.to_owned()];
    let (key, secret) = api_keys::create(tx, by, KEY_NAME.to_owned(), scopes, None).await?;
    if let Some(replaced) = replaced {
        api_keys::revoke(tx, by, replaced.key).await?;
    }
    let widget = CrmWidget {
        key: key.id,
        user,
        install_time: by.now,
    };
    crm_widgets::insert(tx, by.account, &widget).await?;
    let mut changes = Changes::new();
    changes.set("api_key_id", key.id);
    by.note(tx, "crm_widget.install", by.account, changes)
        .await?;
    Ok((widget, secret))
}

/// Takes it away, with its key and the sessions that this began.
///
/// # Errors
/// When the database fails.
pub async fn uninstall(tx: &mut Tx, by: By) -> Result<(), Error> {
    accounts::lock(tx, by.account).await?;
    let Some(widget) = crm_widgets::get(tx, by.account).await? else {
        return Ok(());
    };
    by.note(tx, "crm_widget.uninstall", by.account, Changes::new())
        .await?;
    api_keys::revoke(tx, by, widget.key).await
}
