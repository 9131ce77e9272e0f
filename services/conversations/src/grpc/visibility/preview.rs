//! What a change of rights would show and hide.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use access::{AccountRights, Action, Member, Rules, Subject};
use api::conversations::v1::{
    PreviewRightsRequest, PreviewRightsResponse, PreviewedConversation, RightsPreview,
};
use auth::{Caller, Permission, Role};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{StageId, UserId};

use super::VisibilityQuestions;
use crate::domain::card::{Cards, Owners, Viewer};
use crate::domain::conversation::{Answer, Conversation};
use crate::domain::plan::{self, Branch};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::conversations::{self, Key};
use crate::store::{cards, crm_names};
use crate::wire;

/// How many conversations are looked at for each employee.
const LOOK: i64 = 1_000;

/// How many are named.
const EXAMPLES: usize = 10;

pub async fn preview_rights(
    service: &VisibilityQuestions,
    request: &Request<PreviewRightsRequest>,
) -> Result<PreviewRightsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    caller.require(Permission::RightsRead)?;
    let request = request.get_ref();
    let given = request.rights.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let subject = auth::rights::subject(&mut fields, "rights.subject", given.subject.as_ref());
    let rules = auth::rights::rules(&mut fields, "rights", &given);
    fields.finish()?;
    let subject = subject.ok_or_else(|| Refusal::field("rights.subject", "must be given"))?;
    let size = page_size(request.page_size, 20, 50)?;
    let token = PageToken {
        method: "PreviewRights",
        account: caller.scope()?.account(),
    };
    let filters = format!("{subject:?} {rules:?}");
    let after: Option<UserId> = token.decode(&filters, &request.page_token)?;
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            check_stages(tx, &by, subject, &rules).await?;
            let change = Change::new(&by, subject, rules)?;
            previews(tx, &by, &change, after, limit).await
        })
    });
    let (previews, last): (_, Option<UserId>) = done.await?;
    Ok(PreviewRightsResponse {
        previews,
        next_page_token: last.map_or_else(String::new, |last| token.encode(&filters, &last)),
    })
}

/// Refuses stages that are newly named and not there, as SetRights does. Which fields there are bears on no conversation.
async fn check_stages(tx: &mut Tx, by: &By, subject: Subject, rules: &Rules) -> Result<(), Error> {
    let before = by.viewer.account.as_ref();
    let before = before.and_then(|account| account.rules.subjects.get(&subject));
    let is_new = |key: &&(StageId, Action)| before.is_none_or(|it| !it.stages.contains_key(*key));
    let named = rules.stages.keys().filter(is_new);
    let named: BTreeSet<StageId> = named.map(|(stage, _)| *stage).collect();
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = named.iter().map(|stage| stage.uuid()).collect();
    let there = crm_names::there(tx, by.scope.account(), &ids).await?;
    match named.iter().find(|stage| !there.contains(&stage.uuid())) {
        Some(unknown) => Err(Refusal::stage_not_found(unknown).into()),
        None => Ok(()),
    }
}

/// The account as it is and as it would be.
struct Change {
    subject: Subject,
    before: Arc<AccountRights>,
    after: Arc<AccountRights>,
}

impl Change {
    fn new(by: &By, subject: Subject, rules: Rules) -> Result<Self, Error> {
        let before = by.viewer.account.clone().unwrap_or_default();
        let unknown = match subject {
            Subject::Role(_) => None,
            Subject::Group(group) => {
                (!before.groups.contains_key(&group)).then(|| Refusal::group_not_found(group))
            }
            Subject::User(user) => {
                (!before.members.contains_key(&user)).then(|| Refusal::user_not_found(user))
            }
        };
        if let Some(refusal) = unknown {
            return Err(refusal.into());
        }
        let mut after = AccountRights::clone(&before);
        after.rules.subjects.insert(subject, rules);
        Ok(Self {
            subject,
            before,
            after: Arc::new(after),
        })
    }

    fn concerns(&self, user: UserId, member: &Member) -> bool {
        let is_subject = match self.subject {
            Subject::Role(role) => member.role == role,
            Subject::Group(group) => member.group == Some(group),
            Subject::User(subject) => subject == user,
        };
        is_subject && member.active && member.role != Role::Administrator
    }

