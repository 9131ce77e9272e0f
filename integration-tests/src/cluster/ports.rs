//! Ports that stay the same while their service is dead.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Below the ports that the kernel gives to outgoing connections, which could take one while its service is dead, and
/// below those of the private stores.
const FIRST: u16 = 10_000;
const COUNT: u64 = 9_000;

/// Locked files, one for each port that this process has taken: another test may not take it while its service starts.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// So many ports that nobody listens on, for this process alone.
pub fn free<const N: usize>() -> [u16; N] {
    // All are held until the last is found, so that they differ.
    let held = [(); N].map(|()| any());
    held.map(|listener| listener.local_addr().expect("an address").port())
}

fn any() -> TcpListener {
    let random = || RandomState::new().build_hasher().finish() % COUNT;
    let ports = std::iter::repeat_with(|| FIRST + u16::try_from(random()).unwrap_or_default());
    let mut free = ports
        .take(1_000)
        .filter(|port| take(*port))
        .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    free.next().expect("a free port")
}

/// Takes a port until this process ends; false when another process has it.
fn take(port: u16) -> bool {
    let folder = std::env::temp_dir().join("beseda-test-ports");
    let made = std::fs::create_dir_all(&folder);
    let file = made.and_then(|()| File::create(folder.join(port.to_string())));
    match file {
        Ok(file) if file.try_lock().is_ok() => {
            let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
            taken.push(file);
            true
        }
        _ => false,
    }
}
