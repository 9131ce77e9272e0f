// One message: stored, waiting or refused. It stays the same element while it goes from one to the other.

import type { Texts } from "../i18n/texts";
import type { Times } from "../i18n/times";
import { button, h, icon, setChildren, setText } from "./dom";
import { splitLinks } from "./links";

export type MessageState = "sent" | "pending" | "refused";

/** What is shown, wherever it comes from. */
export interface ShownMessage {
  /** The same before and after the server has stored it. */
  readonly key: string;
  readonly isMine: boolean;
  readonly authorName: string;
  readonly text: string;
  readonly time: Date;
  readonly state: MessageState;
  /** Set on a refused message: why, in the visitor's words. */
  readonly refusal: string;
}

export interface MessageActions {
  retry(key: string): void;
  discard(key: string): void;
}

const SENT = "M5 12.5l4.5 4.5L19 7.5";
const PENDING = "M12 7v5l3 2M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z";
const REFUSED = "M12 8v5M12 16.5v.01M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z";
const ICONS: Record<MessageState, string> = { sent: SENT, pending: PENDING, refused: REFUSED };

export class MessageView {
  readonly element: HTMLElement;
  readonly #state = h("span", { class: "state" });
  readonly #stateText = h("span", { class: "unseen" });
  readonly #refusal = h("div", { class: "refusal" });
  readonly #time: HTMLTimeElement;
  readonly #author: HTMLParagraphElement;
  #shown: MessageState | null = null;

  constructor(
    message: ShownMessage,
    private readonly texts: Texts,
    private readonly times: Times,
    private readonly actions: MessageActions,
    files: Node | null = null,
  ) {
    this.#time = h("time");
    this.#author = h("p", { class: "author" }, message.authorName);
    const meta = h("span", { class: "meta" }, this.#time, message.isMine ? this.#state : null);
    const text = h("span", { class: "text", dir: "auto" }, ...textNodes(message.text));
    this.element = h(
      "div",
      {
        class: `message ${message.isMine ? "mine" : "theirs"}`,
        "data-author": message.isMine ? "visitor" : "company",
      },
      this.#author,
      h("div", { class: "bubble" }, files, text, " ", meta),
      this.#refusal,
    );
  }

  /** `isFirst`: the one before is by somebody else, so the author's name is seen. */
  update(message: ShownMessage, isFirst: boolean): void {
    this.element.classList.toggle("first", isFirst);
    this.#author.classList.toggle("unseen", !isFirst || message.isMine);
    setText(this.#time, this.times.time(message.time));
    this.#time.dateTime = message.time.toISOString();
    if (this.#shown === message.state) return;
    this.#shown = message.state;
    this.element.dataset.state = message.state;
    setText(this.#stateText, this.#stateName(message.state));
    setChildren(this.#state, [icon(ICONS[message.state]), this.#stateText]);
    this.#refusal.hidden = message.state !== "refused";
    setChildren(this.#refusal, message.state === "refused" ? this.#refusalParts(message) : []);
  }

  #stateName(state: MessageState): string {
    if (state === "sent") return this.texts.stateSent;
    return state === "pending" ? this.texts.statePending : this.texts.messageRefused;
  }

  #refusalParts({ key, refusal }: ShownMessage): Node[] {
    return [
      h("span", {}, refusal),
      button({ "data-act": "retry" }, () => this.actions.retry(key), this.texts.tryAgain),
      button({ "data-act": "delete" }, () => this.actions.discard(key), this.texts.messageDelete),
    ];
  }
}

/** A text with the addresses in it as links. */
export function textNodes(text: string): (Node | string)[] {
  return splitLinks(text).map((piece) =>
    piece.href
      ? h("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, piece.text)
      : piece.text,
  );
}
