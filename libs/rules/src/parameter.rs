//! The facts of a request that conditions, templates, tags and fields can name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use types::Language;

macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $ru:literal, $es:literal, $en:literal;)*) => {
        /// A fact of a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Parameter {
            $($(#[$doc])* $name,)*
        }

        impl Parameter {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As settings name it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The parameter of this name.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }

            /// What it is, for a person.
            #[must_use]
            pub fn text(self, language: Language) -> &'static str {
                let (ru, es, en) = match self { $(Self::$name => ($ru, $es, $en),)* };
                match language {
                    Language::Ru => ru,
                    Language::Es => es,
                    Language::En => en,
                }
            }
        }
    };
}

parameters! {
    /// The client's name as the channel knows it.
    ClientName = "client_name": "Имя клиента", "Nombre del cliente", "The client's name";
    /// Their telephone number.
    ClientPhone = "client_phone": "Телефон клиента", "Teléfono del cliente", "The client's telephone number";
    /// Their e-mail.
    ClientEmail = "client_email": "Почта клиента", "Correo del cliente", "The client's e-mail";
    /// The channel's id of them.
    ExternalId = "external_id": "Идентификатор в канале", "Identificador en el canal", "The channel's id of the client";
    /// Key of the connector.
    Channel = "channel": "Канал", "Canal", "The channel";
    /// Id of the connection.
    Connection = "connection": "Подключение", "Conexión", "The connection";
    /// Number of the conversation.
    ConversationNumber = "conversation_number": "Номер беседы", "Número de la conversación", "The number of the conversation";
    /// The message.
    Message = "message": "Текст сообщения", "Texto del mensaje", "The text of the message";
    /// Host of the page.
    Site = "site": "Сайт", "Sitio", "The site";
    /// Address of the page.
    PageUrl = "page_url": "Адрес страницы", "Dirección de la página", "The address of the page";
    /// Title of the page.
    PageTitle = "page_title": "Заголовок страницы", "Título de la página", "The title of the page";
    /// Where the client came from.
    Referrer = "referrer": "Источник перехода", "Página de origen", "Where the client came from";
    /// utm_source.
    UtmSource = "utm_source": "utm_source", "utm_source", "utm_source";
    /// utm_medium.
    UtmMedium = "utm_medium": "utm_medium", "utm_medium", "utm_medium";
    /// utm_campaign: the advertising campaign.
    UtmCampaign = "utm_campaign": "Рекламная кампания (utm_campaign)", "Campaña publicitaria (utm_campaign)", "The advertising campaign (utm_campaign)";
    /// utm_term.
    UtmTerm = "utm_term": "utm_term", "utm_term", "utm_term";
    /// utm_content.
    UtmContent = "utm_content": "utm_content", "utm_content", "utm_content";
    /// The advertisement or link that led to the chat, as a messenger says: what a Telegram link brings, the address of what was
    /// clicked on in front of WhatsApp.
    Referral = "referral": "Реклама или ссылка, по которой клиент открыл чат", "Anuncio o enlace que llevó al chat", "The advertisement or link that led to the chat";
    /// What it was, for example "ad" or "post".
    ReferralType = "referral_type": "Вид рекламы: ad, post", "Tipo del anuncio: ad, post", "What kind of advertisement it was: ad, post";
    /// Its id at the one who showed it.
    ReferralId = "referral_id": "Идентификатор рекламы", "Identificador del anuncio", "The id of the advertisement";
    /// Its headline.
    ReferralHeadline = "referral_headline": "Заголовок рекламы", "Título del anuncio", "The headline of the advertisement";
    /// The id of the click on it.
    Click = "ctwa_clid": "Идентификатор перехода с рекламы (ctwa_clid)", "Identificador del clic (ctwa_clid)", "The id of the click (ctwa_clid)";
    /// Language of the device.
    Language = "language": "Язык устройства", "Idioma del dispositivo", "The language of the device";
    /// "first" or "repeated".
    RequestKind = "request_kind": "Первое или повторное обращение: first, repeated", "Primera solicitud o repetida: first, repeated", "First or repeated request: first, repeated";
    /// Date of the message, in Moscow.
    Date = "date": "Дата обращения (Москва)", "Fecha de la solicitud (Moscú)", "The date of the request (Moscow)";
    /// Time of the message, in Moscow.
    Time = "time": "Время обращения (Москва)", "Hora de la solicitud (Moscú)", "The time of the request (Moscow)";
    /// Name of the integration.
    IntegrationName = "integration_name": "Название интеграции", "Nombre de la integración", "The name of the integration";
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::of_name(&name).ok_or_else(|| de::Error::custom("not a parameter"))
    }
}