    /// The employee as they are and as they would be.
    fn both(&self, user: UserId) -> Option<(Viewer, Viewer)> {
        let viewer = |account: &Arc<AccountRights>| {
            Some(Viewer {
                rights: Arc::new(account.rights_of(user)?),
                account: Some(Arc::clone(account)),
            })
        };
        viewer(&self.before).zip(viewer(&self.after))
    }
}

/// The conversations of some contacts' owners, kept for the next employee: those of a role often see the same.
struct Looked {
    owners: Owners,
    rows: Vec<(Conversation, Cards)>,
    more: bool,
}

async fn previews(
    tx: &mut Tx,
    by: &By,
    change: &Change,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<RightsPreview>, Option<UserId>), Error> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let members = change.before.members.range((from, Bound::Unbounded));
    let concerned = members.filter(|(user, member)| change.concerns(**user, member));
    let mut found = Vec::new();
    let mut looked: Option<Looked> = None;
    for (user, member) in concerned {
        let Some((before, after)) = change.both(*user) else {
            continue;
        };
        let owners = union(before.owners(), after.owners());
        let fresh = match looked.take().filter(|known| known.owners == owners) {
            Some(known) => known,
            None => look(tx, by, owners).await?,
        };
        let mut preview = compare(by, &fresh, &before, &after);
        preview.user_id = user.to_string();
        preview.name.clone_from(&member.name);
        found.push(preview);
        looked = Some(fresh);
        if found.len() == limit {
            return Ok((found, Some(*user)));
        }
    }
    Ok((found, None))
}

fn union(one: Owners, other: Owners) -> Owners {
    match (one, other) {
        (Owners::All, _) | (_, Owners::All) => Owners::All,
        (Owners::Only(mut users), Owners::Only(others)) => {
            users.extend(others);
            users.sort_unstable();
            users.dedup();
            Owners::Only(users)
        }
    }
}

/// Reads them as the list does, by the same branches.
async fn look(tx: &mut Tx, by: &By, owners: Owners) -> Result<Looked, Error> {
    let branch = Branch {
        by: match &owners {
            Owners::All => plan::By::Account,
            Owners::Only(users) => plan::By::ContactOwners(users.clone()),
        },
        lives: vec![true],
        answers: vec![Answer::Required, Answer::NotNeeded],
    };
    let (nobody, start) = (uuid::Uuid::nil(), Key::start());
    let conversations::Rows { rows, more } =
        conversations::read(tx, by.scope, nobody, &[branch], start, LOOK).await?;
    let account = by.scope.account();
    let wanted: Vec<_> = rows.iter().map(|row| (account, row.id)).collect();
    let mut cards = cards::of_conversations(tx, &wanted).await?;
    let rows = rows.into_iter().map(|row| {
        let cards = cards.remove(&row.id).unwrap_or_default();
        (row, cards)
    });
    Ok(Looked {
        owners,
        rows: rows.collect(),
        more,
    })
}

fn compare(by: &By, looked: &Looked, before: &Viewer, after: &Viewer) -> RightsPreview {
    use access::Visibility::Hidden;
    let mut preview = RightsPreview {
        more: looked.more,
        ..RightsPreview::default()
    };
    for (conversation, cards) in &looked.rows {
        let was = before.sees(cards);
        let would = after.sees(cards);
        let count = match (was, would) {
            (was, would) if was == would => continue,
            (Hidden, _) => &mut preview.appear,
            (_, Hidden) => &mut preview.disappear,
            (was, would) if was < would => &mut preview.widen,
            _ => &mut preview.narrow,
        };
        *count += 1;
        if preview.examples.len() < EXAMPLES {
            let title = by.viewer.sight(cards).title;
            preview.examples.push(PreviewedConversation {
                conversation_id: conversation.id.to_string(),
                number: conversation.number,
                title: title.unwrap_or_else(|| conversation.title.clone()),
                before: wire::visibility(was).into(),
                after: wire::visibility(would).into(),
            });
        }
    }
    preview
}
