//! What is refused: strangers, wrong fields, garbage.

mod fields;
mod garbage;
mod methods;
mod reveals;
mod rpcs;
mod tokens;
