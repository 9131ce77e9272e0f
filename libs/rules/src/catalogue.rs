//! What a CRM has that settings can name.

use serde::{Deserialize, Serialize};

/// What a CRM has. Ids are the CRM's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// Pipelines, in their order.
    pub pipelines: Vec<Pipeline>,
    /// Additional fields of contacts and deals.
    pub fields: Vec<Field>,
    /// Employees.
    pub employees: Vec<Employee>,
}

/// A pipeline of deals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its stages, in their order.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Is it won or lost?
    pub is_final: bool,
}

/// On which cards a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldCard {
    /// Contacts.
    Contact,
    /// Deals.
    Deal,
}

/// An additional field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// On which cards.
    pub card: FieldCard,
    /// Is it of the type text (SYN-42)?
    pub is_text: bool,
}

/// An employee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// False for whoever was switched off.
    pub is_active: bool,
}

impl Catalogue {
    /// A pipeline.
    #[must_use]
    pub fn pipeline(&self, id: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.id == id)
    }

    /// A field.
    #[must_use]
    pub fn field(&self, card: FieldCard, id: &str) -> Option<&Field> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.card == card && field.id == id)
    }

    /// An employee who was not switched off.
    #[must_use]
    pub fn active(&self, id: &str) -> Option<&Employee> {
        let mut employees = self.employees.iter();
        employees.find(|employee| employee.id == id && employee.is_active)
    }
}

impl Pipeline {
    /// A stage.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// Where new deals come in.
    #[must_use]
    pub fn first(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| !stage.is_final)
    }
}
