//! Ports that stay the same while their service is dead.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below the ports that the kernel gives to outgoing connections, which could take one while its service is dead, and
/// below those of the private stores.
const FIRST: u16 = 10_000;
const COUNT: u64 = 9_000;

/// So many ports that nobody listens on.
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
        .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    free.next().expect("a free port")
}
