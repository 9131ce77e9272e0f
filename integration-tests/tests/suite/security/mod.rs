//! What is refused: strangers, wrong fields, garbage.

mod fields;
mod garbage;
mod methods;
mod rpcs;
mod tokens;
