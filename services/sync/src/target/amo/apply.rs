//! Doing the steps of a run in a portal.
//!
//! Each piece of work is one thing that a call makes, beside those of other clients. That it is begun is stored before it is asked for; so
//! whoever goes on after an answer was lost, or after the worker was killed, looks first whether it is there. What is not there yet is asked for again only when it can be
//! believed not to come any more.

use rules::{Change, Subject, Target};
use serde_json::Value;
use types::PortalId;

use super::shared::Place;
use super::wire::{self, Card};
use super::{Failure, Portal, bodies};
use crate::domain::client::Client;
use crate::domain::fault::Fault;
use crate::domain::run::Run;
use crate::store::portal_links;
use crate::target::{Due, Journal};

/// How much the clocks of amoCRM and ours may differ, in seconds.
const CLOCKS: i64 = 60;

/// Deals with a new contact each.
const CARDS: Place = Place {
    path: "/api/v4/leads/complex",
    kind: "leads",
};
const CONTACTS: Place = Place {
    path: "/api/v4/contacts",
    kind: "contacts",
};
const LEADS: Place = Place {
    path: "/api/v4/leads",
    kind: "leads",
};
const RECORDS: Place = Place {
    path: "/api/v4/leads/unsorted/forms",
    kind: "unsorted",
};
const NOTES: Place = Place {
    path: "/api/v4/leads/notes",
    kind: "notes",
};
const TASKS: Place = Place {
    path: "/api/v4/tasks",
    kind: "tasks",
};

/// What is made at once, by the places of the steps that are done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// A deal with a new contact, in one call.
    Cards { contact: usize, deal: usize },
    /// A contact alone.
    Contact(usize),
    /// A deal of a contact that is there.
    Deal(usize),
    /// An unsorted record.
    Record(usize),
    /// The note of a conversation in its deal.
    Note(usize),
    /// A task.
    Task(usize),
}

/// What was made, by amoCRM's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Made {
    /// A contact, a deal, or both.
    Cards {
        contact: Option<i64>,
        deal: Option<i64>,
    },
    /// An unsorted record, and the deal that it becomes.
    Record { uid: String, lead: Option<i64> },
    /// A note.
    Note,
    /// A task.
    Task(i64),
}

impl Work {
    /// The step that says whether it is begun.
    fn step(self) -> usize {
        match self {
            Self::Cards { deal: step, .. }
            | Self::Contact(step)
            | Self::Deal(step)
            | Self::Record(step)
            | Self::Note(step)
            | Self::Task(step) => step,
        }
    }
}

/// The next piece of work; `None`: all is done.
fn next(run: &Run) -> Option<Work> {
    let place = run.steps.iter().position(|step| !step.done)?;
    Some(match run.plan.changes.get(place)? {
        Change::Contact(_) => match run.plan.changes.get(place + 1) {
            Some(Change::Deal(deal)) if deal.contact == Target::New => Work::Cards {
                contact: place,
                deal: place + 1,
            },
            _ => Work::Contact(place),
        },
        Change::Deal(_) => Work::Deal(place),
        Change::Unsorted(_) => Work::Record(place),
        Change::Attach { .. } => Work::Note(place),
        Change::Task(_) => Work::Task(place),
    })
}

/// Whose run is done.
struct Doing<'a> {
    client: &'a Client,
    due: &'a Due,
}

impl Portal {
    /// Now, in seconds.
    fn seconds(&self) -> i64 {
        self.amo.clock.now().unix_timestamp()
    }

    pub(super) async fn do_steps(
        &self,
        client: &Client,
        run: &mut Run,
        due: &Due,
        journal: &dyn Journal,
    ) -> Result<(), Fault> {
        let doing = Doing { client, due };
        while let Some(work) = next(run) {
            let step = work.step();
            let found = match run.steps[step].begun {
                Some(begun) => self.look_for(&doing, run, work, begun).await?,
                None => None,
            };
            let made = match found {
                Some(made) => made,
                None => {
                    run.steps[step].begun = Some(self.seconds());
                    journal.keep(run).await?;
                    let made = self.make(&doing, run, work).await;
                    if !matches!(made, Ok(_) | Err(Failure::Unknown(_))) {
                        run.steps[step].begun = None;
                    }
                    made?
                }
            };
            self.link(&doing, run, &made).await?;
            settle(run, work, &made);
            journal.keep(run).await?;
        }
        Ok(())
    }

