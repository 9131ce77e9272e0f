// What the loader on the company's page and the chat window in the iframe say to each other by postMessage.
// Either side believes a message only when it comes from the other's window and origin (`accepts`) and has one of the
// shapes below: any script of any frame may post anything to either of them.

import { LOCALES, type Locale } from "./locale";

/** The page that shows the button, as the online chat's employees may see it. */
export interface Page {
  readonly url: string;
  readonly title: string;
  readonly referrer: string;
  readonly language: string;
  readonly visitorName: string;
}

/** From the loader to the chat window. */
export type ToWindow =
  /** The first word; the window learns its embedding origin from it. */
  | { readonly type: "hello"; readonly locale: Locale; readonly isOpen: boolean }
  /** The window was shown or hidden. */
  | { readonly type: "shown"; readonly isOpen: boolean }
  /** Answer to the `visit` with the same number. */
  | { readonly type: "visit"; readonly ask: number; readonly resumeToken: string; readonly page: Page };

/** From the chat window to the loader. */
export type ToLoader =
  /** The window works; the loader may show it. */
  | { readonly type: "ready" }
  /** Asks for the visitor's resume token as the page has it now, after storing `keep` when given. */
  | { readonly type: "visit"; readonly ask: number; readonly keep: string | null }
  | { readonly type: "unread"; readonly count: number }
  | { readonly type: "close" };

type Fields = Record<string, unknown>;

const MARK = "beseda";
const VERSION = 1;

/** Is the event from this window and this origin, and one of ours? */
export function accepts(event: MessageEvent, source: MessageEventSource | null, origin: string): boolean {
  return source !== null && event.source === source && event.origin === origin && isOurs(event.data);
}

/** Is it an envelope of this protocol? It says nothing about who sent it. */
export function isOurs(data: unknown): data is Fields {
  return typeof data === "object" && data !== null && (data as Fields)[MARK] === VERSION;
}

/** The envelope around a message. */
export function envelope(message: ToWindow | ToLoader): Fields {
  return { [MARK]: VERSION, ...message };
}

/** The message of the loader in an envelope, or null when it has no known shape. */
export function readToWindow(data: Fields): ToWindow | null {
  const { type, locale, isOpen, ask, resumeToken, page } = data;
  if (type === "hello" && isLocale(locale) && isBoolean(isOpen)) return { type, locale, isOpen };
  if (type === "shown" && isBoolean(isOpen)) return { type, isOpen };
  if (type === "visit" && isCount(ask) && isText(resumeToken) && isPage(page)) {
    return { type, ask, resumeToken, page };
  }
  return null;
}

/** The message of the chat window in an envelope, or null when it has no known shape. */
export function readToLoader(data: Fields): ToLoader | null {
  const { type, ask, keep, count } = data;
  if (type === "ready" || type === "close") return { type };
  if (type === "unread" && isCount(count)) return { type, count };
  if (type === "visit" && isCount(ask) && (keep === null || isText(keep))) return { type, ask, keep };
  return null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLocale(value: unknown): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

function isPage(value: unknown): value is Page {
  if (typeof value !== "object" || value === null) return false;
  const { url, title, referrer, language, visitorName } = value as Fields;
  return [url, title, referrer, language, visitorName].every(isText);
}
