//! The contracts as Rust: messages, clients and servers generated from proto/, modules named as packages.
//!
//! Nothing here is written by hand. `make proto` writes it anew; a test fails when it differs from proto/.

#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    rustdoc::all,
    reason = "generated"
)]
mod generated {
    include!("gen/mod.rs");
}

pub use generated::beseda::*;

/// Every contract as a `google.protobuf.FileDescriptorSet`, for reflection and for tests that walk all methods.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");
