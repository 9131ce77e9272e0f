//! Who calls, and what the call may touch.
//!
//! A token says who calls; nothing else does. [`Verifier`] checks a token once and remembers the answer, [`AuthLayer`]
//! puts the resulting [`Caller`] into the request's extensions, and a handler asks the caller for what it needs: an
//! [`AccountScope`] to reach an account's data, a [`Permission`], or a [`ConnectorScope`]. Scopes can be made nowhere else,
//! so a store function that takes one cannot be reached without a verified token.
//!
//! [`rights`] translates the rights matrix between the wire and `libs/access`: identity, which keeps it, and the services that
//! decide by it must read it alike, and all of them depend on this crate already, while `libs/access` stays free of the wire.
//!
//! [`ServiceTokens`] is the other side: a service's own token, kept fresh, put on its calls to other services.
//!
//! ```compile_fail
//! // An account scope cannot be made from an id: only a verified caller has one.
//! let scope = auth::AccountScope { account: types::AccountId::generate() };
//! ```
//!
//! ```compile_fail
//! let scope = auth::AccountScope::new(types::AccountId::generate());
//! ```

mod caller;
mod ended;
mod layer;
mod permission;
mod principal;
pub mod rights;
mod scope;
mod service_tokens;
mod source;
pub mod token;
mod verifier;

pub use caller::Caller;
pub use layer::{Auth, AuthLayer};
pub use permission::Permission;
pub use principal::Principal;
pub use scope::{AccountScope, ConnectorScope};
pub use service_tokens::{ServiceChannel, ServiceTokens};
pub use source::{Answer, Revocations, Source};
pub use types::Role;
pub use verifier::{POLL, Verifier};
