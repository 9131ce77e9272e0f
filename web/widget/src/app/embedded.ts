// The window inside an iframe of a page with the loader.

import type { Locale } from "../shared/locale";
import { accepts, envelope, isOurs, readToWindow, type ToLoader } from "../shared/protocol";
import type { Host, Visit } from "./host";

const ANSWER_TIMEOUT = 5_000;

/** Waits for the loader's first word and keeps to that origin from then on. */
export function connectToLoader(): Promise<Host> {
  return new Promise((resolve) => {
    const listen = (event: MessageEvent) => {
      if (event.source !== window.parent || !isOurs(event.data)) return;
      const message = readToWindow(event.data);
      if (message?.type !== "hello") return;
      window.removeEventListener("message", listen);
      resolve(new EmbeddedHost(event.origin, message.locale, message.isOpen));
    };
    window.addEventListener("message", listen);
  });
}

export class EmbeddedHost implements Host {
  readonly hasLauncher = true;
  readonly #answers = new Map<number, (visit: Visit) => void>();
  readonly #listeners: ((isShown: boolean) => void)[] = [];
  #asked = 0;
  #unread = 0;

  constructor(
    readonly origin: string,
    readonly locale: Locale,
    public isShown: boolean,
  ) {
    window.addEventListener("message", (event) => this.#receive(event));
  }

  visit(keep: string | null): Promise<Visit> {
    this.#asked += 1;
    const ask = this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(ask);
        reject(new Error("the page around the chat does not answer"));
      }, ANSWER_TIMEOUT);
      this.#answers.set(ask, (visit) => {
        clearTimeout(timer);
        this.#answers.delete(ask);
        resolve(visit);
      });
      this.#post({ type: "visit", ask, keep });
    });
  }

  ready(): void {
    this.#post({ type: "ready" });
  }

  reportUnread(count: number): void {
    if (count === this.#unread) return;
    this.#unread = count;
    this.#post({ type: "unread", count });
  }

  close(): void {
    this.#post({ type: "close" });
  }

  onShown(listener: (isShown: boolean) => void): void {
    this.#listeners.push(listener);
  }

  #receive(event: MessageEvent): void {
    if (!accepts(event, window.parent, this.origin)) return;
    const message = readToWindow(event.data);
    if (message?.type === "visit") this.#answers.get(message.ask)?.(message);
    if (message?.type === "shown") {
      this.isShown = message.isOpen;
      for (const listener of this.#listeners) listener(message.isOpen);
    }
  }

  #post(message: ToLoader): void {
    // A page of an application may have no origin of its own ("null") that could be named here. Its window cannot
    // change to another page without taking this iframe down, so the receiver is the same one.
    const target = this.origin === "null" ? "*" : this.origin;
    window.parent.postMessage(envelope(message), target);
  }
}
