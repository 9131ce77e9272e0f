//! Code and texts of every reason. The Russian text is the reference; where the product prescribes one, it stands here exactly.

use api::error::v1::ErrorReason as R;
use tonic::Code;
use types::Language;

/// The gRPC code that a reason comes with.
#[must_use]
pub fn code(reason: R) -> Code {
    match reason {
        R::FieldInvalid
        | R::PageTokenMismatch
        | R::RequestIdReused
        | R::CursorInvalid
        | R::SearchTooShort
        | R::FilterTooDeep
        | R::FilterTooLarge
        | R::FileTypeNotAllowed
        | R::PhoneInvalid => Code::InvalidArgument,
        R::TokenMissing
        | R::TokenInvalid
        | R::TokenExpired
        | R::SessionEnded
        | R::CredentialsInvalid
        | R::CodeInvalid
        | R::RefreshTokenReused => Code::Unauthenticated,
        R::PermissionMissing
        | R::OriginNotAllowed
        | R::ScopeMissing
        | R::FieldNotEditable
        | R::ChatRestricted
        | R::UserSwitchedOff
        | R::LogInRequired => Code::PermissionDenied,
        R::ConversationNotFound
        | R::CabinetNotFound
        | R::SmsProviderNotFound
        | R::ChatNotFound
        | R::ConnectionNotFound
        | R::OnlineChatNotFound
        | R::UserNotFound
        | R::GroupNotFound
        | R::SessionNotFound
        | R::ApiKeyNotFound
        | R::DeliveryNotFound
        | R::ConnectorNotFound
        | R::ContactNotFound
        | R::ClientNotFound
        | R::CompanyNotFound
        | R::DealNotFound
        | R::CustomerNotFound
        | R::PipelineNotFound
        | R::StageNotFound
        | R::TaskNotFound
        | R::CustomFieldNotFound
        | R::TagNotFound
        | R::UnsortedNotFound
        | R::FilterNotFound
        | R::AttachmentNotFound
        | R::RecordingNotFound
        | R::TemplateNotFound
        | R::MessageNotFound
        | R::QuarantinedEventNotFound
        | R::IntegrationNotFound
        | R::PortalNotFound
        | R::RunNotFound
        | R::RequestNotFound => Code::NotFound,
        R::EmailTaken
        | R::GroupNameTaken
        | R::ConversationAlreadyOpen
        | R::TagNameTaken
        | R::ChatTaken
        | R::ChatExists => Code::AlreadyExists,
        R::ConversationClosed
        | R::CabinetDisabled
        | R::ErasureDisabled
        | R::SmsProviderInUse
        | R::GreetingOff
        | R::ExternalIdFieldUnsuitable
        | R::ExternalIdNotSetUp
        | R::EarlierEventQuarantined
        | R::SmsProviderMissing
        | R::SubscriptionUnpaid
        | R::EmbedCodeLocked
        | R::FinishNotAllowed
        | R::LastAdministrator
        | R::GroupNotEmpty
        | R::ConnectionDisabled
        | R::OnlineChatDisabled
        | R::ImboxDisabled
        | R::RightsLimitReached
        | R::StageNotEmpty
        | R::PipelineNotEmpty
        | R::StageFixed
        | R::LimitReached
        | R::TaskCompleted
        | R::UnsortedDecided
        | R::PlanInsufficient
        | R::AttachmentNotSupported
        | R::AttachmentUsed
        | R::AttachmentNotReady
        | R::ChatBlocked
        | R::DialogueClosed
        | R::TemplatesUnpaid
        | R::ContactErased
        | R::ClientUnreachable
        | R::NoConnectionToStart
        | R::ConnectionNotInSubscription
        | R::ClientNotRegistered
        | R::ContactNotMerged
        | R::RunNotFailed
        | R::OldIntegrationEnabled
        | R::IntegrationEnabled
        | R::PortalNotConnected
        | R::PortalInUse
        | R::PortalConnectionRefused
        | R::AmoCrmNotSetUp => Code::FailedPrecondition,
        R::EtagMismatch | R::Conflict => Code::Aborted,
        R::RateLimited | R::Overloaded | R::TooLarge | R::FileTooLarge => Code::ResourceExhausted,
        R::StoreUnavailable | R::ServiceUnavailable | R::ShuttingDown | R::ChannelAuthFailed => {
            Code::Unavailable
        }
        R::Deadline => Code::DeadlineExceeded,
        R::MethodUnknown => Code::Unimplemented,
        R::Unspecified | R::Internal => Code::Internal,
    }
}