    /// What a call that was not answered has made.
    async fn look_for(
        &self,
        doing: &Doing<'_>,
        run: &Run,
        work: Work,
        begun: i64,
    ) -> Result<Option<Made>, Failure> {
        let mark = &run.steps[work.step()].id;
        let found = match work {
            Work::Cards { .. } | Work::Deal(_) => self.marked_lead(mark).await?,
            Work::Contact(_) => self.marked_contact(mark).await?,
            Work::Record(_) => self.marked_record(mark).await?,
            Work::Note(_) => self.same_note(doing, lead_of(run, work)?).await?,
            Work::Task(place) => self.same_task(run, place, begun).await?,
        };
        let settle = self.registration()?.settle.as_secs();
        let waited = self.seconds().saturating_sub(begun);
        match found {
            None if waited < i64::try_from(settle).unwrap_or(i64::MAX) => Err(Failure::ours(
                "it is not known yet whether amoCRM did what it was asked",
            )),
            found => Ok(found),
        }
    }

    async fn marked_lead(&self, mark: &str) -> Result<Option<Made>, Failure> {
        let lead = self.marked("leads", mark).await?;
        Ok(lead.map(|lead| {
            let contacts = lead.contacts();
            let main = contacts.iter().find(|it| it.is_main);
            Made::Cards {
                contact: main.or(contacts.first()).map(|it| it.id),
                deal: Some(lead.id),
            }
        }))
    }

    async fn marked_contact(&self, mark: &str) -> Result<Option<Made>, Failure> {
        let contact = self.marked("contacts", mark).await?;
        Ok(contact.map(|it| Made::Cards {
            contact: Some(it.id),
            deal: None,
        }))
    }

    async fn marked(&self, kind: &str, mark: &str) -> Result<Option<Card>, Failure> {
        let mut query = vec![("query", mark.to_owned()), ("limit", "50".to_owned())];
        if kind == "leads" {
            query.push(("with", "contacts".to_owned()));
        }
        let found = self.get(&format!("/api/v4/{kind}"), &query).await?;
        let found: Vec<Card> = wire::listed(found.as_ref(), kind);
        Ok(found.into_iter().find(|it| it.is_marked(mark)))
    }

    /// A record that was made, also where somebody has accepted it already.
    async fn marked_record(&self, mark: &str) -> Result<Option<Made>, Failure> {
        let query = [
            ("filter[category][]", "forms".to_owned()),
            ("order[created_at]", "desc".to_owned()),
            ("limit", "250".to_owned()),
        ];
        let found = self.get("/api/v4/leads/unsorted", &query).await?;
        let found: Vec<wire::Record> = wire::listed(found.as_ref(), "unsorted");
        let own = |it: &wire::Record| it.source_uid.as_deref() == Some(mark);
        if let Some(record) = found.into_iter().find(own) {
            let lead = record.lead();
            let uid = record.uid;
            return Ok(Some(Made::Record { uid, lead }));
        }
        let lead = self.marked("leads", mark).await?;
        Ok(lead.map(|lead| Made::Record {
            uid: mark.to_owned(),
            lead: Some(lead.id),
        }))
    }

    async fn same_note(&self, doing: &Doing<'_>, lead: i64) -> Result<Option<Made>, Failure> {
        let query = [
            ("filter[note_type][]", "common".to_owned()),
            ("order[updated_at]", "desc".to_owned()),
            ("limit", "250".to_owned()),
        ];
        let path = format!("/api/v4/leads/{lead}/notes");
        let found = self.get(&path, &query).await?;
        let found: Vec<wire::Note> = wire::listed(found.as_ref(), "notes");
        let text = bodies::note_text(doing.client);
        let is_same =
            |it: &wire::Note| it.params.get("text").and_then(Value::as_str) == Some(&text);
        Ok(found.iter().any(is_same).then_some(Made::Note))
    }

