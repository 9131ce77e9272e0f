//! What `beseda up` says when everything is ready.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::demo::{ADMIN, CLIENT, Demo, MANAGER};

/// Everything is ready.
#[derive(Debug)]
pub struct Summary {
    /// Address of the gateway for a client on this machine.
    pub gateway: String,
    /// How browsers reach it.
    pub public_url: String,
    /// Can other machines reach it?
    pub open_to_others: bool,
    /// Address for operators.
    pub admin: Option<SocketAddr>,
    /// The private stores.
    pub stores: Vec<String>,
    /// The demo account, when there is one that is known.
    pub demo: Option<Demo>,
    /// Which web pages are built?
    pub web_pages: BuiltPages,
    /// From start to ready.
    pub took: Duration,
}

/// Which web pages are built.
#[derive(Debug, Clone, Copy)]
pub struct BuiltPages {
    /// The online chat's.
    pub chat: bool,
    /// The cabinet's.
    pub cabinet: bool,
}

impl BuiltPages {
    /// What there is not without those that are missing.
    fn missing(self) -> Option<&'static str> {
        match (self.chat, self.cabinet) {
            (true, true) => None,
            (true, false) => Some("The cabinet's pages are not built, so there is no cabinet"),
            (false, true) => Some("The online chat's pages are not built, so there is no chat"),
            (false, false) => {
                Some("The web pages are not built, so there is no chat and no cabinet")
            }
        }
    }
}

/// The same for a program.
#[derive(Debug, Serialize)]
struct Line<'a> {
    ready: &'static str,
    pid: u32,
    gateway: &'a str,
    public_url: &'a str,
    admin: Option<SocketAddr>,
    seconds: f32,
    #[serde(flatten)]
    demo: Option<DemoLine<'a>>,
}

#[derive(Debug, Serialize)]
struct DemoLine<'a> {
    demo_url: String,
    online_chat_id: &'a str,
    cabinet_url: String,
    client_phone: &'static str,
    admin_email: &'static str,
    admin_password: &'static str,
    manager_email: &'static str,
    manager_password: &'static str,
    api_key: &'a str,
}

impl Summary {
    /// One line of JSON.
    pub fn json(&self) -> String {
        let demo = self.demo.as_ref().map(|demo| DemoLine {
            demo_url: self.demo_url(),
            online_chat_id: &demo.online_chat_id,
            cabinet_url: self.cabinet_url(demo),
            client_phone: CLIENT,
            admin_email: ADMIN.0,
            admin_password: ADMIN.1,
            manager_email: MANAGER.0,
            manager_password: MANAGER.1,
            api_key: &demo.api_key,
        });
        let line = Line {
            ready: "up",
            pid: std::process::id(),
            gateway: &self.gateway,
            public_url: &self.public_url,
            admin: self.admin,
            seconds: self.took.as_secs_f32(),
            demo,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// A text for a person. Writing into a text does not fail.
    pub fn text(&self, program: &str) -> String {
        let mut text = String::new();
        let took = self.took.as_secs_f32();
        let _ = writeln!(text, "\nBeseda is ready ({took:.1} s).\n");
        let _ = writeln!(
            text,
            "  gateway    {}   gRPC, gRPC-Web and web pages",
            self.gateway
        );
        if self.public_url != self.gateway {
            let _ = writeln!(text, "  public     {}", self.public_url);
        }
        if let Some(demo) = &self.demo {
            if self.web_pages.chat {
                let _ = writeln!(text, "  demo page  {}", self.demo_url());
            }
            if self.web_pages.cabinet {
                let _ = writeln!(text, "  cabinet    {}", self.cabinet_url(demo));
            }
        }
        if let Some(admin) = self.admin {
            let _ = writeln!(text, "  metrics    http://{admin}/metrics");
        }
        for store in &self.stores {
            let _ = writeln!(text, "  private    {store}");
        }
        if let Some(missing) = self.web_pages.missing() {
            let _ = writeln!(text, "\n  {missing}: run `make web`, then start again.");
        }
        match &self.demo {
            Some(demo) => self.demo_text(demo, program, &mut text),
            None => text.push_str(
                "\n  There is no demo account. Make your own: beseda admin create-account --help\n",
            ),
        }
        text.push_str("\nCtrl-C stops it; the data are kept.\n");
        text
    }

    fn demo_text(&self, demo: &Demo, program: &str, text: &mut String) {
        let _ = write!(
            text,
            "\nThe demo account \"Демо\" (its passwords are fixed and known to everybody: for trying out only)\n\n\
             \x20 administrator  {}  {}\n  manager        {}  {}\n  API key        {}\n\
             \x20 client         {CLIENT} in the cabinet; the code of the SMS is written here, in the log\n",
            ADMIN.0, ADMIN.1, MANAGER.0, MANAGER.1, demo.api_key
        );
        if self.open_to_others {
            text.push_str("\n  Other machines can reach this gateway, and these log-ins: start with --no-demo where that is not wanted.\n");
        }
        let server = match self.gateway.as_str() {
            "http://127.0.0.1:8080" => String::new(),
            other => format!(" --server {other}"),
        };
        let _ = write!(
            text,
            "\nTry, in another terminal:\n\n\
             \x20 {program} login{server} --email {} --password {}\n\
             \x20 {program} inbox watch{server}\n\n\
             Open the demo page and write something; then answer in a third terminal:\n\n\
             \x20 {program} inbox reply{server} 1 \"Здравствуйте!\"\n",
            ADMIN.0, ADMIN.1
        );
    }

    fn cabinet_url(&self, demo: &Demo) -> String {
        format!("{}/cabinet/{}", self.public_url, demo.cabinet_id)
    }

    fn demo_url(&self) -> String {
        format!("{}/demo", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_built_is_named_and_nothing_else() {
        let told = |chat, cabinet| BuiltPages { chat, cabinet }.missing();
        assert_eq!(told(true, true), None);
        assert!(told(true, false).is_some_and(|told| told.ends_with("so there is no cabinet")));
        assert!(told(false, true).is_some_and(|told| told.ends_with("so there is no chat")));
        assert!(told(false, false).is_some_and(|told| told.contains("no chat and no cabinet")));
    }
}
