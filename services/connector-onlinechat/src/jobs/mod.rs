//! What is done now and then.

mod forget;

pub use forget::Forget;
