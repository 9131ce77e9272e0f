//! Who may do what: the rights matrix, and the one place that decides who sees which conversation, for lists, single reads,
//! messages, counters, live streams and sends.
//!
//! - [`RuleSet`] is what administrators set: for a role, a group or a user, any cell of the matrix, stages and fields.
//! - [`RuleSet::compile`] makes one user's [`Rights`] of it: dense tables that answer in nanoseconds, each cell with its
//!   [`Source`].
//! - [`Rights::explain`] turns the facts of a conversation's card ([`CardFacts`]) into a [`Visibility`] with the rule that
//!   decided; [`Rights::list_branches`] is the same rule as disjoint conditions that a store turns into SQL.
//! - [`AccountRights`] is an account as services hold it in memory: members, rules, and an epoch that grows.
//!
//! Everything here is pure and refuses where nothing is set. The table that `tests/visibility_matrix.csv` spells out is the
//! measure.

mod account;
mod branches;
mod compile;
mod decision;
mod matrix;
mod rights;
mod rules;
mod texts;

mod visibility;

pub use account::{AccountRights, Member, UnknownUser};
pub use branches::{Branch, ContactCondition};
pub use decision::Decision;
pub use matrix::{Action, Cells, Entity, FieldRight, Level, Relation, Source, StageRight};
pub use rights::{Rights, StageRights};
pub use rules::{Options, RuleSet, Rules, Subject};
pub use texts::rule_text;
pub use visibility::{Card, CardFacts, Explanation, Visibility};