    /// A task with this text in the deal that is open, or was made since: an older one that is closed is another.
    async fn same_task(
        &self,
        run: &Run,
        place: usize,
        begun: i64,
    ) -> Result<Option<Made>, Failure> {
        let Some(Change::Task(wanted)) = run.plan.changes.get(place) else {
            return Ok(None);
        };
        let lead = lead_of(run, Work::Task(place))?;
        let query = [
            ("filter[entity_type]", "leads".to_owned()),
            ("filter[entity_id][]", lead.to_string()),
            ("order[created_at]", "desc".to_owned()),
            ("limit", "250".to_owned()),
        ];
        let found = self.get("/api/v4/tasks", &query).await?;
        let found: Vec<wire::Task> = wire::listed(found.as_ref(), "tasks");
        let is_same = |it: &&wire::Task| {
            it.text == wanted.text && (!it.is_completed || it.created_at >= begun - CLOCKS)
        };
        Ok(found.iter().find(is_same).map(|it| Made::Task(it.id)))
    }

    async fn make(&self, doing: &Doing<'_>, run: &Run, work: Work) -> Result<Made, Failure> {
        let mark = &run.steps[work.step()].id;
        match (work, &run.plan.changes[work.step()]) {
            (Work::Cards { contact, .. }, Change::Deal(deal)) => {
                let contact = self.contact_body(doing, run, contact)?;
                let made = self.add(CARDS, bodies::lead(deal, mark, &contact)).await?;
                let made: wire::Made = wire::parse(made)?;
                Ok(Made::Cards {
                    contact: made.contact_id,
                    deal: Some(made.id),
                })
            }
            (Work::Contact(place), _) => {
                let contact = self.contact_body(doing, run, place)?;
                Ok(Made::Cards {
                    contact: Some(id(&self.add(CONTACTS, contact).await?)?),
                    deal: None,
                })
            }
            (Work::Deal(_), Change::Deal(deal)) => {
                let contact = number(run.resolve(&deal.contact, Subject::Contact))?;
                let lead = bodies::lead(deal, mark, &bodies::known_contact(contact));
                Ok(Made::Cards {
                    contact: Some(contact),
                    deal: Some(id(&self.add(LEADS, lead).await?)?),
                })
            }
            (_, Change::Unsorted(title)) => {
                let record = bodies::record(doing.client, run, title, mark, self.seconds());
                let made: wire::Record = wire::parse(self.add(RECORDS, record).await?)?;
                let lead = made.lead();
                let uid = made.uid;
                Ok(Made::Record { uid, lead })
            }
            (_, Change::Attach { .. }) => {
                let text = bodies::note_text(doing.client);
                let note = bodies::note(lead_of(run, work)?, &text);
                self.add(NOTES, note).await?;
                Ok(Made::Note)
            }
            (_, Change::Task(task)) => {
                let task = bodies::task(task, lead_of(run, work)?, doing.due);
                Ok(Made::Task(id(&self.add(TASKS, task).await?)?))
            }
            _ => Err(Failure::Refused("a plan without sense".to_owned())),
        }
    }

    fn contact_body(&self, doing: &Doing<'_>, run: &Run, place: usize) -> Result<Value, Failure> {
        match run.plan.changes.get(place) {
            Some(Change::Contact(it)) => {
                let mark = &run.steps[place].id;
                Ok(bodies::contact(doing.client, it, mark))
            }
            _ => Err(Failure::Refused("a plan without sense".to_owned())),
        }
    }

