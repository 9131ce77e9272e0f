//! Roles of employees.

use serde::{Deserialize, Serialize};

/// Role of an employee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// «Администратор»: everything in the account.
    Administrator,
    /// «Менеджер»: what the rights matrix gives.
    Manager,
}
