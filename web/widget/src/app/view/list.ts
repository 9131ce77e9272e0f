// The visitor's conversations (ONL-11, ONL-12).

import type { Chat } from "../chat";
import type { Texts } from "../i18n/texts";
import type { Times } from "../i18n/times";
import type { Conversation } from "../model";
import { button, h, setChildren } from "./dom";

export class ListView {
  readonly element: HTMLElement;
  readonly #rows = h("ul", { class: "rows" });
  readonly #empty: HTMLParagraphElement;

  constructor(
    private readonly chat: Chat,
    private readonly texts: Texts,
    private readonly times: Times,
  ) {
    this.#empty = h("p", { class: "empty" }, texts.noConversations);
    const create = button({ class: "primary" }, () => chat.openNewThread(), texts.newConversation);
    this.element = h(
      "section",
      { class: "list", "aria-label": texts.conversations },
      this.#empty,
      this.#rows,
      create,
    );
  }

  render(): void {
    const focused = document.activeElement?.getAttribute("data-thread");
    const unsent = this.chat.unsentThreads().map((threadId) => this.#unsentRow(threadId));
    const stored = this.chat.state.conversationList().map((conversation) => this.#row(conversation));
    const rows = [...unsent, ...stored];
    this.#empty.hidden = rows.length > 0;
    setChildren(this.#rows, rows);
    // Rows are made anew; the keyboard's place among them is kept.
    if (focused) this.#rows.querySelector<HTMLElement>(`[data-thread="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(conversation: Conversation): HTMLLIElement {
    const { threadId, number, lastText, time, unreadCount } = conversation;
    const badge = h(
      "span",
      { class: "count" },
      h("span", { "aria-hidden": "true" }, unreadCount > 99 ? "99+" : String(unreadCount)),
      h("span", { class: "unseen" }, this.texts.unread(unreadCount)),
    );
    badge.hidden = unreadCount === 0;
    const when = h("time", { datetime: time.toISOString() }, this.times.short(time));
    return this.#makeRow(threadId, this.texts.conversationNumber(number), lastText, when, badge);
  }

  #unsentRow(threadId: string): HTMLLIElement {
    const last = this.chat.unsent(threadId).at(-1);
    const text = last?.text || (last?.files[0]?.name ?? "");
    const state = h("span", { class: "waits" }, this.texts.statePending);
    return this.#makeRow(threadId, this.texts.newConversation, text, state, null);
  }

  #makeRow(threadId: string, name: string, text: string, aside: Node, badge: Node | null): HTMLLIElement {
    const first = h("span", { class: "row-first" }, h("strong", {}, name), aside);
    const second = h(
      "span",
      { class: "row-second" },
      h("span", { class: "excerpt", dir: "auto" }, text),
      badge,
    );
    const attributes = { class: "row", "data-thread": threadId };
    return h(
      "li",
      {},
      button(attributes, () => this.chat.openThread(threadId), first, second),
    );
  }
}
