//! ApplyRules: what rules have decided to add.

use api::crm::internal::v1::{
    ApplyRulesRequest, ApplyRulesResponse, RuleContact, RuleDeal, RuleRecord, RuleTask, RuleValue,
};
use kit::validate::Fields;
use time::OffsetDateTime;
use tonic::Request;
use types::{ContactId, DealId, FieldId, UserId};

use super::{email, id, messenger, optional_id, scope};
use crate::Error;
use crate::changes::events::{Fate, card_news};
use crate::changes::rules::{NewCard, Wanted, apply as make, new_contact, new_deal};
use crate::core::Core;
use crate::domain::card::{Labelled, Set};
use crate::domain::task::{Task, TaskKind};
use crate::domain::timeline::Author;
use crate::domain::unsorted::Record;
use crate::grpc::wire;
use types::phone;

/// Names of tags that a card can get.
const TAGS: usize = 10;

pub(super) async fn apply(
    core: &Core,
    request: Request<ApplyRulesRequest>,
) -> Result<ApplyRulesResponse, Error> {
    let scope = scope(&request, |request| &request.account_id)?;
    let request = request.into_inner();
    let mut fields = Fields::new();
    let author = Author {
        id: fields.key("author_id", &request.author_id, 1..=64),
        name: fields.line("author_name", &request.author_name, 0..=100),
    };
    let wanted = wanted(&mut fields, &request, core.clock.now());
    fields.finish()?;
    let done = core.serve(scope, author, move |tx, by| {
        Box::pin(async move {
            let done = make(tx, &by, wanted).await?;
            let news = |card| card_news(by.account, card, Fate::There);
            let answer = ApplyRulesResponse {
                contact: done.contact.as_ref().map(news),
                deal: done.deal.as_ref().map(news),
            };
            events::append(tx, &done.events).await?;
            Ok(answer)
        })
    });
    let done = done.await?;
    core.waker.wake();
    Ok(done)
}

fn wanted(fields: &mut Fields, request: &ApplyRulesRequest, now: OffsetDateTime) -> Wanted {
    Wanted {
        contact: request.contact.as_ref().map(|it| contact(fields, it)),
        deal: request.deal.as_ref().map(|it| deal(fields, it)),
        record: request.record.as_ref().map(|it| record(fields, it, now)),
        task: request.task.as_ref().map(|it| task(fields, it, now)),
    }
}

fn contact(fields: &mut Fields, it: &RuleContact) -> NewCard {
    let contact: ContactId = id(fields, "contact.contact_id", &it.contact_id);
    let name = fields.line("contact.name", &it.name, 1..=250);
    let user: UserId = id(
        fields,
        "contact.responsible_user_id",
        &it.responsible_user_id,
    );
    let mut card = new_contact(contact, name, user);
    card.messenger = messenger(fields, "contact.messenger", it.messenger.as_ref());
    let point = |value| {
        vec![Labelled {
            value,
            label: String::new(),
        }]
    };
    let phones = phone::normalised(&it.phone).map(point).map(Set::Phones);
    let emails = email(&it.email).map(point).map(Set::Emails);
    let messengers = card.messenger.clone().map(|it| Set::Messengers(vec![it]));
    card.sets
        .extend(phones.into_iter().chain(emails).chain(messengers));
    card.tags = tags(fields, "contact.tags", &it.tags);
    card.values = values(fields, "contact.values", &it.values);
    card
}

fn deal(fields: &mut Fields, it: &RuleDeal) -> (NewCard, Option<ContactId>) {
    let deal: DealId = id(fields, "deal.deal_id", &it.deal_id);
    let name = fields.line("deal.name", &it.name, 1..=250);
    let user: UserId = id(fields, "deal.responsible_user_id", &it.responsible_user_id);
    let stage = id(fields, "deal.stage_id", &it.stage_id);
    let mut card = new_deal(deal, name, user, stage);
    card.tags = tags(fields, "deal.tags", &it.tags);
    card.values = values(fields, "deal.values", &it.values);
    let contact = optional_id(fields, "deal.contact_id", &it.contact_id);
    (card, contact)
}

fn record(fields: &mut Fields, it: &RuleRecord, now: OffsetDateTime) -> Record {
    Record {
        id: id(fields, "record.record_id", &it.record_id),
        title: fields.line("record.title", &it.title, 1..=250),
        source: fields.key("record.source_key", &it.source_key, 1..=64),
        text: fields.text("record.text", &it.text, 0..=4000),
        conversation: Some(id(fields, "record.conversation_id", &it.conversation_id)),
        pipeline: None,
        contact_name: fields.line("record.contact_name", &it.contact_name, 0..=250),
        phone: phone::normalised(&it.phone),
        email: email(&it.email),
        messenger: messenger(fields, "record.messenger", it.messenger.as_ref()),
        decision: None,
        create_time: now,
    }
}

fn task(fields: &mut Fields, it: &RuleTask, now: OffsetDateTime) -> Task {
    let due_time = wire::time(fields, "task.due_time", it.due_time.as_ref());
    if it.due_time.is_none() {
        fields.reject("task.due_time", "must be given");
    }
    let deal: Option<DealId> = optional_id(fields, "task.deal_id", &it.deal_id);
    Task {
        id: id(fields, "task.task_id", &it.task_id),
        kind: TaskKind::FollowUp,
        text: fields.line("task.text", &it.text, 1..=1000),
        // Without a time the request is refused.
        due_time: due_time.unwrap_or(now),
        responsible: id(fields, "task.responsible_user_id", &it.responsible_user_id),
        card: deal.map(Into::into),
        integration: fields.key("task.integration_key", &it.integration_key, 1..=64),
        outcome: None,
        version: 1,
        create_time: now,
    }
}

fn tags(fields: &mut Fields, field: &str, names: &[String]) -> Vec<String> {
    if names.len() > TAGS {
        fields.reject(field, format!("must be at most {TAGS}"));
    }
    let mut tags: Vec<String> = Vec::new();
    for name in names.iter().take(TAGS) {
        let name = fields.line(field, name, 1..=100);
        let same = |known: &String| known.to_lowercase() == name.to_lowercase();
        if !tags.iter().any(same) {
            tags.push(name);
        }
    }
    tags
}

fn values(fields: &mut Fields, field: &str, values: &[RuleValue]) -> Vec<(FieldId, String)> {
    let values = values.iter();
    values
        .map(|it| {
            let of = id(fields, &format!("{field}.field_id"), &it.field_id);
            let text = fields.text(&format!("{field}.text"), &it.text, 0..=4000);
            (of, text)
        })
        .collect()
}
