//! Every row of the golden file: the outcome, the rule that decides and the assumption it needed.

use access::{
    Action, Card, CardFacts, Entity, Level, Options, RuleSet, Rules, Source, StageRight, Subject,
    Visibility,
};
use types::{GroupId, Role, StageId, UserId};

/// The people of the table: the viewer, a colleague, a stranger.
struct People {
    me: UserId,
    my_group: GroupId,
    colleague: UserId,
    stranger: UserId,
    other_group: GroupId,
}

impl People {
    fn new() -> Self {
        Self {
            me: UserId::generate(),
            my_group: GroupId::generate(),
            colleague: UserId::generate(),
            stranger: UserId::generate(),
            other_group: GroupId::generate(),
        }
    }

    fn responsible(&self, relation: &str) -> (Option<UserId>, Option<GroupId>) {
        match relation {
            "SELF" => (Some(self.me), Some(self.my_group)),
            "GROUP" => (Some(self.colleague), Some(self.my_group)),
            "OTHER" => (Some(self.stranger), Some(self.other_group)),
            _ => panic!("a relation: {relation}"),
        }
    }
}

fn level(colour: &str) -> Level {
    match colour {
        "RED" => Level::Forbidden,
        "YELLOW" => Level::Own,
        "BLUE" => Level::Group,
        "GREEN" => Level::Allowed,
        _ => panic!("a colour: {colour}"),
    }
}

fn stage_right(text: &str) -> StageRight {
    match text {
        "NOT_SET" => StageRight::NotSet,
        "ALLOWED" => StageRight::Allowed,
        "FORBIDDEN" => StageRight::Forbidden,
        _ => panic!("a stage right: {text}"),
    }
}

fn visibility(text: &str) -> Visibility {
    match text {
        "HIDDEN" => Visibility::Hidden,
        "CONTACT_ONLY" => Visibility::ContactOnly,
        "CONTACT_AND_CHAT" => Visibility::ContactAndChat,
        "DEAL_AND_CHAT" => Visibility::DealAndChat,
        _ => panic!("an outcome: {text}"),
    }
}

/// Contacts and deals by their colours, and one stage, set for one subject.
fn rules(contacts: &str, deals: &str, stage: StageId, right: StageRight) -> Rules {
    let mut rules = Rules::default();
    rules
        .cells
        .set(Entity::Contacts, Action::View, Some(level(contacts)));
    rules
        .cells
        .set(Entity::Deals, Action::View, Some(level(deals)));
    rules.stages.insert((stage, Action::View), right);
    rules
}

/// IDN-14…IDN-31, A-01…A-05.
#[test]
fn every_row_of_the_golden_file_holds() {
    let (people, stage) = (People::new(), StageId::generate());
    let mut rows = 0;
    for line in include_str!("visibility_matrix.csv").lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        let [
            contacts,
            contact_relation,
            card,
            deals,
            deal_relation,
            subscribed,
            stage_view,
            outcome,
            rule,
            assumption,
        ] = row[..]
        else {
            panic!("ten columns: {line}");
        };
        let set = rules(contacts, deals, stage, stage_right(stage_view));
        let rules = RuleSet {
            subjects: [(Subject::Role(Role::Manager), set)].into(),
            options: Options::default(),
        };
        let (contact_owner, contact_owner_group) = people.responsible(contact_relation);
        let card = (card == "DEAL").then(|| {
            let (owner, owner_group) = people.responsible(deal_relation);
            Card {
                owner,
                owner_group,
                stage: Some(stage),
                subscribed: subscribed == "yes",
            }
        });
        let facts = CardFacts {
            contact_owner,
            contact_owner_group,
            card,
        };
        let rights = rules.compile(people.me, Some(people.my_group), Role::Manager);
        let why = rights.explain(&facts);
        assert_eq!(why.visibility, visibility(outcome), "{line}");
        assert_eq!(why.rule, rule, "{line}");
        assert_eq!(why.assumption.unwrap_or_default(), assumption, "{line}");
        assert_eq!(why.source, Source::Role, "{line}");
        assert_eq!(rights.sees(&facts), why.visibility, "{line}");
        rows += 1;
    }
    assert_eq!(rows, 912);
}
