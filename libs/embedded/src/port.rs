//! Loopback ports.
//!
//! Ports are taken from below the range the kernel gives to outgoing connections. A port from
//! that range can be taken by any client while its server is down, even by a client that tries to
//! reach that very server, which then is connected to itself.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use crate::{
    error::{Doing, Error},
    place,
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
const TRIES: usize = 100;

/// Another program can take the chosen port before the server does.
const LAUNCHES: usize = 3;

/// Launches a server on the port asked for, else on the one of the last time, else on any; the
/// port that worked is remembered.
pub(crate) fn launch<T>(
    asked: Option<u16>,
    folder: &Path,
    launch: impl Fn(u16) -> Result<T, Error>,
) -> Result<(u16, T), Error> {
    let remembered = folder.join("port");
    let mut launches = 0;
    loop {
        let port = choose(asked, &remembered)?;
        launches += 1;
        match launch(port) {
            Ok(server) => {
                let write = fs::write(&remembered, port.to_string());
                write.doing(|| format!("write {}", remembered.display()))?;
                return Ok((port, server));
            }
            Err(_) if !is_free(port) && launches < LAUNCHES => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the port can be listened on now.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn choose(asked: Option<u16>, remembered_in: &Path) -> Result<u16, Error> {
    if let Some(port) = asked {
        return if is_free(port) {
            Ok(port)
        } else {
            Err(Error::PortTaken { port })
        };
    }
    let last = fs::read_to_string(remembered_in)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match last.filter(|port| is_free(*port)) {
        Some(port) => Ok(port),
        None => any_free(),
    }
}

fn any_free() -> Result<u16, Error> {
    for _ in 0..TRIES {
        let random = place::random_bytes::<2>()?;
        let port = FIRST + u16::from_be_bytes(random) % COUNT;
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(Error::PortTaken { port: FIRST })
}
