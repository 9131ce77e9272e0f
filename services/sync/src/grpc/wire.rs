//! What is stored, as replies carry it.

use api::sync::v1 as proto;
use kit::time::to_proto;
use proto::planned_change::Change as WireChange;
use proto::rule_node::Node as WireNode;
use rules::filter::{Node, Operator};
use rules::{
    Assignment, Catalogue, Change, Decision, Employee, FieldCard, FieldText, Method, Plan, Problem,
    Settings, Subject, Tag, Target,
};
use types::{Language, PortalId};

use crate::domain::integration::{Integration, etag};
use crate::domain::portal::{self, Portal};
use crate::domain::run::{self, Run, State};

/// An integration; its problems are the caller's to add.
pub fn integration(it: &Integration) -> proto::Integration {
    proto::Integration {
        id: it.id.to_string(),
        position: it.position,
        daily_employee_sync: it.daily_sync,
        employee_sync_time: it.employee_sync_time.map(to_proto),
        create_time: Some(to_proto(it.create_time)),
        update_time: Some(to_proto(it.update_time)),
        etag: etag(it.version),
        target: Some(crm(it.portal)),
        ..settings(&it.settings)
    }
}

/// Where an integration transfers to.
fn crm(portal: Option<PortalId>) -> proto::Target {
    let target = match portal {
        None => proto::target::Target::BuiltIn(proto::BuiltInTarget {}),
        Some(id) => proto::target::Target::AmoCrm(proto::AmoCrmTarget {
            portal_id: id.to_string(),
        }),
    };
    proto::Target {
        target: Some(target),
    }
}

/// A portal.
pub fn portal(it: &Portal) -> proto::Portal {
    proto::Portal {
        id: it.id.to_string(),
        host: it.host.clone(),
        name: it.name.clone(),
        state: match it.state {
            portal::State::Connected => proto::PortalState::Connected,
            portal::State::Disconnected => proto::PortalState::Disconnected,
        }
        .into(),
        problem: it.problem.clone(),
        connected_by: it.connected_by.clone(),
        connect_time: Some(to_proto(it.connect_time)),
        create_time: Some(to_proto(it.create_time)),
    }
}

/// Something that happened to the connection of a portal.
pub fn portal_event(it: &portal::Event) -> proto::PortalEvent {
    proto::PortalEvent {
        kind: it.kind.into(),
        author: it.author.clone(),
        details: it.details.clone(),
        create_time: Some(to_proto(it.create_time)),
    }
}

fn settings(it: &Settings) -> proto::Integration {
    let source = |template: &Option<rules::template::Template>| {
        template
            .as_ref()
            .map(|it| it.source().to_owned())
            .unwrap_or_default()
    };
    proto::Integration {
        name: it.name.clone(),
        enabled: it.enabled,
        exclusive: it.exclusive,
        channels: it.channels.clone(),
        method: match it.method {
            Method::ContactAndDeal => proto::TransferMethod::ContactAndDeal,
            Method::Unsorted => proto::TransferMethod::UseUnsorted,
        }
        .into(),
        filter: it.filter.as_ref().map(node),
        tasks: it.tasks.as_ref().map(tasks),
        tags: it.tags.iter().map(|it| tag(*it).into()).collect(),
        names: Some(proto::NameTemplates {
            contact: source(&it.names.contact),
            deal: source(&it.names.deal),
            task: source(&it.names.task),
        }),
        default_place: Some(place(&it.pipeline, &it.stage)),
        pipeline_rules: it.pipeline_rules.iter().map(pipeline_rule).collect(),
        responsible_employee_id: it.responsible.clone(),
        fields: it.fields.iter().map(pair).collect(),
        ..proto::Integration::default()
    }
}

fn tasks(it: &rules::Tasks) -> proto::TaskSettings {
    proto::TaskSettings {
        term: Some(term(it.term)),
        assignment: match it.assignment {
            Assignment::FromContact => proto::TaskAssignment::FromContact,
            Assignment::FromSettings => proto::TaskAssignment::FromSettings,
        }
        .into(),
    }
}

fn term(seconds: u64) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        nanos: 0,
    }
}

fn tag(tag: Tag) -> proto::RequestTag {
    match tag {
        Tag::Channel => proto::RequestTag::Channel,
        Tag::Site => proto::RequestTag::Site,
        Tag::Campaign => proto::RequestTag::Campaign,
        Tag::RequestKind => proto::RequestTag::RequestKind,
        Tag::Integration => proto::RequestTag::Integration,
    }
}

