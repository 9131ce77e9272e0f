//! The rights matrix: what is set, the account's settings, and the state of an account as other services keep it.

mod epoch;
mod numbers;
mod read;
mod write;

pub use epoch::{grow, lock_options, options, set_options};
pub use read::{account, get};
pub use write::{GROUP_GONE, USER_GONE, lock, replace};

use access::Subject;
use types::{GroupId, UserId};
use uuid::Uuid;

/// A subject as columns: role, group, user.
fn columns(subject: Subject) -> (Option<i16>, Option<Uuid>, Option<Uuid>) {
    match subject {
        Subject::Role(role) => (Some(super::users::role_number(role)), None, None),
        Subject::Group(group) => (None, Some(GroupId::uuid(group)), None),
        Subject::User(user) => (None, None, Some(UserId::uuid(user))),
    }
}
