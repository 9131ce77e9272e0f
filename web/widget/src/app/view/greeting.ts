// What stands in a conversation that has no messages yet: the bot's words, or ours where the bot is off.

import type { Settings } from "../model";
import { h, setChildren, setText } from "./dom";
import { textNodes } from "./message";

export class GreetingView {
  readonly #invitation: HTMLElement;
  readonly #author = h("p", { class: "author" });
  readonly #text = h("span", { class: "text", dir: "auto" });
  readonly #bot: HTMLElement;
  readonly element = h("div", { class: "greeting" });

  constructor(
    invitation: string,
    private readonly company: string,
  ) {
    this.#invitation = h("p", {}, invitation);
    const bubble = h("div", { class: "bubble" }, this.#text);
    this.#bot = h("div", { class: "message theirs first", "data-author": "company" }, this.#author, bubble);
  }

  render(settings: Settings | null): void {
    const greeting = settings?.greeting;
    this.element.classList.toggle("bot", Boolean(greeting));
    setChildren(this.element, [greeting ? this.#bot : this.#invitation]);
    if (!greeting) return;
    setText(this.#author, greeting.name || settings.title || this.company);
    if (this.#text.textContent !== greeting.text) this.#text.replaceChildren(...textNodes(greeting.text));
  }
}
