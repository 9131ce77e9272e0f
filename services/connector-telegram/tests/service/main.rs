//! The connector at the real hub and at a strict double of the Bot API.

mod conformance;
mod inbound;
mod outbound;
mod pictures;
mod referral;
mod secrets;
mod telegram;
mod webhook;
mod world;
