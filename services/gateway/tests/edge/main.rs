//! The gateway through real sockets.

#[path = "../support/mod.rs"]
mod support;

mod authentication;
mod calls;
mod drain;
mod faults;
mod garbage;
mod hooks;
mod http;
mod limits;
mod logs;
mod pages;
mod redis;
mod streams;
mod tls;
mod visitor_files;
mod web;
