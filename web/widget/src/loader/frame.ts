// The iframe with the chat window: loads it, again and again when it cannot be had, and talks to it.

import { Backoff } from "../shared/backoff";
import type { Locale } from "../shared/locale";
import { accepts, envelope, type Page, readToLoader, type ToLoader, type ToWindow } from "../shared/protocol";
import type { TokenStorage } from "./storage";

/** How long the page of the window may take to come, and then to say that it works. */
const LOAD_TIMEOUT = 15_000;
const READY_TIMEOUT = 4_000;

export interface FrameOptions {
  /** Where the window comes from: the origin of the loader's own script. */
  readonly origin: string;
  readonly chatId: string;
  readonly locale: Locale;
  readonly title: string;
  readonly tokens: TokenStorage;
  readonly page: () => Page;
  readonly onReady: () => void;
  /** It did not come in time; another attempt follows by itself. */
  readonly onTrouble: () => void;
  readonly onUnread: (count: number) => void;
  readonly onClose: () => void;
}

export class ChatFrame {
  readonly element = document.createElement("iframe");
  isReady = false;
  #isOpen = false;
  #timer = 0;
  readonly #backoff = new Backoff();

  constructor(private readonly options: FrameOptions) {
    this.element.title = options.title;
    // For voice messages; the browser asks the visitor when one is begun.
    this.element.allow = "microphone";
    this.element.addEventListener("load", () => this.#greet());
    window.addEventListener("message", (event) => this.#receive(event));
    window.addEventListener("online", () => {
      if (!this.isReady) this.#load();
    });
    this.#load();
  }

  /** Tells the window whether it is seen; only then it counts messages as read. */
  show(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (this.isReady) this.#post({ type: "shown", isOpen });
  }

  #load(): void {
    this.element.src = `${this.options.origin}/chat/${this.options.chatId}`;
    this.#expectWithin(LOAD_TIMEOUT);
  }

  #expectWithin(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#loadLater(), milliseconds);
  }

  #loadLater(): void {
    this.options.onTrouble();
    this.#timer = window.setTimeout(() => this.#load(), this.#backoff.next());
  }

  #greet(): void {
    // The browser's own page about a failure fires "load" as well: it has another origin and never answers.
    if (!this.isReady) this.#expectWithin(READY_TIMEOUT);
    this.#post({ type: "hello", locale: this.options.locale, isOpen: this.#isOpen });
  }

  #receive(event: MessageEvent): void {
    if (!accepts(event, this.element.contentWindow, this.options.origin)) return;
    const message = readToLoader(event.data);
    if (message) this.#act(message);
  }

  #act(message: ToLoader): void {
    const { tokens, page, onReady, onUnread, onClose } = this.options;
    switch (message.type) {
      case "ready":
        clearTimeout(this.#timer);
        this.#backoff.reset();
        this.isReady = true;
        onReady();
        break;
      case "visit":
        if (message.keep !== null) tokens.write(message.keep);
        this.#post({ type: "visit", ask: message.ask, resumeToken: tokens.read(), page: page() });
        break;
      case "unread":
        onUnread(message.count);
        break;
      case "close":
        onClose();
        break;
    }
  }

  #post(message: ToWindow): void {
    this.element.contentWindow?.postMessage(envelope(message), this.options.origin);
  }
}
