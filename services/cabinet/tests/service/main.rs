//! The cabinet with the real crm and conversations behind it, and a strict double of a provider of SMS.

mod erasure;
mod erasure_calls;
mod home;
mod messages;
mod providers;
mod sessions;
mod settings;
#[cfg(feature = "smpp")]
mod smpp;
mod sms;
#[cfg(feature = "smpp")]
mod smsc;
mod world;
