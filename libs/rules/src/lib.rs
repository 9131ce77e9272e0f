//! What becomes of a client's request: the rules that turn chats into contacts, deals, unsorted records and tasks (SYN-01 … SYN-42).
//!
//! [`plan()`] is a pure function: the settings of an integration, the facts of a request and what is known of the client give a [`Plan`],
//! the changes that are to be made and a reason for each of them and for everything that is not done. It has no clock, no I/O and no
//! memory: equal arguments give equal plans, and a plan for the state after a plan changes nothing. Whoever calls it makes the changes.
//!
//! - [`Request`]: the facts; [`Known`]: the client; [`Catalogue`]: what the CRM has.
//! - [`Settings`], made of [`filter`] trees and name [`template`]s, which are checked when they are made.
//! - [`problems`]: what settings name and is not there any more, and what happens instead.

mod catalogue;
mod engine;
pub mod filter;
mod known;
mod parameter;
mod plan;
mod preview;
mod problem;
mod reason;
mod request;
mod settings;
pub mod template;

pub use catalogue::{Catalogue, Employee, Field, FieldCard, Pipeline, Stage};
pub use engine::{Before, Named, plan};
pub use known::{Contact, Known, OpenDeal};
pub use parameter::Parameter;
pub use plan::{
    Change, Decision, FieldText, NewContact, NewDeal, NewTask, Place, Plan, Subject, Target,
};
pub use preview::{example, preview};
pub use problem::{Problem, problems};
pub use reason::{Reason, Why};
pub use request::{Occasion, Request};
pub use settings::{Assignment, FieldPair, Method, Names, PipelineRule, Settings, Tag, Tasks};
