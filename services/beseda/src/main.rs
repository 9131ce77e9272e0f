//! The one binary; see the library beside it.

/// Services allocate and free small pieces on all threads at once, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    beseda::main()
}