/// The text for a person.
#[must_use]
pub fn text(reason: R, language: Language) -> &'static str {
    let (ru, es, en) = texts(reason);
    match language {
        Language::Ru => ru,
        Language::Es => es,
        Language::En => en,
    }
}

/// Russian, Spanish, English.
fn texts(reason: R) -> (&'static str, &'static str, &'static str) {
    match reason {
        R::MessageNotFound => (
            "Сообщение, о котором говорит событие, не приходило.",
            "El mensaje al que se refiere el evento nunca llegó.",
            "The message that the event names never came.",
        ),
        R::ChatTaken => (
            "Под этим идентификатором канала уже есть другой чат.",
            "Otro chat ya tiene este identificador del canal.",
            "Another chat has this id of the channel already.",
        ),
        R::NoConnectionToStart => (
            "Нет подключения, в котором можно написать первым. Обратитесь к администратору.",
            "No hay ninguna conexión en la que se pueda escribir primero. Consulte al administrador.",
            "There is no connection in which one can write first. Ask an administrator.",
        ),
        R::QuarantinedEventNotFound => (
            "Этого события нет в карантине: его приняли, удалили, или прошло 90 дней.",
            "Este evento no está en cuarentena: se aceptó, se descartó o han pasado 90 días.",
            "This event is not in quarantine: it was taken, thrown away, or 90 days have passed.",
        ),
        R::EarlierEventQuarantined => (
            "Сначала примите или удалите более раннее событие этого чата.",
            "Acepte o descarte primero el evento anterior de este chat.",
            "First let in the earlier event of this chat, or throw it away.",
        ),
        R::ClientUnreachable => (
            "Клиент заблокировал вас в мессенджере. Написать можно, когда клиент напишет сам.",
            "El cliente le ha bloqueado en el servicio de mensajería. Podrá escribirle cuando él escriba.",
            "The client has blocked you in the messenger. You can write once they write themselves.",
        ),
        R::SmsProviderMissing => (
            "Сначала выберите виджет для отправки СМС.",
            "Elija primero un proveedor de SMS.",
            "Choose an SMS provider first.",
        ),
        R::CabinetNotFound => (
            "Личный кабинет не найден. Проверьте ссылку.",
            "No existe este área de cliente. Revise el enlace.",
            "There is no such client area. Check the link.",
        ),
        R::CabinetDisabled => (
            "Личный кабинет выключен.",
            "El área de cliente está desactivada.",
            "The client area is switched off.",
        ),
        R::ErasureDisabled => (
            "Удаление данных здесь недоступно. Обратитесь в компанию.",
            "Aquí no se pueden borrar los datos. Diríjase a la empresa.",
            "Data cannot be deleted here. Ask the company.",
        ),
        R::CodeInvalid => (
            "Код не подходит или устарел. Запросите новый.",
            "El código no es válido o ha caducado. Solicite otro.",
            "The code is wrong or too old. Ask for another.",
        ),
        R::SmsProviderNotFound => (
            "Виджет для отправки СМС не найден.",
            "No existe este proveedor de SMS.",
            "There is no such SMS provider.",
        ),
        R::GreetingOff => (
            "Приветственное сообщение выключено: включите его, чтобы изменить бота.",
            "El mensaje de bienvenida está desactivado: actívelo para cambiar el bot.",
            "The greeting is off: switch it on to change the bot.",
        ),
        R::ExternalIdFieldUnsuitable => (
            "Для внешнего ID подходит только поле сделки, покупателя или контакта с типом «Текст» или «Число».",
            "Para el ID externo solo sirve un campo de tipo texto o número de un trato, cliente o contacto.",
            "Only a field of type text or number of a deal, customer or contact can hold the external ID.",
        ),
        R::ExternalIdNotSetUp => (
            "В настройках онлайн-чата не выбрано поле для внешнего ID.",
            "En los ajustes del chat en línea no se ha elegido el campo del ID externo.",
            "No field for the external ID is chosen in the settings of the online chat.",
        ),
        R::SmsProviderInUse => (
            "Этот виджет нужен личному кабинету. Выберите другой или выключите кабинет.",
            "El área de cliente necesita este proveedor. Elija otro o desactívela.",
            "The client area needs this SMS provider. Choose another or switch the client area off.",
        ),
        R::FieldInvalid => (
            "Проверьте поля запроса.",
            "Revise los campos de la solicitud.",
            "Check the fields of the request.",
        ),
        R::PageTokenMismatch => (
            "Список изменился. Откройте его сначала.",
            "La lista cambió. Ábrala desde el principio.",
            "The page token belongs to another list. Start from the first page.",
        ),
        R::RequestIdReused => (
            "Этот номер запроса уже использован для другого действия.",
            "Este identificador de solicitud ya se usó para otra acción.",
            "The request id was used before with other contents. Take a new one.",
        ),
        R::CursorInvalid => (
            "Не удалось продолжить с этого места. Обновите список.",
            "No se puede continuar desde aquí. Actualice la lista.",
            "The cursor is not one of this stream. Start without it.",
        ),
        R::PlanInsufficient => (
            "На вашем тарифе этой возможности нет. Смените тариф.",
            "Su plan no incluye esta función. Cambie de plan.",
            "The account's plan does not include this. Change the plan.",
        ),
        R::SearchTooShort => (
            "Слишком короткий запрос. Введите больше символов.",
            "La búsqueda es demasiado corta. Escriba más caracteres.",
            "Too few characters to look for. Type more.",
        ),
        R::TokenMissing => (
            "Войдите в систему.",
            "Inicie sesión.",
            "Log in and send the access token as a bearer token.",
        ),
        R::TokenInvalid => (
            "Не удалось проверить вход. Войдите снова.",
            "No se pudo verificar la sesión. Inicie sesión de nuevo.",
            "The token is not valid. Log in again.",
        ),
        R::TokenExpired => (
            "Время входа истекло.",
            "La sesión ha caducado.",
            "The token has expired. Refresh it.",
        ),
        R::SessionEnded => (
            "Сеанс завершён. Войдите снова.",
            "La sesión ha terminado. Inicie sesión de nuevo.",
            "The session was ended. Log in again.",
        ),
        R::CredentialsInvalid => (
            "Неверный логин или пароль.",
            "Usuario o contraseña incorrectos.",
            "The credentials are wrong.",
        ),
        R::RefreshTokenReused => (
            "Сеанс завершён из соображений безопасности. Войдите снова.",
            "La sesión se cerró por seguridad. Inicie sesión de nuevo.",
            "The refresh token was used before. For safety the session was ended; log in again.",
        ),
        R::PermissionMissing => (
            "Недостаточно прав. Обратитесь к администратору.",
            "No tiene permisos suficientes. Contacte con el administrador.",
            "You lack the permission. Ask an administrator.",
        ),
        R::OriginNotAllowed => (
            "Этот чат нельзя открыть на данной странице.",
            "Este chat no se puede abrir en esta página.",
            "The online chat is not placed on this site.",
        ),
        R::ScopeMissing => (
            "Ключ не даёт прав на это действие.",
            "La clave no permite esta acción.",
            "The key's scopes do not cover the call.",
        ),
        R::ConversationNotFound => (
            "Беседа не найдена.",
            "Conversación no encontrada.",
            "No such conversation.",
        ),
        R::ChatNotFound => ("Чат не найден.", "Chat no encontrado.", "No such chat."),
        R::ConnectionNotFound => (
            "Подключение не найдено.",
            "Conexión no encontrada.",
            "No such connection.",
        ),
        R::OnlineChatNotFound => (
            "Онлайн-чат не найден.",
            "Chat en línea no encontrado.",
            "No such online chat.",
        ),
        R::UserNotFound => (
            "Сотрудник не найден.",
            "Empleado no encontrado.",
            "No such user.",
        ),
        R::GroupNotFound => (
            "Отдел не найден.",
            "Departamento no encontrado.",
            "No such group.",
        ),
        R::SessionNotFound => (
            "Сеанс не найден.",
            "Sesión no encontrada.",
            "No such session.",
        ),
        R::ApiKeyNotFound => (
            "Ключ не найден.",
            "Clave no encontrada.",
            "No such API key.",
        ),
        R::DeliveryNotFound => (
            "Отправка не найдена или передана другому обработчику.",
            "Envío no encontrado o asignado a otro proceso.",
            "No such delivery under this lease.",
        ),
        R::ConnectorNotFound => (
            "Коннектор не зарегистрирован.",
            "El conector no está registrado.",
            "No connector with this key is registered.",
        ),
        R::EmailTaken => (
            "Сотрудник с такой почтой уже есть.",
            "Ya existe un empleado con ese correo.",
            "Another user has this e-mail.",
        ),
        R::UserSwitchedOff => (
            "Сотрудник отключён. Обратитесь к администратору.",
            "El empleado está desactivado. Consulte con el administrador.",
            "This employee is switched off. Ask an administrator.",
        ),
        R::LogInRequired => (
            "Это делают в личном кабинете Beseda, а не из CRM. Войдите по почте и паролю.",
            "Esto se hace en Beseda, no desde el CRM. Inicie sesión con correo y contraseña.",
            "This is done in Beseda itself, not from inside the CRM. Log in with e-mail and password.",
        ),
        R::GroupNameTaken => (
            "Отдел с таким названием уже есть.",
            "Ya existe un departamento con ese nombre.",
            "Another group has this name.",
        ),
        R::ConversationAlreadyOpen => (
            "В этом чате уже есть открытая беседа. Напишите в неё.",
            "Este chat ya tiene una conversación abierta. Escriba en ella.",
            "The chat already has an open conversation. Write there.",
        ),
        R::ChatBlocked => (
            "Чат заблокирован: контакт в чёрном списке.",
            "El chat está bloqueado: el contacto está en la lista negra.",
            "The chat is blocked: the contact is on the black list.",
        ),
        R::DialogueClosed => (
            "Время ответа истекло. Отправьте шаблон или дождитесь сообщения клиента.",
            "El plazo de respuesta ha terminado. Envíe una plantilla o espere un mensaje del cliente.",
            "The time to answer is over. Send a template or wait for the client to write.",
        ),
        R::TemplatesUnpaid => (
            "Шаблоны WABA не оплачены.",
            "Las plantillas de WABA no están pagadas.",
            "The WABA templates are not paid.",
        ),
        R::ContactErased => (
            "Данные клиента удалены. Писать можно после его нового сообщения.",
            "Los datos del cliente se han borrado. Se puede escribir cuando vuelva a escribir.",
            "The client's data were erased. You can write once the client writes again.",
        ),
        R::TemplateNotFound => (
            "Шаблон не найден или не одобрен.",
            "La plantilla no existe o no está aprobada.",
            "The template does not exist or is not approved.",
        ),
        R::ConversationClosed => (
            "Беседа закрыта. Начните новую.",
            "La conversación está cerrada. Inicie una nueva.",
            "The conversation is closed. Start a new one in the chat.",
        ),
        R::SubscriptionUnpaid => (
            "Подписка не оплачена.",
            "La suscripción no está pagada.",
            "The subscription is not paid.",
        ),
        R::EmbedCodeLocked => (
            "Укажите адрес размещения или включите «Встраивается в приложение».",
            "Indique la dirección del sitio o active la integración en una aplicación.",
            "Give the site's address or switch on embedding into an application.",
        ),
        R::FinishNotAllowed => (
            "Эту беседу завершает сотрудник.",
            "Esta conversación la cierra un empleado.",
            "In this mode only employees close the conversation.",
        ),
        R::LastAdministrator => (
            "В аккаунте должен остаться хотя бы один администратор.",
            "La cuenta debe conservar al menos un administrador.",
            "The account must keep an active administrator.",
        ),
        R::GroupNotEmpty => (
            "В отделе есть сотрудники. Сначала переведите их.",
            "El departamento tiene empleados. Trasládelos primero.",
            "The group still has members. Move them first.",
        ),
        R::FilterNotFound => (
            "Фильтр не найден. Возможно, вы удалили его на другом устройстве.",
            "No se encontró el filtro. Quizá lo eliminó en otro dispositivo.",
            "No such filter. You may have deleted it on another device.",
        ),
        R::FilterTooDeep => (
            "В фильтре слишком много уровней. Упростите его.",
            "El filtro tiene demasiados niveles. Simplifíquelo.",
            "The filter has too many levels. Make it simpler.",
        ),
        R::IntegrationNotFound => (
            "Интеграция не найдена.",
            "Integración no encontrada.",
            "No such integration.",
        ),
        R::RunNotFound => (
            "Запись журнала не найдена.",
            "No se encontró la entrada del registro.",
            "No such run.",
        ),
        R::RequestNotFound => (
            "Такого обращения правила не знают: оно было до подключения интеграции или слишком давно.",
            "Las reglas no conocen esa solicitud: fue anterior a la integración o hace demasiado tiempo.",
            "Rules know of no such request: it was made before there was an integration, or too long ago.",
        ),
        R::RunNotFailed => (
            "Повторить можно только неудавшийся запуск.",
            "Solo se puede repetir una ejecución fallida.",
            "The run did not fail, so there is nothing to try again.",
        ),
        R::OldIntegrationEnabled => (
            "Если у вас подключена интеграция с чатами в старом ЛК UIS, отключите ее: отключите чек-бокс «Передавать чаты в amoCRM».",
            "Desactive primero la integración antigua: la casilla «Transferir chats a amoCRM».",
            "Switch off the old integration first: the checkbox “Transfer chats to amoCRM”.",
        ),
        R::IntegrationEnabled => (
            "Новая интеграция уже передаёт чаты. Сначала выключите её.",
            "La nueva integración ya transfiere chats. Desactívela primero.",
            "The new integration transfers chats already. Switch it off first.",
        ),
        R::PortalNotFound => (
            "Портал не найден.",
            "Portal no encontrado.",
            "No such portal.",
        ),
        R::PortalNotConnected => (
            "Перед настройкой чатов подключите интеграцию UIS с порталом amoCRM.",
            "Antes de configurar los chats, conecte la integración con el portal de amoCRM.",
            "Connect the portal of amoCRM before you set the chats up.",
        ),
        R::PortalInUse => (
            "На этот портал передаёт чаты включённая интеграция. Сначала выключите её.",
            "Una integración activada transfiere chats a este portal. Desactívela primero.",
            "An integration that is on transfers chats to this portal. Switch it off first.",
        ),
        R::PortalConnectionRefused => (
            "Подключить портал не удалось. Начните подключение заново.",
            "No se pudo conectar el portal. Empiece de nuevo.",
            "The portal could not be connected. Begin again.",
        ),
        R::AmoCrmNotSetUp => (
            "Подключение amoCRM не настроено на сервере. Обратитесь к администратору системы.",
            "La conexión con amoCRM no está configurada en el servidor. Contacte con quien lo administra.",
            "amoCRM is not set up on this server. Ask its operator.",
        ),
        R::FilterTooLarge => (
            "В фильтре слишком много условий. Уберите лишние.",
            "El filtro tiene demasiadas condiciones. Quite las que sobran.",
            "The filter has too many conditions. Remove some.",
        ),
        R::RightsLimitReached => (
            "В аккаунте слишком много правил на этапы и поля. Сначала удалите лишние.",
            "La cuenta tiene demasiadas reglas sobre etapas y campos. Elimine antes las que sobran.",
            "The account has too many rules on stages and fields. Remove some first.",
        ),
        R::ConnectionDisabled => (
            "Подключение выключено.",
            "La conexión está desactivada.",
            "The connection is switched off.",
        ),
        R::OnlineChatDisabled => (
            "Онлайн-чат выключен.",
            "El chat en línea está desactivado.",
            "The online chat is switched off.",
        ),
        R::ImboxDisabled => (
            "imBox не включён. Его включает администратор.",
            "imBox no está activado. Lo activa un administrador.",
            "imBox is not switched on. An administrator can switch it on.",
        ),
        R::ContactNotFound => (
            "Контакт не найден.",
            "Contacto no encontrado.",
            "No such contact.",
        ),
        R::ClientNotFound => (
            "Контакт не найден.",
            "Contacto no encontrado.",
            "No contact is known by this number or ID.",
        ),
        R::ChatExists => (
            "Такой чат уже существует. Перейдите к нему по кнопке ниже.",
            "Este chat ya existe. Vaya a él con el botón de abajo.",
            "This chat already exists. Go to it with the button below.",
        ),
        R::ChatRestricted => (
            "Доступ к чату ограничен. Обратитесь к администратору CRM.",
            "El acceso al chat está restringido. Diríjase al administrador de la CRM.",
            "Access to the chat is restricted. Ask the administrator of the CRM.",
        ),
        R::ConnectionNotInSubscription => (
            "Подключение не входит в активную подписку.",
            "La conexión no forma parte de la suscripción activa.",
            "The connection is not part of the active subscription.",
        ),
        R::ClientNotRegistered => (
            "Пользователь не зарегистрирован в WhatsApp.",
            "El usuario no está registrado en WhatsApp.",
            "The user is not registered in WhatsApp.",
        ),
        R::PhoneInvalid => (
            "Укажите корректный номер телефона.",
            "Indique un número de teléfono correcto.",
            "Give a correct telephone number.",
        ),
        R::ChannelAuthFailed => (
            "Ошибка авторизации. Попробуйте позже.",
            "Error de autorización. Inténtelo más tarde.",
            "Authorisation failed. Try again later.",
        ),
        R::CompanyNotFound => (
            "Компания не найдена.",
            "Empresa no encontrada.",
            "No such company.",
        ),
        R::DealNotFound => (
            "Сделка не найдена.",
            "Negocio no encontrado.",
            "No such deal.",
        ),
        R::CustomerNotFound => (
            "Покупатель не найден.",
            "Comprador no encontrado.",
            "No such customer.",
        ),
        R::PipelineNotFound => (
            "Воронка не найдена.",
            "Embudo no encontrado.",
            "No such pipeline.",
        ),
        R::StageNotFound => (
            "Этап воронки не найден.",
            "Etapa del embudo no encontrada.",
            "No such stage.",
        ),
        R::TaskNotFound => (
            "Задача не найдена.",
            "Tarea no encontrada.",
            "No such task.",
        ),
        R::CustomFieldNotFound => (
            "Дополнительное поле не найдено.",
            "Campo adicional no encontrado.",
            "No such field of the account's own.",
        ),
        R::TagNotFound => ("Тег не найден.", "Etiqueta no encontrada.", "No such tag."),
        R::UnsortedNotFound => (
            "Запись «Неразобранного» не найдена.",
            "Registro de entrada no encontrado.",
            "No such record of Unsorted.",
        ),
        R::UnsortedDecided => (
            "Запись «Неразобранного» уже разобрана.",
            "El registro de entrada ya fue atendido.",
            "The record was decided before.",
        ),
        R::ContactNotMerged => (
            "С этим контактом ничего не объединяли, или объединение уже отменено.",
            "No se fusionó nada con este contacto, o la fusión ya se deshizo.",
            "Nothing was merged into the contact, or it was taken back already.",
        ),
        R::TagNameTaken => (
            "Тег с таким названием уже есть.",
            "Ya existe una etiqueta con ese nombre.",
            "Another tag has this name.",
        ),
        R::TaskCompleted => (
            "Задача завершена, её нельзя изменить.",
            "La tarea está terminada y no se puede cambiar.",
            "The task is completed and cannot be changed.",
        ),
        R::FieldNotEditable => (
            "Это поле вам нельзя изменять.",
            "No puede cambiar este campo.",
            "You may not change this field.",
        ),
        R::StageNotEmpty => (
            "На этапе есть сделки. Сначала переведите их.",
            "La etapa tiene negocios. Trasládelos primero.",
            "There are deals on the stage. Move them first.",
        ),
        R::PipelineNotEmpty => (
            "В воронке есть сделки. Сначала переведите их.",
            "El embudo tiene negocios. Trasládelos primero.",
            "There are deals in the pipeline. Move them first.",
        ),
        R::StageFixed => (
            "Первый и завершающие этапы можно только переименовать.",
            "La primera etapa y las finales solo pueden renombrarse.",
            "The first stage and the final ones can only be renamed.",
        ),
        R::LimitReached => (
            "Достигнут предел. Сначала удалите лишнее.",
            "Se alcanzó el límite. Elimine algo primero.",
            "There are as many as there may be. Delete one first.",
        ),
        R::EtagMismatch => (
            "Данные изменились. Обновите и повторите.",
            "Los datos cambiaron. Actualice y repita.",
            "The resource changed meanwhile. Read it again and repeat.",
        ),
        R::Conflict => (
            "Изменения пересеклись. Повторите действие.",
            "Los cambios coincidieron. Repita la acción.",
            "Two changes met. Repeat the call.",
        ),
        R::RateLimited => (
            "Слишком много запросов. Подождите немного.",
            "Demasiadas solicitudes. Espere un momento.",
            "Too many calls. Wait and repeat.",
        ),
        R::Overloaded => (
            "Сервис перегружен. Подождите немного.",
            "El servicio está sobrecargado. Espere un momento.",
            "The service is overloaded. Wait and repeat.",
        ),
        R::AttachmentNotFound => (
            "Файл не найден.",
            "El archivo no se encontró.",
            "There is no such file, or it is not yours to see or to send.",
        ),
        R::RecordingNotFound => (
            "Записи этого звонка нет.",
            "No hay grabación de esta llamada.",
            "There is no recording of this call, or it is not yours to hear.",
        ),
        R::FileTooLarge => (
            "Файл слишком большой. Отправьте файл поменьше.",
            "El archivo es demasiado grande. Envíe uno más pequeño.",
            "The file is too large. Send a smaller one.",
        ),
        R::FileTypeNotAllowed => (
            "Файлы этого типа не принимаются.",
            "No se aceptan archivos de este tipo.",
            "Files of this type are not taken.",
        ),
        R::AttachmentNotSupported => (
            "Этот канал не может передать такой файл. Отправьте другой файл или ссылку на него.",
            "Este canal no puede transmitir ese archivo. Envíe otro o un enlace.",
            "The channel cannot carry this file. Send another one or a link to it.",
        ),
        R::AttachmentUsed => (
            "Файл уже отправлен в другом сообщении. Загрузите его ещё раз.",
            "El archivo ya se envió en otro mensaje. Cárguelo de nuevo.",
            "The file was sent with another message. Upload it again.",
        ),
        R::AttachmentNotReady => (
            "Файл ещё не получен из канала.",
            "El archivo aún no se ha recibido del canal.",
            "The file has not come from the channel.",
        ),
        R::TooLarge => (
            "Слишком большой запрос.",
            "La solicitud es demasiado grande.",
            "The request is larger than the limit.",
        ),
        R::StoreUnavailable | R::ServiceUnavailable | R::ShuttingDown => (
            "Сервис временно недоступен. Повторите позже.",
            "El servicio no está disponible. Inténtelo más tarde.",
            "The service is not available now. Repeat later.",
        ),
        R::Deadline => (
            "Время ожидания истекло. Повторите.",
            "Se agotó el tiempo de espera. Repita.",
            "The time ran out. Repeat with the same request id.",
        ),
        R::MethodUnknown => (
            "Такого метода нет.",
            "No existe ese método.",
            "No such method.",
        ),
        R::Unspecified | R::Internal => ("Внутренняя ошибка.", "Error interno.", "Internal error."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> prost_types::FileDescriptorProto {
        use prost::Message as _;
        let set =
            prost_types::FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).expect("descriptors");
        let mut files = set.file.into_iter();
        let file = files.find(|file| file.package() == "beseda.error.v1");
        file.expect("the error package")
    }

    /// Every reason of the contract but UNSPECIFIED, which is never sent.
    fn all() -> Vec<R> {
        let values = contract().enum_type.remove(0).value.into_iter();
        let reasons = values.map(|value| R::try_from(value.number()).expect("a reason"));
        reasons.filter(|reason| *reason != R::Unspecified).collect()
    }

    /// The comment of each value begins with its code; the code in the table is the same.
    #[test]
    fn codes_agree_with_the_contract() {
        let file = contract();
        let comments = &file.source_code_info.as_ref().expect("comments").location;
        for reason in all() {
            let place = file.enum_type[0]
                .value
                .iter()
                .position(|v| v.name() == reason.as_str_name())
                .expect("declared");
            let path = [5, 0, 2, i32::try_from(place).expect("small")];
            let comment = comments
                .iter()
                .find(|l| l.path == path)
                .map_or("", |l| l.leading_comments());
            let stated = comment
                .trim()
                .split('.')
                .next()
                .unwrap_or_default()
                .to_owned();
            let code = format!("{:?}", code(reason)).to_uppercase();
            assert_eq!(stated.replace('_', ""), code, "{}", reason.as_str_name());
        }
    }

    #[test]
    fn every_text_is_there_and_ends_with_a_full_stop() {
        for reason in all() {
            for language in [Language::Ru, Language::Es, Language::En] {
                assert!(
                    text(reason, language).ends_with('.'),
                    "{reason:?} {language:?}"
                );
            }
        }
    }
}
