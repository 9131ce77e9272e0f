//! The gateway's port, looked at before anything is started.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use tokio::net::TcpSocket;

/// A port that is bound and does not listen yet: whoever asks for any free port does not get it, and whoever connects is
/// refused rather than left waiting.
#[derive(Debug)]
pub struct Reserved {
    socket: TcpSocket,
}

impl Reserved {
    /// Reserves the port; port 0 takes a free one.
    pub fn take(listen: SocketAddr) -> anyhow::Result<Self> {
        let socket = match listen {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.context("no socket can be made")?;
        // As the gateway binds it: connections of an earlier run that are still closing do not count.
        socket.set_reuseaddr(true)?;
        match socket.bind(listen) {
            Ok(()) => Ok(Self { socket }),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(taken(listen)),
            Err(error) => Err(error).with_context(|| {
                format!("{listen} cannot be listened on; choose another address with --listen")
            }),
        }
    }

    /// Which one it is.
    pub fn addr(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

fn taken(listen: SocketAddr) -> String {
    let port = listen.port();
    let who = match owner(port) {
        Some((pid, name)) => format!("{name} (process {pid})"),
        None => "another program".to_owned(),
    };
    format!(
        "port {port} is taken by {who}. Stop that program, or choose another port: --listen {}:{} or BESEDA_LISTEN",
        listen.ip(),
        port.checked_add(1).unwrap_or(8081)
    )
}

/// The process that listens on a port, where this system says so (Linux, processes of the same user).
fn owner(port: u16) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let sockets: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| table.lines())
        .filter_map(|line| listening_socket(line, port))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .find(|(_, process)| holds_any(process, &sockets))
        .map(|(pid, process)| (pid, name_of(&process)))
}

/// The name of the socket in a row of /proc/net/tcp: "sl local_address rem_address st … inode".
fn listening_socket(row: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let columns: Vec<&str> = row.split_whitespace().collect();
    let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(local_port, 16) == Ok(port) && columns.get(3) == Some(&LISTEN);
    is_it.then(|| format!("socket:[{}]", columns.get(9).unwrap_or(&"")))
}

fn holds_any(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| {
            sockets
                .iter()
                .any(|socket| target.as_os_str() == socket.as_str())
        })
}

fn name_of(process: &Path) -> String {
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_refused_with_who_has_it() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let text = Reserved::take(other.local_addr().unwrap())
            .unwrap_err()
            .to_string();
        if cfg!(target_os = "linux") {
            let own = format!("(process {})", std::process::id());
            assert!(text.contains(&own), "{text}");
        }
        assert!(text.contains("--listen 127.0.0.1:"), "{text}");
    }

    #[tokio::test]
    async fn a_reserved_port_can_be_listened_on_afterwards() {
        let reserved = Reserved::take("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = reserved.addr().unwrap();
        drop(reserved);
        assert!(tokio::net::TcpListener::bind(addr).await.is_ok());
    }
}
