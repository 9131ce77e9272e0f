//! The cabinet with the real crm and conversations behind it, and a strict double of a provider of SMS.

mod erasure;
mod erasure_calls;
mod home;
mod messages;
mod providers;
mod sessions;
mod settings;
mod sms;
mod world;
