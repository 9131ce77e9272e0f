//! The rules in words, for whoever asks why a conversation is shown to somebody, or not.

use types::Language;

/// What a rule of [`crate::Explanation`] says to a person; `None` for any other id.
#[must_use]
pub fn rule_text(rule: &str, language: Language) -> Option<&'static str> {
    let (_, texts) = RULES.iter().find(|(id, _)| *id == rule)?;
    Some(match language {
        Language::Ru => texts[0],
        Language::Es => texts[1],
        Language::En => texts[2],
    })
}

/// Russian, Spanish, English.
type Texts = [&'static str; 3];

/// Every rule that [`crate::Rights::explain`] names, and that of group chats.
const RULES: [(&str, Texts); 18] = [
    (
        "CHW-19",
        [
            "Групповой чат видят только администраторы",
            "Un chat de grupo lo ven solo los administradores",
            "A group chat is shown to administrators only",
        ],
    ),
    (
        "IDN-14",
        [
            "Право на просмотр контактов полное: беседа видна, сделки у неё нет",
            "El derecho a ver contactos es total: la conversación se ve y no tiene trato",
            "The right to view contacts is unlimited: the conversation is visible and has no deal",
        ],
    ),
    (
        "IDN-15",
        [
            "Право на просмотр сделок полное: видны название сделки и чат",
            "El derecho a ver tratos es total: se ven el nombre del trato y el chat",
            "The right to view deals is unlimited: the deal's name and the chat are shown",
        ],
    ),
    (
        "IDN-16",
        [
            "Просмотр сделок — только своих, и сотрудник ответственный за сделку: видны название сделки и чат",
            "Solo se ven los tratos propios y el empleado es responsable del trato: se ven el nombre del trato y el chat",
            "Only own deals may be viewed and the employee is responsible for the deal: its name and the chat are shown",
        ],
    ),
    (
        "IDN-17",
        [
            "Просмотр сделок — только своих, а ответственный за сделку другой: видны контакт и чат",
            "Solo se ven los tratos propios y el responsable es otro: se ven el contacto y el chat",
            "Only own deals may be viewed and somebody else is responsible: the contact and the chat are shown",
        ],
    ),
    (
        "IDN-18",
        [
            "Просмотр сделок — своих и своей группы, и сделка из них: видны название сделки и чат",
            "Se ven los tratos propios y del grupo y este lo es: se ven el nombre del trato y el chat",
            "Own deals and those of the group may be viewed and this is one: its name and the chat are shown",
        ],
    ),
    (
        "IDN-19",
        [
            "Просмотр сделок — своих и своей группы, а ответственный за сделку из другой: видны контакт и чат",
            "Se ven los tratos propios y del grupo y el responsable es de otro grupo: se ven el contacto y el chat",
            "Own deals and those of the group may be viewed and the responsible user is of another: the contact and the chat are shown",
        ],
    ),
    (
        "IDN-20",
        [
            "Просмотр сделок запрещён: виден контакт без чата",
            "Ver tratos está prohibido: se ve el contacto sin el chat",
            "Viewing deals is forbidden: the contact is shown without the chat",
        ],
    ),
    (
        "IDN-21",
        [
            "Просмотр сделки запрещён, но сотрудник подписан на её карточку: видны сделка и чат",
            "Ver el trato está prohibido, pero el empleado está suscrito a su ficha: se ven el trato y el chat",
            "Viewing the deal is forbidden, but the employee is subscribed to its card: the deal and the chat are shown",
        ],
    ),
    (
        "IDN-22",
        [
            "Просмотр контактов ограничен: видны беседы только своих контактов, а при синем праве — и контактов своей группы",
            "Ver contactos está limitado: solo se ven las conversaciones de los contactos propios y, con el derecho azul, de los del grupo",
            "Viewing contacts is limited: only conversations of own contacts are shown and, with the blue right, of those of the group",
        ],
    ),
    (
        "IDN-23",
        [
            "Контакт виден, право на просмотр сделок полное: видны название сделки и чат",
            "El contacto se ve y el derecho a ver tratos es total: se ven el nombre del trato y el chat",
            "The contact is visible and the right to view deals is unlimited: the deal's name and the chat are shown",
        ],
    ),
    (
        "IDN-24",
        [
            "Контакт виден, просмотр сделок — только своих: у своей сделки видны её название и чат, у чужой — контакт и чат",
            "El contacto se ve y solo se ven los tratos propios: de uno propio, su nombre y el chat; de uno ajeno, el contacto y el chat",
            "The contact is visible and only own deals may be viewed: of an own deal its name and the chat are shown, of another the contact and the chat",
        ],
    ),
    (
        "IDN-25",
        [
            "Контакт виден, просмотр сделок — своих и своей группы: у такой сделки видны её название и чат, у другой — контакт и чат",
            "El contacto se ve y se ven los tratos propios y del grupo: de uno de ellos, su nombre y el chat; de otro, el contacto y el chat",
            "The contact is visible and own deals and those of the group may be viewed: of such a deal its name and the chat are shown, of another the contact and the chat",
        ],
    ),
    (
        "IDN-26",
        [
            "Контакт виден, просмотр сделок запрещён: виден контакт без чата, а подписанному на карточку сделки — сделка и чат",
            "El contacto se ve y ver tratos está prohibido: se ve el contacto sin el chat o, estando suscrito a la ficha, el trato y el chat",
            "The contact is visible and viewing deals is forbidden: the contact is shown without the chat or, to a subscriber of the card, the deal and the chat",
        ],
    ),
    (
        "IDN-27",
        [
            "Просмотр контактов запрещён: беседы не видны",
            "Ver contactos está prohibido: no se ve ninguna conversación",
            "Viewing contacts is forbidden: no conversation is shown",
        ],
    ),
    (
        "IDN-29",
        [
            "На этапе сделки просмотр разрешён: видны сделка и чат, какими бы ни были права на сделки",
            "En la etapa del trato se permite ver: se ven el trato y el chat, sea cual sea el derecho sobre tratos",
            "Viewing is allowed on the deal's stage: the deal and the chat are shown whatever the right on deals is",
        ],
    ),
    (
        "IDN-31",
        [
            "На этапе сделки просмотр запрещён: виден контакт без чата, какими бы ни были права на сделки",
            "En la etapa del trato se prohíbe ver: se ve el contacto sin el chat, sea cual sea el derecho sobre tratos",
            "Viewing is forbidden on the deal's stage: the contact is shown without the chat whatever the right on deals is",
        ],
    ),
    (
        "IDN-33",
        [
            "Администратор видит все чаты и контакты",
            "Un administrador ve todos los chats y contactos",
            "An administrator sees all chats and contacts",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_golden_file_has_a_text_in_every_language() {
        let golden = include_str!("../tests/visibility_matrix.csv");
        let rules = golden
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').nth(8));
        for rule in rules.chain(["IDN-33"]) {
            for language in [Language::Ru, Language::Es, Language::En] {
                let text = rule_text(rule, language);
                assert!(text.is_some_and(|text| !text.is_empty()), "{rule}");
            }
        }
        assert_eq!(rule_text("IDN-99", Language::En), None);
    }
}
