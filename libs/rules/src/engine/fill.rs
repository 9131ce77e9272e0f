//! What cards are filled with: names, who is responsible, tags, additional fields.

use types::Language;

use super::{Case, View};
use crate::catalogue::FieldCard;
use crate::plan::{FieldText, Subject};
use crate::template::Template;
use crate::{Parameter, Plan, Reason, Tag, Why};

/// The longest name of a card, in characters.
const MAX_NAME: usize = 250;
/// The longest text of a task, in characters.
const MAX_TASK: usize = 1_000;
/// The longest tag, in characters.
const MAX_TAG: usize = 100;
/// How much of a name stands in a reason, in characters.
const MAX_ABOUT: usize = 200;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A contact.
    Contact,
    /// A deal.
    Deal,
    /// A task.
    Task,
}

impl Named {
    /// The default template (SYN-26).
    #[must_use]
    pub fn default_template(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Contact, Language::Ru) => "{{client_name|Клиент}}",
            (Self::Contact, Language::Es) => "{{client_name|Cliente}}",
            (Self::Contact, Language::En) => "{{client_name|Client}}",
            (Self::Deal, Language::Ru) => {
                "{{client_name|Клиент}}: обращение № {{conversation_number}}"
            }
            (Self::Deal, Language::Es) => {
                "{{client_name|Cliente}}: solicitud n.º {{conversation_number}}"
            }
            (Self::Deal, Language::En) => {
                "{{client_name|Client}}: request no. {{conversation_number}}"
            }
            (Self::Task, Language::Ru) => {
                "Ответить в беседе № {{conversation_number}}: {{client_name|клиент}}"
            }
            (Self::Task, Language::Es) => {
                "Responder en la conversación n.º {{conversation_number}}: {{client_name|cliente}}"
            }
            (Self::Task, Language::En) => {
                "Answer in conversation no. {{conversation_number}}: {{client_name|client}}"
            }
        }
    }

    /// The name that a template gives, or the default one where it gives none.
    pub(crate) fn name(
        self,
        template: Option<&Template>,
        view: &View<'_>,
        language: Language,
    ) -> String {
        let limit = match self {
            Self::Contact | Self::Deal => MAX_NAME,
            Self::Task => MAX_TASK,
        };
        let given = template.map(|template| template.render(view, limit));
        given.filter(|name| !name.is_empty()).unwrap_or_else(|| {
            let default = Template::try_from(self.default_template(language).to_owned());
            // The default templates are texts of this file; a test renders each of them.
            default
                .map(|default| default.render(view, limit))
                .unwrap_or_default()
        })
    }
}

impl Case<'_> {
    pub(super) fn name(&self, named: Named) -> String {
        let names = &self.settings.names;
        let template = match named {
            Named::Contact => &names.contact,
            Named::Deal => &names.deal,
            Named::Task => &names.task,
        };
        named.name(template.as_ref(), &self.view, self.language)
    }

    /// Who becomes responsible: the employee of the settings, else of the contact's card, else the first who works (SYN-34). `None`
    /// where nobody does.
    pub(super) fn responsible(&self, plan: &mut Plan) -> Option<String> {
        if let Some(chosen) = self.catalogue.active(&self.settings.responsible) {
            let reason = Reason::about(Why::ResponsibleChosen, &chosen.name);
            plan.decide(Subject::Responsible, true, reason);
            return Some(chosen.id.clone());
        }
        let of_contact = self.known.contact.as_ref();
        let of_contact = of_contact.and_then(|contact| self.catalogue.active(&contact.responsible));
        let mut all = self.catalogue.employees.iter();
        let Some(instead) = of_contact.or_else(|| all.find(|employee| employee.is_active)) else {
            plan.decide(Subject::Responsible, false, Why::NobodyResponsible.into());
            return None;
        };
        let reason = Reason::about(Why::ResponsibleGone, &instead.name);
        plan.decide(Subject::Responsible, true, reason);
        Some(instead.id.clone())
    }

    /// The tags of what is created (SYN-21, SYN-22).
    pub(super) fn tags(&self, plan: &mut Plan) -> Vec<String> {
        if self.settings.tags.is_empty() {
            plan.decide(Subject::Tags, false, Why::TagsOff.into());
            return Vec::new();
        }
        let mut tags: Vec<String> = Vec::new();
        for tag in &self.settings.tags {
            let text = self
                .tag(*tag)
                .map(|text| text.chars().take(MAX_TAG).collect());
            let text: Option<String> = text.filter(|text| !tags.contains(text));
            tags.extend(text);
        }
        if tags.is_empty() {
            plan.decide(Subject::Tags, false, Why::TagsUnknown.into());
        } else {
            let told = tags.join(", ").chars().take(MAX_ABOUT).collect::<String>();
            plan.decide(Subject::Tags, true, Reason::about(Why::TagsPut, told));
        }
        tags
    }

    fn tag(&self, tag: Tag) -> Option<String> {
        let fact = |parameter| self.view.fact(parameter).map(|text| text.into_owned());
        match tag {
            Tag::Channel => fact(Parameter::Channel),
            Tag::Site => fact(Parameter::Site),
            Tag::Campaign => fact(Parameter::UtmCampaign),
            Tag::Integration => fact(Parameter::IntegrationName),
            Tag::RequestKind => Some(kind_tag(self.view.is_repeated(), self.language).to_owned()),
        }
    }

    /// The additional fields of a card (SYN-39 … SYN-42, A-38).
    pub(super) fn fields(&self, card: FieldCard, plan: &mut Plan) -> Vec<FieldText> {
        let mut texts = Vec::new();
        for pair in self.settings.fields.iter().filter(|pair| pair.card == card) {
            let field = self.catalogue.field(card, &pair.field);
            let text = self.view.fact(pair.parameter);
            let (done, reason) = match (field, text) {
                (None, _) => (false, Reason::about(Why::FieldGone, &pair.field)),
                (Some(field), _) if !field.is_text => {
                    (false, Reason::about(Why::FieldNotText, &field.name))
                }
                (Some(field), None) => (false, Reason::about(Why::FieldUnknown, &field.name)),
                (Some(field), Some(text)) => {
                    texts.push(FieldText {
                        field: pair.field.clone(),
                        parameter: pair.parameter,
                        text: text.into_owned(),
                    });
                    (true, Reason::about(Why::FieldFilled, &field.name))
                }
            };
            plan.decide(Subject::Fields, done, reason);
        }
        texts
    }
}

fn kind_tag(repeated: bool, language: Language) -> &'static str {
    match (repeated, language) {
        (false, Language::Ru) => "Первое обращение",
        (false, Language::Es) => "Primera solicitud",
        (false, Language::En) => "First request",
        (true, Language::Ru) => "Повторное обращение",
        (true, Language::Es) => "Solicitud repetida",
        (true, Language::En) => "Repeated request",
    }
}
