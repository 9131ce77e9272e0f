//! Why something is done, or is not: the requirement that decides, and words for a person.

use serde::{Deserialize, Serialize};
use types::Language;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $requirement:literal: $ru:literal, $es:literal, $en:literal;)*) => {
        /// Why; the text beside it is what "{}" in its words stands for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Why {
            $($(#[$doc])* $name,)*
        }

        impl Why {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            fn requirement(self) -> &'static str {
                match self { $(Self::$name => $requirement,)* }
            }

            fn words(self, language: Language) -> &'static str {
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

/// Why something is done, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Why.
    pub why: Why,
    /// What it names; empty where it names nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

impl From<Why> for Reason {
    fn from(why: Why) -> Self {
        let about = String::new();
        Self { why, about }
    }
}

impl Reason {
    /// Why, and about what.
    #[must_use]
    pub fn about(why: Why, about: impl Into<String>) -> Self {
        let about = about.into();
        Self { why, about }
    }

    /// The requirement that decides.
    #[must_use]
    pub fn requirement(&self) -> &'static str {
        self.why.requirement()
    }

    /// Words for a person.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        self.why.words(language).replace("{}", &self.about)
    }
}

reasons! {
    /// The integration is off.
    Off = "SYN-04": "Интеграция выключена.", "La integración está desactivada.", "The integration is switched off.";
    /// The channel is not selected.
    ChannelNotSelected = "SYN-05": "Канал «{}» не выбран в настройках.", "El canal «{}» no está seleccionado en la configuración.", "The channel “{}” is not selected in the settings.";
    /// A group.
    Group = "CHW-19": "В групповом чате пишут несколько человек: клиента определить нельзя.", "En un chat de grupo escriben varias personas: no se sabe quién es el cliente.", "Several people write in a group chat: there is no one client.";
    /// The conditions do not hold.
    FilterFails = "SYN-18": "Условия фильтра не выполнены.", "No se cumplen las condiciones del filtro.", "The conditions of the filter do not hold.";
    /// The conditions hold.
    FilterHolds = "SYN-18": "Условия фильтра выполнены.", "Se cumplen las condiciones del filtro.", "The conditions of the filter hold.";
    /// There are none.
    NoFilter = "SYN-19": "Фильтр не настроен: передаются все обращения выбранных каналов.", "No hay filtro: se transfieren todas las solicitudes de los canales elegidos.", "There is no filter: all requests of the selected channels are transferred.";
    /// An exclusive integration took it.
    TakenBefore = "SYN-02": "Обращение уже взяла интеграция «{}», которая стоит раньше и ни с кем не делится.", "La solicitud ya la tomó la integración «{}», que va antes y es exclusiva.", "The integration “{}” stands before this one, took the request, and shares with none.";
    /// A first request.
    ClientUnknown = "SYN-07": "Клиент обратился впервые: в CRM такого контакта нет.", "El cliente escribe por primera vez: no hay tal contacto en el CRM.", "The client writes for the first time: the CRM has no such contact.";
    /// The contact is there.
    ClientKnown = "SYN-08": "Клиент уже известен: новый контакт не нужен.", "El cliente ya es conocido: no hace falta otro contacto.", "The client is known: no new contact is needed.";
    /// First request: a deal.
    FirstDeal = "SYN-07": "Первое обращение: создаётся сделка.", "Primera solicitud: se crea un negocio.", "A first request: a deal is created.";
    /// No open deal in the pipeline.
    NoOpenDeal = "SYN-08": "Повторное обращение, и в воронке «{}» у клиента нет открытых сделок: создаётся сделка.", "Solicitud repetida, y en el embudo «{}» el cliente no tiene negocios abiertos: se crea uno.", "A repeated request, and the client has no open deal in the pipeline “{}”: a deal is created.";
    /// There is one.
    OpenDeal = "SYN-08": "В воронке «{}» у клиента уже есть открытая сделка: новая не создаётся.", "En el embudo «{}» el cliente ya tiene un negocio abierto: no se crea otro.", "The client has an open deal in the pipeline “{}” already: no new one is created.";
    /// The request goes on.
    RequestGoesOn = "SYN-08": "Беседа продолжается и уже ведётся в карточке: это не новое обращение.", "La conversación continúa y ya se lleva en una ficha: no es una solicitud nueva.", "The conversation goes on and is conducted in a card already: this is no new request.";
    /// Unsorted instead of cards.
    UnsortedInstead = "SYN-06": "Выбран метод «Использовать «Неразобранное»»: контакт и сделка не создаются.", "Se eligió el método «No clasificados»: no se crean contacto ni negocio.", "The method is «Использовать «Неразобранное»»: neither contact nor deal is created.";
    /// Cards instead of unsorted.
    CardsInstead = "SYN-06": "Выбран метод «Создавать контакт и сделку»: запись в «Неразобранном» не создаётся.", "Se eligió el método «Crear contacto y negocio»: no se crea registro sin clasificar.", "The method is «Создавать контакт и сделку»: no unsorted record is created.";
    /// A new request: a record.
    RecordNew = "SYN-09": "Новое обращение: создаётся запись в «Неразобранном».", "Solicitud nueva: se crea un registro sin clasificar.", "A new request: an unsorted record is created.";
    /// A message in a closed chat: a record.
    RecordClosed = "SYN-10": "Чат был закрыт, и клиент написал снова: создаётся запись в «Неразобранном».", "El chat estaba cerrado y el cliente volvió a escribir: se crea un registro sin clasificar.", "The chat was closed and the client writes again: an unsorted record is created.";
    /// The chat is open.
    RecordOpen = "SYN-10": "Чат ещё открыт: новая запись в «Неразобранном» не создаётся.", "El chat sigue abierto: no se crea otro registro sin clasificar.", "The chat is still open: no new unsorted record is created.";
    /// This message has one.
    RecordMade = "SYN-09": "Запись в «Неразобранном» для этого сообщения уже создана.", "El registro sin clasificar de este mensaje ya existe.", "There is an unsorted record of this message already.";
    /// No pipelines.
    NoPipeline = "SYN-29": "В CRM нет ни одной воронки: сделку создать негде.", "El CRM no tiene ningún embudo: no hay dónde crear el negocio.", "The CRM has no pipeline: there is nowhere to create a deal.";
    /// A condition chose the pipeline.
    PlaceByRule = "SYN-31": "Воронку выбрало условие № {}.", "El embudo lo eligió la condición n.º {}.", "Condition no. {} chose the pipeline.";
    /// The chosen default.
    PlaceChosen = "SYN-30": "Условия воронок не подошли: воронка по умолчанию из настроек.", "Ninguna condición de embudo se cumple: el embudo por defecto de la configuración.", "No condition of a pipeline holds: the default pipeline of the settings.";
    /// The first of the CRM.
    PlaceFirst = "SYN-29": "Воронка не выбрана: первая воронка CRM.", "No se eligió embudo: el primero del CRM.", "No pipeline was chosen: the first of the CRM.";
    /// A rule's pipeline is gone.
    RulePipelineGone = "SYN-31": "Воронки из условия № {} больше нет: условие пропущено.", "El embudo de la condición n.º {} ya no existe: se omite.", "The pipeline of condition no. {} is gone: the condition is passed over.";
    /// The default is gone.
    PipelineGone = "SYN-29": "Выбранной по умолчанию воронки больше нет: взята первая воронка CRM.", "El embudo por defecto ya no existe: se toma el primero del CRM.", "The default pipeline is gone: the first of the CRM is taken.";
    /// The stage is gone.
    StageGone = "SYN-29": "Выбранного этапа в воронке «{}» больше нет: взят её первый этап.", "La etapa elegida del embudo «{}» ya no existe: se toma la primera.", "The chosen stage of the pipeline “{}” is gone: its first stage is taken.";
    /// Unsorted has no pipeline.
    PlaceOfUnsorted = "SYN-33": "Для «Неразобранного» распределение по воронкам не работает.", "El reparto por embudos no funciona con los registros sin clasificar.", "Pipelines are not chosen for unsorted records.";
    /// Names by templates.
    NamesByTemplate = "SYN-23": "Названия собраны по шаблонам.", "Los nombres se forman con plantillas.", "Names are made by templates.";
    /// No templates for unsorted.
    NamesOfUnsorted = "SYN-27": "К записям в «Неразобранном» шаблоны названий не применяются.", "A los registros sin clasificar no se les aplican plantillas.", "Templates are not applied to unsorted records.";
    /// The chosen employee.
    ResponsibleChosen = "SYN-34": "Ответственный — сотрудник из настроек: {}.", "Responsable: el empleado de la configuración, {}.", "Responsible is the employee of the settings: {}.";
    /// The chosen one is gone.
    ResponsibleGone = "SYN-34": "Сотрудника из настроек больше нет или он отключён: ответственным будет {}.", "El empleado de la configuración ya no está o está desactivado: será responsable {}.", "The employee of the settings is gone or switched off: {} becomes responsible.";
    /// Nobody can be.
    NobodyResponsible = "SYN-34": "В CRM нет ни одного работающего сотрудника: некого назначить ответственным.", "El CRM no tiene ningún empleado activo: nadie puede ser responsable.", "The CRM has no active employee: nobody can become responsible.";
    /// Tags are off.
    TagsOff = "SYN-21": "Теги не включены.", "Las etiquetas no están activadas.", "Tags are not switched on.";
    /// Tags.
    TagsPut = "SYN-21": "Ставятся теги: {}.", "Se ponen etiquetas: {}.", "Tags are put on: {}.";
    /// Nothing to tag with.
    TagsUnknown = "SYN-22": "Факты обращения для выбранных тегов неизвестны.", "No se conocen los datos de la solicitud para las etiquetas elegidas.", "The facts of the request that the chosen tags say are not known.";
    /// A field is filled.
    FieldFilled = "SYN-40": "Заполняется поле «{}».", "Se rellena el campo «{}».", "The field “{}” is filled.";
    /// Its parameter is unknown.
    FieldUnknown = "SYN-40": "Параметр для поля «{}» неизвестен: поле не заполняется.", "No se conoce el dato del campo «{}»: no se rellena.", "The parameter for the field “{}” is not known: it is not filled.";
    /// It is gone.
    FieldGone = "SYN-41": "Поля {} в CRM больше нет: оно пропущено, остальное передаётся.", "El campo {} ya no existe en el CRM: se omite, lo demás se transfiere.", "The field {} is gone from the CRM: it is left out, the rest is transferred.";
    /// It is no text.
    FieldNotText = "SYN-42": "Поле «{}» больше не текстовое: оно пропущено, остальное передаётся.", "El campo «{}» ya no es de texto: se omite, lo demás se transfiere.", "The field “{}” is no text field any more: it is left out, the rest is transferred.";
    /// The conversation is attached.
    Attached = "SYN-08": "Беседа ведётся в этой сделке.", "La conversación se lleva en este negocio.", "The conversation is conducted in this deal.";
    /// It is so already.
    AttachedBefore = "SYN-08": "Беседа уже ведётся в этой сделке.", "La conversación ya se lleva en este negocio.", "The conversation is conducted in this deal already.";
    /// The accepted record became a deal.
    AttachedRecord = "SYN-09": "Запись приняли: беседа ведётся в её сделке.", "El registro fue aceptado: la conversación se lleva en su negocio.", "The record was accepted: the conversation is conducted in its deal.";
    /// An integration before this one conducts the conversation.
    ConductedBefore = "SYN-02": "Беседу ведёт интеграция «{}», которая стоит раньше: беседа остаётся в её сделке.", "La conversación la lleva la integración «{}», que va antes: sigue en su negocio.", "The integration “{}” before this one conducts the conversation: it stays in that one's deal.";
    /// Tasks are off.
    TasksOff = "SYN-11": "Задачи не включены.", "Las tareas no están activadas.", "Tasks are not switched on.";
    /// A task is open.
    TaskOpen = "SYN-15": "Прошлая задача этой интеграции по клиенту ещё не закрыта.", "La tarea anterior de esta integración para el cliente sigue abierta.", "The last task of this integration for the client is not closed yet.";
    /// A task is made.
    TaskMade = "SYN-16": "Открытой задачи нет: ставится новая задача в сделку.", "No hay tarea abierta: se crea una en el negocio.", "There is no open task: a new one is put into the deal.";
    /// There is no deal.
    TaskWithoutDeal = "SYN-17": "Задача ставится в сделку, а сделки ещё нет.", "La tarea va en el negocio, y aún no lo hay.", "A task belongs to a deal, and there is none yet.";
    /// The contact's employee.
    TaskOfContact = "SYN-13": "Задача — сотруднику из карточки контакта: {}.", "La tarea es del empleado de la ficha del contacto: {}.", "The task is for the employee of the contact's card: {}.";
    /// The settings' employee.
    TaskOfSettings = "SYN-14": "Задача — сотруднику из настроек интеграции: {}.", "La tarea es del empleado de la configuración: {}.", "The task is for the employee of the settings: {}.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_says_something_and_names_its_requirement() {
        for why in Why::ALL {
            let reason = Reason::about(*why, "X");
            let (group, number) = reason.requirement().split_once('-').expect("an id");
            assert!(["SYN", "CHW"].contains(&group) && number.parse::<u8>().is_ok());
            for language in [Language::Ru, Language::Es, Language::En] {
                let text = reason.text(language);
                assert!(text.ends_with('.') && !text.contains("{}"), "{text}");
            }
        }
    }
}
