//! The same rights for lists: which cards a store has to look at, as disjoint parts that an index serves each.

use access::{Action, Card as DealFacts, Level, Rights, StageRight};
use types::{StageId, UserId};

use super::ids::Kind;
use super::viewer::Viewer;

/// One part of a list: all of what it says has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// On one of these stages; `None` for any.
    pub stages: Option<Vec<StageId>>,
    /// One of these is responsible; `None` for anybody.
    pub responsible: Option<Vec<UserId>>,
}

/// Which cards somebody may view. No card is in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// By responsible employee and stage, two at most.
    pub parts: Vec<Part>,
    /// By subscription: cards on one of these stages, or (`None` inside) on any or none.
    pub followed: Option<Option<Vec<StageId>>>,
}

/// What a request narrows a list to.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only with this responsible employee.
    pub responsible: Option<UserId>,
    /// Only on these stages.
    pub stages: Option<Vec<StageId>>,
}

impl Reach {
    /// What of `kind` the viewer may view. `all_stages` are those of the account's pipelines: they count for deals, where
    /// a stage has a right of its own.
    #[must_use]
    pub fn of(viewer: &Viewer, kind: Kind, wanted: &Wanted, all_stages: &[StageId]) -> Self {
        let rights = &viewer.rights;
        let base = rights.level(kind.entity(), Action::View);
        let special: Vec<_> = match kind {
            Kind::Deal => special_stages(rights).collect(),
            Kind::Contact | Kind::Company | Kind::Customer => Vec::new(),
        };
        let mut reach = Self::default();
        let mut rest = wanted.stages.clone();
        if !special.is_empty() {
            let universe = rest.unwrap_or_else(|| all_stages.to_vec());
            let right = |stage: &StageId| {
                special
                    .iter()
                    .find(|(of, _)| of == stage)
                    .map(|(_, right)| *right)
            };
            let allowed = universe
                .iter()
                .copied()
                .filter(|stage| right(stage) == Some(StageRight::Allowed));
            reach.add(viewer, Level::Allowed, Some(allowed.collect()), wanted);
            rest = Some(
                universe
                    .iter()
                    .copied()
                    .filter(|stage| right(stage).is_none())
                    .collect(),
            );
            reach.followed = followed(rights, kind, Some(universe));
        } else {
            reach.followed = followed(rights, kind, rest.clone());
        }
        reach.add(viewer, base, rest, wanted);
        reach
    }

    fn add(
        &mut self,
        viewer: &Viewer,
        level: Level,
        stages: Option<Vec<StageId>>,
        wanted: &Wanted,
    ) {
        let Some(responsible) = responsible(viewer, level, wanted.responsible) else {
            return;
        };
        if stages.as_ref().is_some_and(Vec::is_empty) {
            return;
        }
        let same = self
            .parts
            .iter_mut()
            .find(|part| part.responsible == responsible);
        match (same, stages) {
            (
                Some(Part {
                    stages: Some(known),
                    ..
                }),
                Some(more),
            ) => known.extend(more),
            (_, stages) => self.parts.push(Part {
                stages,
                responsible,
            }),
        }
    }
}

/// The stages with a right of their own to view.
fn special_stages(rights: &Rights) -> impl Iterator<Item = (StageId, StageRight)> + '_ {
    let of = |(stage, of): (StageId, access::StageRights)| (stage, of.get(Action::View).0);
    rights
        .stages()
        .map(of)
        .filter(|(_, right)| *right != StageRight::NotSet)
}

/// Who has to be responsible: `None` for nobody, `Some(None)` for anybody.
#[must_use]
pub fn responsible(
    viewer: &Viewer,
    level: Level,
    wanted: Option<UserId>,
) -> Option<Option<Vec<UserId>>> {
    let among = match level {
        Level::Forbidden => return None,
        Level::Allowed => return Some(wanted.map(|user| vec![user])),
        Level::Own => vec![viewer.user()?],
        Level::Group => colleagues(viewer)?,
    };
    let among: Vec<_> = among
        .into_iter()
        .filter(|user| wanted.is_none_or(|wanted| wanted == *user))
        .collect();
    (!among.is_empty()).then_some(Some(among))
}

/// The viewer and everybody of the same group, also who is switched off: their cards are still the group's.
fn colleagues(viewer: &Viewer) -> Option<Vec<UserId>> {
    let user = viewer.user()?;
    let mut colleagues = vec![user];
    if let (Some(account), Some(group)) = (&viewer.account, viewer.rights.group()) {
        let members = account.members.iter();
        let of_group = members.filter(|(id, member)| **id != user && member.group == Some(group));
        colleagues.extend(of_group.map(|(id, _)| *id));
    }
    Some(colleagues)
}

/// On which stages a subscription alone shows a deal: asked of the matrix itself.
fn followed(
    rights: &Rights,
    kind: Kind,
    stages: Option<Vec<StageId>>,
) -> Option<Option<Vec<StageId>>> {
    if !matches!(kind, Kind::Deal | Kind::Customer) {
        return None;
    }
    let only_by_subscription = |stage: Option<StageId>| {
        let shows = |subscribed| {
            rights.shows_deal(&DealFacts {
                stage,
                subscribed,
                ..DealFacts::default()
            })
        };
        shows(true) && !shows(false)
    };
    match stages {
        None => only_by_subscription(None).then_some(None),
        Some(stages) => {
            let shown: Vec<_> = stages
                .into_iter()
                .filter(|stage| only_by_subscription(Some(*stage)))
                .collect();
            (!shown.is_empty()).then_some(Some(shown))
        }
    }
}
