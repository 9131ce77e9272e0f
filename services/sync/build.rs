//! Makes cargo look at `migrations/` again when a file is added there.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
