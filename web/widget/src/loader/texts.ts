// The few words the loader itself shows. They are apart from the window's texts to keep the loader small.

import type { Locale } from "../shared/locale";

export interface LoaderTexts {
  readonly open: string;
  readonly close: string;
  readonly title: string;
  readonly unread: string;
  readonly loading: string;
  readonly retrying: string;
}

export const LOADER_TEXTS: Record<Locale, LoaderTexts> = {
  ru: {
    open: "Открыть чат",
    close: "Закрыть чат",
    title: "Онлайн-чат",
    unread: "непрочитанных сообщений",
    loading: "Загружаем чат…",
    retrying: "Чат пока недоступен. Пробуем ещё раз…",
  },
  es: {
    open: "Abrir el chat",
    close: "Cerrar el chat",
    title: "Chat en línea",
    unread: "mensajes sin leer",
    loading: "Cargando el chat…",
    retrying: "El chat no está disponible por ahora. Lo intentamos de nuevo…",
  },
  en: {
    open: "Open chat",
    close: "Close chat",
    title: "Online chat",
    unread: "unread messages",
    loading: "Loading the chat…",
    retrying: "The chat is not available right now. Trying again…",
  },
};
