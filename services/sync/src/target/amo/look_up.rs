//! What a portal knows of a client.

use rules::{Contact, Known, Occasion, OpenDeal};

use super::wire::{self, Card, FINAL};
use super::{Failure, Portal, Question};
use crate::domain::client::Client;
use crate::store::portal_links::{self, Links};

/// How many deals of a contact are looked at, the newest first: as many as one call can name.
const DEALS: usize = 190;
/// How many last digits make two telephone numbers the same: without the prefix of a country, which people write in several ways.
const DIGITS: usize = 10;

impl Portal {
    pub(super) async fn known(
        &self,
        client: &Client,
        question: &Question,
    ) -> Result<Known, Failure> {
        let links = self.links(client).await?;
        let goes_on = question.occasion == Occasion::Active;
        if goes_on
            && !question.with_tasks
            && let (Some(contact), Some(lead)) = (links.contact_id, links.lead_id)
        {
            return Ok(unchanged(contact, lead));
        }
        let contact = self.contact(client, &links).await?;
        let leads = self.leads(contact.as_ref(), &links).await?;
        let lead = |id: Option<i64>| id.filter(|id| leads.iter().any(|lead| lead.id == *id));
        let record = lead(links.record_lead_id).filter(|_| goes_on);
        let record = match (record, &links.record_uid) {
            (Some(lead), Some(uid)) if !self.is_unsorted(uid).await? => Some(lead),
            _ => None,
        };
        let open_task = match (&contact, question.integration) {
            (Some(contact), Some(id)) if question.with_tasks => {
                self.has_open_task(id, contact.id).await?
            }
            _ => false,
        };
        Ok(Known {
            open_deals: open_deals(contact.as_ref(), &leads),
            chat_contact: links.contact_id.map(|id| id.to_string()),
            chat_card: lead(links.lead_id).map(|id| id.to_string()),
            record_deal: record.map(|id| id.to_string()),
            contact: contact.map(|it| Contact {
                id: it.id.to_string(),
                responsible: it.responsible_user_id.to_string(),
            }),
            open_task,
            has_record: false,
        })
    }

    pub(super) async fn links(&self, client: &Client) -> Result<Links, Failure> {
        let (account, portal) = (self.account, self.id);
        let (key, conversation) = (client.key.clone(), client.conversation);
        self.system(move |tx| {
            Box::pin(
                async move { portal_links::get(tx, account, portal, &key, conversation).await },
            )
        })
        .await
    }

    /// The client's contact: the one that they had, else the oldest with their telephone number.
    async fn contact(&self, client: &Client, links: &Links) -> Result<Option<Card>, Failure> {
        if let Some(id) = links.contact_id {
            let found = self.named("contacts", &[id]).await?;
            let found = found.into_iter().next().map(wire::parse::<Card>);
            // One that was deleted or merged into another is gone.
            if let Some(found) = found.transpose()?.filter(|it| !it.is_deleted) {
                return Ok(Some(found));
            }
        }
        let wanted = digits(&client.phone);
        if wanted.len() < DIGITS {
            return Ok(None);
        }
        let query = [
            ("query", wanted.clone()),
            ("with", "leads".to_owned()),
            ("limit", "50".to_owned()),
        ];
        let found = self.get("/api/v4/contacts", &query).await?;
        let found: Vec<Card> = wire::listed(found.as_ref(), "contacts");
        let has_number = |it: &Card| it.texts("PHONE").any(|phone| digits(phone) == wanted);
        let same = found.into_iter().filter(has_number);
        Ok(same.min_by_key(|it| it.id))
    }

    /// The deals of the contact, and those that the conversation knows, as far as they are there.
    async fn leads(&self, contact: Option<&Card>, links: &Links) -> Result<Vec<Card>, Failure> {
        let of_contact = contact.map(Card::leads).unwrap_or_default();
        let mut ids: Vec<i64> = of_contact.iter().map(|lead| lead.id).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids.truncate(DEALS);
        ids.extend(links.lead_id);
        ids.extend(links.record_lead_id);
        let mut found: Vec<Card> = wire::all(self.named("leads", &ids).await?);
        found.retain(|lead| !lead.is_deleted);
        Ok(found)
    }

    async fn is_unsorted(&self, uid: &str) -> Result<bool, Failure> {
        let path = format!("/api/v4/leads/unsorted/{uid}");
        Ok(self.get(&path, &[]).await?.is_some())
    }

    /// Is a task open that the integration made for the contact? Those that are closed are forgotten.
    async fn has_open_task(
        &self,
        integration: types::IntegrationId,
        contact: i64,
    ) -> Result<bool, Failure> {
        let account = self.account;
        let made = self.system(move |tx| {
            Box::pin(async move { portal_links::tasks(tx, account, integration, contact).await })
        });
        let made: Vec<i64> = made.await?;
        if made.is_empty() {
            return Ok(false);
        }
        let found: Vec<wire::Task> = wire::all(self.named("tasks", &made).await?);
        let is_open = |id: &i64| found.iter().any(|it| it.id == *id && !it.is_completed);
        let (open, closed): (Vec<i64>, Vec<i64>) = made.into_iter().partition(is_open);
        if !closed.is_empty() {
            self.system(move |tx| {
                Box::pin(async move {
                    let gone = (contact, &closed[..]);
                    portal_links::forget_tasks(tx, account, integration, gone).await
                })
            })
            .await?;
        }
        Ok(!open.is_empty())
    }
}

/// What is known of a conversation that goes on in its deal: nothing that is looked at can have changed.
fn unchanged(contact: i64, lead: i64) -> Known {
    Known {
        contact: Some(Contact {
            id: contact.to_string(),
            responsible: String::new(),
        }),
        chat_contact: Some(contact.to_string()),
        chat_card: Some(lead.to_string()),
        ..Known::default()
    }
}

/// The contact's deals on no final stage, the last changed first.
fn open_deals(contact: Option<&Card>, leads: &[Card]) -> Vec<OpenDeal> {
    let own = contact.map(Card::leads).unwrap_or_default();
    let is_own = |lead: &&Card| own.iter().any(|it| it.id == lead.id);
    let is_open = |lead: &&Card| !FINAL.contains(&lead.status_id);
    let mut open: Vec<&Card> = leads.iter().filter(is_own).filter(is_open).collect();
    open.sort_by_key(|lead| std::cmp::Reverse((lead.updated_at, lead.id)));
    let deal = |lead: &Card| OpenDeal {
        id: lead.id.to_string(),
        pipeline: lead.pipeline_id.to_string(),
    };
    open.into_iter().map(deal).collect()
}

/// The last digits of a telephone number.
fn digits(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(DIGITS)..]
        .iter()
        .collect()
}
