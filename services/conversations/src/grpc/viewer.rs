//! Callers as this service sees them.

use access::Viewer;
use auth::{Caller, Principal, Role};
use kit::Refusal;

use crate::domain::message::{Author, AuthorKind};

/// As whom the caller looks at conversations. A program whose scopes let it in acts for the whole account.
pub fn viewer(caller: &Caller) -> Viewer {
    match caller.principal() {
        Principal::Employee {
            role: Role::Administrator,
            ..
        }
        | Principal::Program { .. } => Viewer::Everything,
        Principal::Employee { .. } | Principal::Service { .. } => Viewer::Employee,
    }
}

/// The caller as the author of a message. What a program sends is an answer like an employee's.
///
/// # Errors
/// PERMISSION_MISSING for a service.
pub fn author(caller: &Caller) -> Result<Author, Refusal> {
    match caller.principal() {
        Principal::Employee { user, name, .. } => Ok(Author {
            kind: AuthorKind::Employee,
            name: name.to_string(),
            user: Some(*user),
        }),
        Principal::Program { .. } => Ok(Author {
            kind: AuthorKind::Employee,
            name: String::new(),
            user: None,
        }),
        Principal::Service { .. } => Err(Refusal::permission_missing("account")),
    }
}
