//! Settings from the environment. All problems are collected, so that they can be put right at once.

use std::fmt::Display;
use std::fs;
use std::str::FromStr;

use anyhow::bail;
use kit::secrets::MasterKey;
use secrecy::SecretString;
use url::Url;

/// Where variables are looked up.
type Lookup = Box<dyn Fn(&str) -> Option<String>>;

/// Variables and what is wrong with them.
pub struct Environment {
    lookup: Lookup,
    problems: Vec<String>,
}

impl Environment {
    /// That of this process. An empty variable counts as not set.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    fn new(lookup: impl Fn(&str) -> Option<String> + 'static) -> Self {
        Self {
            lookup: Box::new(lookup),
            problems: Vec::new(),
        }
    }

    /// A variable as it is.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable that has to be set.
    pub fn required(&mut self, name: &str, what: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(format!("{name} is not set: {what}"));
            String::new()
        })
    }

    /// A secret: the variable, or the file that the variable with `_FILE` behind its name names.
    pub fn secret(&mut self, name: &str) -> Option<SecretString> {
        if let Some(value) = self.text(name) {
            return Some(value.into());
        }
        let file_name = format!("{name}_FILE");
        let path = self.text(&file_name)?;
        match fs::read_to_string(&path) {
            Ok(value) => Some(value.trim().into()),
            Err(error) => {
                self.problem(format!(
                    "{file_name} names {path}, which cannot be read: {error}"
                ));
                None
            }
        }
    }

    /// The master key, when one is set.
    pub fn master_key(&mut self) -> Option<MasterKey> {
        use secrecy::ExposeSecret;
        let text = self.secret(kit::secrets::VARIABLE)?;
        MasterKey::parse(text.expose_secret())
            .map_err(|error| self.problem(error.to_string()))
            .ok()
    }

    /// A variable that is a number, an address or the like.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, example: &str) -> Option<T> {
        let text = self.text(name)?;
        text.trim()
            .parse()
            .map_err(|error| {
                self.problem(format!(
                    "{name} is \"{text}\": {error}; for example {example}"
                ));
            })
            .ok()
    }

    /// A list of such, separated by commas.
    pub fn list<T: FromStr<Err: Display>>(&mut self, name: &str, example: &str) -> Vec<T> {
        let text = self.text(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let mut values = Vec::new();
        for part in parts {
            match part.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.problem(format!(
                    "{name} contains \"{part}\": {error}; for example {example}"
                )),
            }
        }
        values
    }

    /// Where the Bot API of Telegram is.
    pub fn telegram_api(&mut self) -> Url {
        let own = self.parsed("BESEDA_TELEGRAM_API_URL", "http://127.0.0.1:8081");
        own.unwrap_or_else(connector_telegram::Config::usual_api)
    }

    /// As what the installation is registered with amoCRM; `None` where it is not.
    pub fn amo_crm(&mut self) -> Option<sync::Registration> {
        let client_id = self.text("BESEDA_AMOCRM_CLIENT_ID")?;
        let client_secret = self.secret("BESEDA_AMOCRM_CLIENT_SECRET");
        let return_url = self.text("BESEDA_AMOCRM_RETURN_URL");
        if client_secret.is_none() || return_url.is_none() {
            self.problem("BESEDA_AMOCRM_CLIENT_ID is set, so BESEDA_AMOCRM_CLIENT_SECRET and BESEDA_AMOCRM_RETURN_URL have to be set too");
        }
        let page = self.parsed("BESEDA_AMOCRM_PAGE_URL", "https://www.kommo.com/oauth");
        Some(sync::Registration {
            client_id,
            client_secret: client_secret?,
            return_url: return_url?,
            authorize_url: page.unwrap_or_else(sync::Registration::usual_page),
            api_url: self.parsed("BESEDA_AMOCRM_API_URL", "http://127.0.0.1:8082"),
            patience: sync::Registration::PATIENCE,
            settle: sync::Registration::SETTLE,
        })
    }

    /// Where the Graph API is, with its version.
    pub fn whatsapp_api(&mut self) -> Url {
        let own = self.parsed(
            "BESEDA_WHATSAPP_API_URL",
            "https://graph.facebook.com/v26.0",
        );
        own.unwrap_or_else(connector_whatsapp::Config::usual_api)
    }

    /// Hosts from which files of WhatsApp's clients are fetched.
    pub fn whatsapp_media_hosts(&mut self) -> Vec<String> {
        let own = self.list("BESEDA_WHATSAPP_MEDIA_HOSTS", "lookaside.fbsbx.com");
        match own.is_empty() {
            true => connector_whatsapp::Config::usual_media_hosts(),
            false => own,
        }
    }

    /// Providers of SMS that can be installed: the ready ones and the operator's own.
    pub fn sms_widgets(&mut self, outbox: bool) -> Option<cabinet::sms::Widgets> {
        let mut widgets = cabinet::sms::Widgets::ready(outbox);
        let Some(path) = self.text("BESEDA_SMS_WIDGETS") else {
            return Some(widgets);
        };
        let read = fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|json| widgets.add(&json)) {
            Ok(()) => Some(widgets),
            Err(error) => {
                self.problem(format!("BESEDA_SMS_WIDGETS names {path}: {error}"));
                None
            }
        }
    }

    /// Whether calls are counted and limited: always, unless a load test says otherwise.
    pub fn rate_limits(&mut self) -> bool {
        match self.text("BESEDA_RATE_LIMITS").as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => {
                self.problem(format!(
                    "BESEDA_RATE_LIMITS is \"{other}\"; it may be on or off"
                ));
                true
            }
        }
    }

    /// Notes a problem.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// All problems, or none.
    pub fn finish(self) -> anyhow::Result<()> {
        match &self.problems[..] {
            [] => Ok(()),
            [one] => bail!("{one}"),
            many => bail!(
                "{} settings are wrong:\n  - {}",
                many.len(),
                many.join("\n  - ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::net::SocketAddr;

    fn environment(values: &'static [(&str, &str)]) -> Environment {
        Environment::new(|name| {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_problem_is_named() {
        let mut settings = environment(&[("LISTEN", "here"), ("KEY_FILE", "/does/not/exist")]);
        let listen: Option<SocketAddr> = settings.parsed("LISTEN", "127.0.0.1:8080");
        assert!(listen.is_none() && settings.secret("KEY").is_none());
        settings.required("URL", "the address");
        let text = settings.finish().unwrap_err().to_string();
        for part in [
            "3 settings",
            "LISTEN is \"here\"",
            "KEY_FILE names",
            "URL is not set",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "from a file\n").unwrap();
        let path = path.display().to_string();
        let mut settings = Environment::new(move |name| (name == "KEY_FILE").then(|| path.clone()));
        let secret = settings.secret("KEY").unwrap();
        assert_eq!(secret.expose_secret(), "from a file");
    }

    #[test]
    fn a_list_is_separated_by_commas() {
        let mut settings = environment(&[("PORTS", "1, 2,,3")]);
        assert_eq!(settings.list::<u16>("PORTS", "80"), [1, 2, 3]);
        assert!(settings.finish().is_ok());
    }
}
