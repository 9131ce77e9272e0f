//! What the settings choose: place, names, who is responsible, tags, fields; and what is taken where they dangle.

use rules::filter::Operator;
use rules::template::Template;
use rules::{
    Change, FieldCard, FieldPair, Known, Method, Named, NewContact, Occasion, Parameter,
    PipelineRule, Place, Plan, Settings, Tag, Why, example, preview, problems,
};
use types::Language;

use crate::world::{catalogue, client, client_with_deal, is, planned, request, settings};

fn cards() -> Settings {
    settings(Method::ContactAndDeal)
}

fn rule(campaign: &str, pipeline: &str, stage: &str) -> PipelineRule {
    PipelineRule {
        condition: is(Parameter::UtmCampaign, Operator::Equals, &[campaign]),
        pipeline: pipeline.into(),
        stage: stage.into(),
    }
}

fn first(settings: &Settings, campaign: &str) -> Plan {
    let facts = [
        (Parameter::UtmCampaign, campaign),
        (Parameter::ClientName, "Иван"),
        (Parameter::Site, "okna.example"),
    ];
    planned(settings, &request(Occasion::New, &facts), &Known::default())
}

fn place(plan: &Plan) -> Place {
    plan.deal().expect("a deal").place.clone()
}

fn at(pipeline: &str, stage: &str) -> Place {
    Place {
        pipeline: pipeline.into(),
        stage: stage.into(),
    }
}

fn contact(plan: &Plan) -> &NewContact {
    let mut changes = plan.changes.iter();
    let contact = changes.find_map(|change| match change {
        Change::Contact(contact) => Some(contact),
        _ => None,
    });
    contact.expect("a contact")
}

fn says(plan: &Plan, why: Why) -> bool {
    plan.decisions
        .iter()
        .any(|decision| decision.reason.why == why)
}

#[test]
fn without_a_choice_a_deal_is_in_the_first_pipeline_and_stage() {
    let plan = first(&cards(), "spring");
    assert_eq!(place(&plan), at("p1", "p1-first"));
    assert!(says(&plan, Why::PlaceFirst));
    let mut chosen = cards();
    (chosen.pipeline, chosen.stage) = ("p2".into(), "p2-second".into());
    assert_eq!(place(&first(&chosen, "spring")), at("p2", "p2-second"));
}

#[test]
fn the_first_condition_that_holds_chooses_the_pipeline() {
    let mut settings = cards();
    settings.pipeline_rules = vec![
        rule("Spring", "p2", "p2-second"),
        rule("spring", "p1", ""),
        rule("autumn", "p2", ""),
    ];
    let spring = first(&settings, "SPRING");
    assert_eq!(place(&spring), at("p2", "p2-second"));
    assert!(says(&spring, Why::PlaceByRule));
    assert_eq!(place(&first(&settings, "autumn")), at("p2", "p2-first"));
    assert_eq!(place(&first(&settings, "winter")), at("p1", "p1-first"));
}

#[test]
fn the_active_pipeline_is_the_one_that_the_conditions_choose() {
    let mut settings = cards();
    settings.pipeline_rules = vec![rule("spring", "p2", "")];
    let known = client_with_deal("p1");
    let spring = request(Occasion::New, &[(Parameter::UtmCampaign, "spring")]);
    let plan = planned(&settings, &spring, &known);
    assert_eq!(
        place(&plan).pipeline,
        "p2",
        "the open deal is in another pipeline (A-31)"
    );
    let other = planned(&settings, &request(Occasion::New, &[]), &known);
    assert!(other.deal().is_none() && says(&other, Why::OpenDeal));
}

