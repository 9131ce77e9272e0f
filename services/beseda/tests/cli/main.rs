//! The program from outside: what it starts and stops, and its terminal client.

mod documents;
mod inbox;
mod operator;
mod run;
mod up;
mod world;
