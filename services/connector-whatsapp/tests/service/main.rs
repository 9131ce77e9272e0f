//! The connector at the real hub and at a strict double of the Cloud API.

mod cloud;
mod conformance;
mod hooks;
mod inbound;
mod outbound;
mod referral;
mod secrets;
mod world;
