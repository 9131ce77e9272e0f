//! Decision tables 2.6 and 2.7, each combination against the first row that fits.

use std::collections::BTreeSet;

use rules::filter::Operator;
use rules::{
    Assignment, Change, Known, Method, Occasion, Parameter, Plan, Settings, Target, Tasks,
};

use crate::world::{client, client_with_deal, is, planned, request, settings};

const REQUESTS: &str = include_str!("requests.txt");
const TASKS: &str = include_str!("tasks.txt");

/// The rows of a table: what they ask for, and what comes of it.
fn rows(table: &'static str) -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let rows = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let (asks, gives) = row.split_once('=').expect("a row has two sides");
        let words = |side: &'static str| side.split_whitespace().collect();
        (words(asks), words(gives))
    })
    .collect()
}

/// The first row that fits, by its place.
fn fitting(rows: &[(Vec<&str>, Vec<&str>)], case: &[&str]) -> usize {
    let fits = |asks: &[&str]| {
        asks.iter()
            .zip(case)
            .all(|(ask, is)| *ask == "*" || ask == is)
    };
    rows.iter()
        .position(|(asks, _)| fits(asks))
        .expect("a row fits")
}

/// Every combination of one value of each column.
fn combinations(columns: &[&[&'static str]]) -> Vec<Vec<&'static str>> {
    let none = vec![Vec::new()];
    columns.iter().fold(none, |cases, column| {
        let more = |case: &Vec<&'static str>| {
            let case = case.clone();
            column
                .iter()
                .map(move |value| [case.clone(), vec![*value]].concat())
        };
        cases.iter().flat_map(more).collect()
    })
}

fn occasion(name: &str) -> Occasion {
    match name {
        "new" => Occasion::New,
        "closed" => Occasion::Closed,
        _ => Occasion::Active,
    }
}

fn settings_of(method: &str, filter: &str) -> Settings {
    let mut settings = settings(match method {
        "cards" => Method::ContactAndDeal,
        _ => Method::Unsorted,
    });
    let site = |value| is(Parameter::Site, Operator::Equals, &[value]);
    settings.filter = match filter {
        "holds" => Some(site("okna.example")),
        "fails" => Some(site("other.example")),
        _ => None,
    };
    settings
}

fn known_of(client_is: &str, deal: &str, conducted: &str) -> Option<Known> {
    let mut known = match (client_is, deal) {
        ("unknown", "none") => Known::default(),
        ("unknown", _) => return None,
        (_, "open") => client_with_deal("p1"),
        (_, "other") => client_with_deal("p2"),
        _ => client(),
    };
    if conducted == "yes" {
        known.chat_contact = Some("c".into());
        // With an open deal the conversation is conducted in it, else in one that was closed since.
        let open = deal == "open";
        known.chat_card = Some(if open { "d" } else { "closed" }.into());
    }
    Some(known)
}

fn outcome(plan: &Plan) -> Vec<&'static str> {
    let said = |made: fn(&Change) -> bool, word| {
        if plan.changes.iter().any(made) {
            word
        } else {
            "-"
        }
    };
    vec![
        said(|change| matches!(change, Change::Contact(_)), "new"),
        said(|change| matches!(change, Change::Deal(_)), "new"),
        said(|change| matches!(change, Change::Unsorted(_)), "new"),
        said(|change| matches!(change, Change::Attach { .. }), "yes"),
    ]
}

#[test]
fn every_request_becomes_what_table_2_6_says() {
    let rows = rows(REQUESTS);
    let mut used = BTreeSet::new();
    for case in combinations(&[
        &["cards", "unsorted"],
        &["selected", "other"],
        &["none", "holds", "fails"],
        &["unknown", "known"],
        &["none", "open", "other"],
        &["yes", "no"],
        &["new", "closed", "active"],
    ]) {
        let Some(known) = known_of(case[3], case[4], case[5]) else {
            continue;
        };
        let mut settings = settings_of(case[0], case[2]);
        if case[1] == "other" {
            settings.channels = vec!["telegram".into()];
        }
        let request = request(occasion(case[6]), &[(Parameter::Site, "okna.example")]);
        let row = fitting(&rows, &case);
        used.insert(row);
        let plan = planned(&settings, &request, &known);
        assert_eq!(outcome(&plan), rows[row].1, "{case:?}: {plan:#?}");
        assert_eq!(plan.takes, case[1] == "selected" && case[2] != "fails");
    }
    assert_eq!(used.len(), rows.len(), "a row is never used");
}

#[test]
fn every_task_is_made_as_table_2_7_says() {
    let rows = rows(TASKS);
    let mut used = BTreeSet::new();
    for case in combinations(&[
        &["off", "contact", "settings"],
        &["yes", "no"],
        &["yes", "no"],
        &["new", "closed", "active"],
    ]) {
        // The client's deal is there with one method; with the other there is none before a record is accepted.
        let has_deal = case[2] == "yes";
        let method = if has_deal {
            Method::ContactAndDeal
        } else {
            Method::Unsorted
        };
        let mut settings = settings(method);
        let tasks = |assignment| Tasks {
            term: 3600,
            assignment,
        };
        settings.tasks = match case[0] {
            "contact" => Some(tasks(Assignment::FromContact)),
            "settings" => Some(tasks(Assignment::FromSettings)),
            _ => None,
        };
        let mut known = client_with_deal("p1");
        known.open_task = case[1] == "yes";
        let plan = planned(&settings, &request(occasion(case[3]), &[]), &known);
        let row = fitting(&rows, &case);
        used.insert(row);
        let whose = plan.task().map_or("-", |task| &task.responsible[..]);
        assert_eq!(whose, rows[row].1[0], "{case:?}: {plan:#?}");
        if let Some(task) = plan.task() {
            assert_eq!((task.term, &task.deal), (3600, &Target::Known("d".into())));
        }
    }
    assert_eq!(used.len(), rows.len(), "a row is never used");
}

#[test]
fn a_task_of_an_accepted_record_goes_into_its_deal() {
    let mut settings = settings(Method::Unsorted);
    settings.tasks = Some(Tasks {
        term: 60,
        assignment: Assignment::FromSettings,
    });
    let first = planned(&settings, &request(Occasion::New, &[]), &Known::default());
    assert!(first.task().is_none(), "no deal yet (A-35)");
    let accepted = Known {
        record_deal: Some("accepted".into()),
        ..client()
    };
    let next = planned(&settings, &request(Occasion::Active, &[]), &accepted);
    let deal = Target::Known("accepted".into());
    assert_eq!(next.task().map(|task| &task.deal), Some(&deal));
    assert!(
        next.changes
            .iter()
            .any(|change| matches!(change, Change::Attach { .. }))
    );
}