fn place(pipeline: &str, stage: &str) -> proto::DealPlace {
    proto::DealPlace {
        pipeline_id: pipeline.to_owned(),
        stage_id: stage.to_owned(),
    }
}

fn pipeline_rule(it: &rules::PipelineRule) -> proto::PipelineRule {
    proto::PipelineRule {
        condition: Some(node(&it.condition)),
        place: Some(place(&it.pipeline, &it.stage)),
    }
}

fn pair(it: &rules::FieldPair) -> proto::FieldPair {
    proto::FieldPair {
        card: card(it.card).into(),
        field_id: it.field.clone(),
        parameter: it.parameter.name().to_owned(),
    }
}

fn card(card: FieldCard) -> proto::FieldCard {
    match card {
        FieldCard::Contact => proto::FieldCard::Contact,
        FieldCard::Deal => proto::FieldCard::Deal,
    }
}

fn node(it: &Node) -> proto::RuleNode {
    let joined = |nodes: &[Node]| proto::RuleNodes {
        nodes: nodes.iter().map(node).collect(),
    };
    let node = match it {
        Node::All(nodes) => WireNode::All(joined(nodes)),
        Node::Any(nodes) => WireNode::Any(joined(nodes)),
        Node::Is(it) => WireNode::Condition(proto::RuleCondition {
            parameter: it.parameter.name().to_owned(),
            operator: operator(it.operator).into(),
            values: it
                .values
                .iter()
                .map(|value| value.text().to_owned())
                .collect(),
        }),
    };
    proto::RuleNode { node: Some(node) }
}

fn operator(operator: Operator) -> proto::RuleOperator {
    match operator {
        Operator::Equals => proto::RuleOperator::Equals,
        Operator::NotEquals => proto::RuleOperator::NotEquals,
        Operator::Contains => proto::RuleOperator::Contains,
        Operator::NotContains => proto::RuleOperator::NotContains,
        Operator::StartsWith => proto::RuleOperator::StartsWith,
        Operator::EndsWith => proto::RuleOperator::EndsWith,
        Operator::Known => proto::RuleOperator::Known,
        Operator::Unknown => proto::RuleOperator::Unknown,
    }
}

/// A problem of settings, in the reader's language.
pub fn problem(it: &Problem, language: Language) -> proto::SettingsProblem {
    proto::SettingsProblem {
        field: it.field.clone(),
        requirement: it.reason.requirement().to_owned(),
        text: it.text(language),
    }
}

/// The portal is not connected any more (SYN-01).
pub fn not_connected(id: PortalId, language: Language) -> proto::SettingsProblem {
    proto::SettingsProblem {
        field: "target.amo_crm.portal_id".to_owned(),
        requirement: "SYN-01".to_owned(),
        text: kit::Refusal::portal_not_connected(id)
            .text(language)
            .to_owned(),
    }
}

/// What a CRM has.
pub fn catalogue(it: &Catalogue) -> proto::GetCatalogueResponse {
    let stage = |it: &rules::Stage| proto::CatalogueStage {
        id: it.id.clone(),
        name: it.name.clone(),
        r#final: it.is_final,
    };
    let pipeline = |it: &rules::Pipeline| proto::CataloguePipeline {
        id: it.id.clone(),
        name: it.name.clone(),
        stages: it.stages.iter().map(stage).collect(),
    };
    let field = |it: &rules::Field| proto::CatalogueField {
        id: it.id.clone(),
        name: it.name.clone(),
        card: card(it.card).into(),
        text: it.is_text,
    };
    proto::GetCatalogueResponse {
        pipelines: it.pipelines.iter().map(pipeline).collect(),
        fields: it.fields.iter().map(field).collect(),
        employees: it.employees.iter().map(employee).collect(),
    }
}

/// An employee.
pub fn employee(it: &Employee) -> proto::Employee {
    proto::Employee {
        id: it.id.clone(),
        name: it.name.clone(),
        active: it.is_active,
    }
}

/// A plan, in the reader's language.
pub fn plan(it: &Plan, integration: (&str, &str), language: Language) -> proto::Plan {
    let (id, name) = integration;
    proto::Plan {
        integration_id: id.to_owned(),
        integration_name: name.to_owned(),
        takes: it.takes,
        changes: it.changes.iter().map(change).collect(),
        decisions: it
            .decisions
            .iter()
            .map(|it| decision(it, language))
            .collect(),
    }
}