#[test]
fn dangling_references_have_a_fallback_and_are_told() {
    let mut settings = cards();
    (settings.pipeline, settings.responsible) = ("gone".into(), "gone".into());
    settings.pipeline_rules = vec![rule("spring", "gone", ""), rule("spring", "p2", "gone")];
    let pair = |card, field: &str| FieldPair {
        card,
        field: field.into(),
        parameter: Parameter::UtmCampaign,
    };
    settings.fields = vec![
        pair(FieldCard::Deal, "gone"),
        pair(FieldCard::Deal, "sum"),
        pair(FieldCard::Deal, "campaign"),
    ];
    let fields: Vec<_> = problems(&settings, &catalogue())
        .into_iter()
        .map(|problem| (problem.field, problem.reason.why))
        .collect();
    let told = |field: &str, why| (field.to_owned(), why);
    let expected = [
        told("default_place.pipeline_id", Why::PipelineGone),
        told("pipeline_rules[0].place.pipeline_id", Why::RulePipelineGone),
        told("pipeline_rules[1].place.stage_id", Why::StageGone),
        told("responsible_employee_id", Why::ResponsibleGone),
        told("fields[0].field_id", Why::FieldGone),
        told("fields[1].field_id", Why::FieldNotText),
    ];
    assert_eq!(fields, expected);
    let plan = first(&settings, "spring");
    assert_eq!(place(&plan), at("p2", "p2-first"));
    let deal = plan.deal().expect("a deal");
    assert_eq!(deal.responsible, "anna", "the first who works");
    assert_eq!(
        deal.fields.len(),
        1,
        "the field that fits is transferred (A-38)"
    );
    for (_, why) in expected.iter().skip(1) {
        assert!(says(&plan, *why), "{why:?}");
    }
    assert_eq!(place(&first(&settings, "autumn")), at("p1", "p1-first"));
}

#[test]
fn without_pipelines_the_contact_is_made_and_the_deal_is_not() {
    let mut empty = catalogue();
    empty.pipelines.clear();
    let (settings, known) = (cards(), Known::default());
    let request = request(Occasion::New, &[]);
    let before = rules::Before::default();
    let plan = rules::plan(&settings, &request, &known, &empty, before, Language::En);
    assert!(says(&plan, Why::NoPipeline));
    assert!(matches!(plan.changes[..], [Change::Contact(_)]));
}

#[test]
fn tags_say_facts_of_the_request_on_contact_and_deal() {
    let mut settings = cards();
    settings.tags = vec![
        Tag::Channel,
        Tag::Site,
        Tag::Campaign,
        Tag::RequestKind,
        Tag::Integration,
    ];
    let plan = first(&settings, "spring");
    let expected = [
        "onlinechat",
        "okna.example",
        "spring",
        "Первое обращение",
        "Site",
    ];
    assert_eq!(contact(&plan).tags, expected);
    assert_eq!(plan.deal().expect("a deal").tags, expected);
    let again = planned(&settings, &request(Occasion::New, &[]), &client());
    let tags = &again.deal().expect("a deal").tags;
    assert_eq!(tags[..], ["onlinechat", "Повторное обращение", "Site"]);
    assert!(says(&first(&cards(), "spring"), Why::TagsOff));
}

#[test]
fn fields_are_filled_with_parameters() {
    let mut settings = cards();
    let pair = |card, field: &str, parameter| FieldPair {
        card,
        field: field.into(),
        parameter,
    };
    settings.fields = vec![
        pair(FieldCard::Contact, "site", Parameter::Site),
        pair(FieldCard::Deal, "campaign", Parameter::UtmCampaign),
    ];
    let plan = first(&settings, "весна");
    assert_eq!(contact(&plan).fields[0].text, "okna.example");
    assert_eq!(plan.deal().expect("a deal").fields[0].text, "весна");
    let unknown = planned(&settings, &request(Occasion::New, &[]), &Known::default());
    assert!(says(&unknown, Why::FieldUnknown) && contact(&unknown).fields.is_empty());
}

