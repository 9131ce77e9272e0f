//! Those who use an installation, each through the gateway with what the public API gives them.

mod admin;
mod connector;
mod employee;
mod visitor;
mod watch;

pub use admin::Admin;
pub use connector::{CONNECTOR, Connector, finished, read_up_to, written};
pub use employee::Employee;
pub use visitor::{Visitor, VisitorWatch};
pub use watch::Watch;