fn decision(it: &Decision, language: Language) -> proto::Decision {
    proto::Decision {
        subject: subject(it.subject).into(),
        done: it.done,
        requirement: it.reason.requirement().to_owned(),
        text: it.reason.text(language),
    }
}

fn subject(subject: Subject) -> proto::DecisionSubject {
    match subject {
        Subject::Request => proto::DecisionSubject::Request,
        Subject::Contact => proto::DecisionSubject::Contact,
        Subject::Deal => proto::DecisionSubject::Deal,
        Subject::Unsorted => proto::DecisionSubject::Unsorted,
        Subject::Conversation => proto::DecisionSubject::Conversation,
        Subject::Task => proto::DecisionSubject::Task,
        Subject::Names => proto::DecisionSubject::Names,
        Subject::Place => proto::DecisionSubject::Place,
        Subject::Responsible => proto::DecisionSubject::Responsible,
        Subject::Tags => proto::DecisionSubject::Tags,
        Subject::Fields => proto::DecisionSubject::Fields,
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::New => String::new(),
        Target::Known(id) => id.clone(),
    }
}

fn texts(fields: &[FieldText]) -> Vec<proto::PlannedField> {
    let text = |it: &FieldText| proto::PlannedField {
        field_id: it.field.clone(),
        parameter: it.parameter.name().to_owned(),
        value: it.text.clone(),
    };
    fields.iter().map(text).collect()
}

fn change(it: &Change) -> proto::PlannedChange {
    let change = match it {
        Change::Contact(it) => WireChange::Contact(proto::PlannedContact {
            name: it.name.clone(),
            responsible_employee_id: it.responsible.clone(),
            tags: it.tags.clone(),
            fields: texts(&it.fields),
        }),
        Change::Deal(it) => WireChange::Deal(proto::PlannedDeal {
            name: it.name.clone(),
            contact_id: target(&it.contact),
            pipeline_id: it.place.pipeline.clone(),
            stage_id: it.place.stage.clone(),
            responsible_employee_id: it.responsible.clone(),
            tags: it.tags.clone(),
            fields: texts(&it.fields),
        }),
        Change::Unsorted(title) => WireChange::Unsorted(proto::PlannedUnsorted {
            title: title.clone(),
        }),
        Change::Attach { contact, deal } => WireChange::Attachment(proto::PlannedAttachment {
            contact_id: contact.as_ref().map(target).unwrap_or_default(),
            deal_id: target(deal),
        }),
        Change::Task(it) => WireChange::Task(proto::PlannedTask {
            text: it.text.clone(),
            term: Some(term(it.term)),
            responsible_employee_id: it.responsible.clone(),
            deal_id: target(&it.deal),
        }),
    };
    proto::PlannedChange {
        change: Some(change),
    }
}

/// A run without its steps.
pub fn run(it: &Run) -> proto::Run {
    proto::Run {
        id: it.id.to_string(),
        integration_id: it.integration.to_string(),
        integration_name: it.integration_name.clone(),
        conversation_id: it.conversation.to_string(),
        conversation_number: it.number,
        message_id: it.message.to_string(),
        client_name: it.client_name.clone(),
        state: match it.state {
            State::Pending => proto::RunState::Pending,
            State::Done => proto::RunState::Done,
            State::Nothing => proto::RunState::Nothing,
            State::Failed => proto::RunState::Failed,
        }
        .into(),
        problem: it.problem.clone(),
        attempts: it.attempts,
        steps: Vec::new(),
        settings_etag: etag(it.settings_version),
        create_time: Some(to_proto(it.create_time)),
        update_time: Some(to_proto(it.update_time)),
    }
}

/// A run with its steps.
pub fn run_with_steps(it: &Run) -> proto::Run {
    let steps = it.plan.changes.iter().zip(&it.steps);
    let step = |(change, step): (&Change, &run::Step)| proto::RunStep {
        subject: subject(run::subject(change)).into(),
        done: step.done,
        result_id: if step.done {
            step.id.clone()
        } else {
            String::new()
        },
    };
    proto::Run {
        steps: steps.map(step).collect(),
        ..run(it)
    }
}
