//! The one binary; see the library beside it.

fn main() -> std::process::ExitCode {
    beseda::main()
}
