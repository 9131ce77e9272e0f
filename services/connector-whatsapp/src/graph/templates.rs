//! The templates of a business account.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::client::Graph;
use super::fault::Fault;

const TIME: Duration = Duration::from_secs(30);

/// Pages that are read at most: 1,000 templates.
const PAGES: usize = 10;

#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Paging {
    cursors: Cursors,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cursors {
    after: String,
}

#[derive(Deserialize)]
struct Account {
    primary_funding_id: Option<Value>,
}

impl Graph {
    /// All templates, as WhatsApp tells them.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn templates(&self) -> Result<Vec<Value>, Fault> {
        let (mut templates, mut after) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let path = page_path(&self.account, &after);
            let page: Page = self.ask(self.get(&path), TIME).await?;
            templates.extend(page.data);
            if page.paging.next.is_empty() || page.paging.cursors.after.is_empty() {
                break;
            }
            after = page.paging.cursors.after;
        }
        Ok(templates)
    }

    /// Has the business account somebody who pays for templates (CHW-55)? Where WhatsApp does not say, the first message will.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn is_paid(&self) -> Result<bool, Fault> {
        let path = format!("{}?fields=primary_funding_id", self.account);
        let account: Account = self.ask(self.get(&path), TIME).await?;
        Ok(match account.primary_funding_id {
            Some(Value::String(id)) => !matches!(&id[..], "" | "0"),
            Some(Value::Number(id)) => id.as_u64() != Some(0),
            Some(_) => false,
            None => true,
        })
    }
}

/// The page of templates behind a cursor; the first one without.
fn page_path(account: &str, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("fields", "name,language,status,category,components");
    query.append_pair("limit", "100");
    if !after.is_empty() {
        query.append_pair("after", after);
    }
    format!("{account}/message_templates?{}", query.finish())
}