#[test]
fn names_come_from_templates_and_facts_are_no_templates() {
    let mut settings = cards();
    let template = |source: &str| Template::try_from(source.to_owned()).ok();
    settings.names.contact = template("{{client_name|Гость}}\n ({{site}}) {{utm_term|—}}");
    settings.names.deal = template("{{utm_campaign}}");
    let plan = first(&settings, "{{message}} весна");
    assert_eq!(contact(&plan).name, "Иван (okna.example) —");
    assert_eq!(plan.deal().expect("a deal").name, "{{message}} весна");
    // What comes out empty has the default name.
    let bare = planned(&settings, &request(Occasion::New, &[]), &Known::default());
    assert_eq!(bare.deal().expect("a deal").name, "Клиент: обращение № 7");
    assert_eq!(contact(&bare).name, "Гость () —");
    let long = first(&settings, &"ё".repeat(10_000));
    assert_eq!(long.deal().expect("a deal").name.chars().count(), 250);
}

#[test]
fn a_preview_shows_what_a_template_gives() {
    let facts = example([(Parameter::Site, "dveri.example".to_owned())]);
    let template = Template::try_from("{{client_name}}, {{site}}, {{request_kind}}".to_owned());
    let name = preview(
        Named::Deal,
        template.ok().as_ref(),
        &facts,
        "Site",
        Language::En,
    );
    assert_eq!(name, "Анна Петрова, dveri.example, first");
    for named in [Named::Contact, Named::Deal, Named::Task] {
        for language in [Language::Ru, Language::Es, Language::En] {
            let default = preview(named, None, &facts, "Site", language);
            assert!(default.contains("Анна Петрова"), "{default}");
        }
    }
}

#[test]
fn an_exclusive_integration_before_it_takes_the_request_away() {
    let before = rules::Before {
        taken_by: Some("Old site"),
        ..rules::Before::default()
    };
    let (settings, known, request) = (cards(), Known::default(), request(Occasion::New, &[]));
    let plan = rules::plan(
        &settings,
        &request,
        &known,
        &catalogue(),
        before,
        Language::Ru,
    );
    assert!(!plan.takes && plan.changes.is_empty());
    let reason = &plan.decisions[0].reason;
    assert!(
        reason.text(Language::Ru).contains("«Old site»"),
        "{reason:?}"
    );
    assert_eq!(reason.requirement(), "SYN-02");
}

#[test]
fn a_group_chat_has_no_one_client() {
    let facts = [(Parameter::Channel, "onlinechat".to_owned())];
    let group = rules::Request::new(facts, Occasion::New, true);
    let plan = planned(&cards(), &group, &Known::default());
    assert!(!plan.takes && says(&plan, Why::Group));
}

#[test]
fn an_integration_that_is_off_takes_nothing() {
    let mut settings = cards();
    settings.enabled = false;
    let plan = first(&settings, "spring");
    assert!(!plan.takes && plan.changes.is_empty() && says(&plan, Why::Off));
}

#[test]
fn of_several_the_first_conducts_the_conversation_and_all_judge_by_what_was_known_before() {
    let before = rules::Before {
        conducted_by: Some("Site"),
        client_known: Some(false),
        ..rules::Before::default()
    };
    let mut settings = cards();
    settings.tags = vec![rules::Tag::RequestKind];
    // The integration before has made the contact.
    let known = Known {
        contact: Some(rules::Contact {
            id: "c".into(),
            responsible: "anna".into(),
        }),
        ..Known::default()
    };
    let plan = rules::plan(
        &settings,
        &request(Occasion::New, &[]),
        &known,
        &catalogue(),
        before,
        Language::Ru,
    );
    let deal = plan.deal().expect("a deal of its own");
    assert_eq!(deal.tags, ["Первое обращение"]);
    let attaches = |change: &rules::Change| matches!(change, rules::Change::Attach { .. });
    assert!(!plan.changes.iter().any(attaches), "{plan:#?}");
    let told = plan.decisions.iter().map(|it| it.reason.text(Language::Ru));
    assert!(told.into_iter().any(|text| text.contains("«Site»")));
}