    /// Keeps what belongs together from now on.
    async fn link(&self, doing: &Doing<'_>, run: &Run, made: &Made) -> Result<(), Failure> {
        let (account, portal, integration) = (self.account, self.id, run.integration);
        let (key, conversation) = (doing.client.key.clone(), doing.client.conversation);
        let (contact, lead) = (contact_of(run), attached(run));
        let links = match made {
            Made::Task(_) if contact.is_none() => Some(self.links(doing.client).await?),
            _ => None,
        };
        let known = contact.or(links.and_then(|links| links.contact_id));
        let made = made.clone();
        self.system(move |tx| {
            Box::pin(async move {
                match made {
                    Made::Cards {
                        contact: Some(contact),
                        ..
                    } => portal_links::set_contact(tx, account, portal, (&key, contact)).await,
                    Made::Cards { .. } => Ok(()),
                    Made::Record { uid, lead } => {
                        let record = (&uid[..], lead);
                        portal_links::set_record(tx, account, portal, conversation, record).await
                    }
                    Made::Note => {
                        attach(tx, (account, portal), (&key, contact), (conversation, lead)).await
                    }
                    Made::Task(task) => {
                        let task = (known.unwrap_or_default(), task);
                        portal_links::add_task(tx, account, integration, task).await
                    }
                }
            })
        })
        .await
    }
}

/// The client has the contact, and the conversation is conducted in the deal.
async fn attach(
    tx: &mut pg::Tx,
    (account, portal): (types::AccountId, PortalId),
    (key, contact): (&str, Option<i64>),
    (conversation, lead): (types::ConversationId, Option<i64>),
) -> Result<(), pg::Error> {
    if let Some(contact) = contact {
        portal_links::set_contact(tx, account, portal, (key, contact)).await?;
    }
    match lead {
        Some(lead) => portal_links::set_lead(tx, account, portal, (conversation, lead)).await,
        None => Ok(()),
    }
}

/// The steps that are done with a piece of work, with the ids of what is there.
fn settle(run: &mut Run, work: Work, made: &Made) {
    let deal = attached(run);
    let mut done = |place: usize, id: Option<String>| {
        let step = &mut run.steps[place];
        step.id = id.unwrap_or_else(|| step.id.clone());
        (step.done, step.begun) = (true, None);
    };
    let text = |id: &Option<i64>| id.map(|id| id.to_string());
    match (work, made) {
        (
            Work::Cards { contact, deal },
            Made::Cards {
                contact: person,
                deal: lead,
            },
        ) => {
            done(contact, text(person));
            done(deal, text(lead));
        }
        (Work::Contact(place), Made::Cards { contact, .. }) => done(place, text(contact)),
        (_, Made::Cards { deal, .. }) => done(work.step(), text(deal)),
        (_, Made::Record { uid, .. }) => done(work.step(), Some(uid.clone())),
        (_, Made::Note) => done(work.step(), text(&deal)),
        (_, Made::Task(task)) => done(work.step(), Some(task.to_string())),
    }
}

/// The contact of the run: the one that it names or made, else the one that was known.
fn contact_of(run: &Run) -> Option<i64> {
    let named = run.plan.changes.iter().find_map(|change| match change {
        Change::Attach { contact, .. } => contact.as_ref(),
        _ => None,
    });
    let named = named.map(|target| run.resolve(target, Subject::Contact));
    let known = run.known.contact.as_ref().map(|contact| &contact.id[..]);
    named
        .and_then(|id| id.parse().ok())
        .or_else(|| known.and_then(|id| id.parse().ok()))
        .or_else(|| run.made(Subject::Contact).parse().ok())
}

/// The deal in which the run conducts the conversation.
fn attached(run: &Run) -> Option<i64> {
    run.plan.changes.iter().find_map(|change| match change {
        Change::Attach { deal, .. } => run.resolve(deal, Subject::Deal).parse().ok(),
        _ => None,
    })
}

/// The deal that a note or a task goes into.
fn lead_of(run: &Run, work: Work) -> Result<i64, Failure> {
    let target = match &run.plan.changes[work.step()] {
        Change::Attach { deal, .. } => deal,
        Change::Task(task) => &task.deal,
        _ => return Err(Failure::Refused("a plan without sense".to_owned())),
    };
    number(run.resolve(target, Subject::Deal))
}

fn number(id: &str) -> Result<i64, Failure> {
    let number = id.parse();
    number.map_err(|_| Failure::Stale(format!("\"{id}\" is no id of amoCRM")))
}

/// The id of what was made.
fn id(made: &Value) -> Result<i64, Failure> {
    let no_sense = || Failure::Unknown("an answer without sense".to_owned());
    wire::id(made).ok_or_else(no_sense)
}
