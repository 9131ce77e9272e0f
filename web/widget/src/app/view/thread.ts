// One conversation: its messages, newest at the bottom, and the place to write.

import type { Chat } from "../chat";
import type { Texts } from "../i18n/texts";
import { isSameDay, type Times } from "../i18n/times";
import { type Message, ONLY_THREAD } from "../model";
import type { Entry } from "../outbox";
import { Composer } from "./composer";
import { button, h, setChildren } from "./dom";
import { GreetingView } from "./greeting";
import { MessageView, type ShownMessage } from "./message";
import { Scroller } from "./scroller";

export class ThreadView {
  readonly element: HTMLElement;
  readonly #log: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #greeting: GreetingView;
  readonly #failed: HTMLElement;
  readonly #finished: HTMLElement;
  readonly #finishedText: HTMLElement;
  readonly #composer: Composer;
  readonly #scroller: Scroller;
  readonly #views = new Map<string, MessageView>();
  readonly #days = new Map<string, HTMLElement>();

  constructor(
    private readonly chat: Chat,
    readonly threadId: string,
    private readonly texts: Texts,
    private readonly times: Times,
    drafts: Map<string, string>,
  ) {
    const again = button({}, () => this.#loadOlder(), texts.tryAgain);
    this.#older = button({ class: "older" }, () => this.#loadOlder(), texts.older);
    this.#greeting = new GreetingView(texts.greeting, texts.company);
    this.#failed = h("p", { class: "failure" }, texts.historyFailed, " ", again);
    const create = button({ class: "primary" }, () => chat.openNewThread(), texts.newConversation);
    this.#finishedText = h("p", { role: "status" }, texts.finished);
    this.#finished = h("div", { class: "finished" }, this.#finishedText, create);
    // Focusable, because it scrolls: the keyboard must reach what is out of sight.
    this.#log = h("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": texts.logLabel,
      tabindex: "0",
    });
    this.#scroller = new Scroller(this.#log, texts.newMessages, {
      atEnd: () => chat.seen(threadId),
      atStart: () => this.#loadOlder(),
    });
    this.#composer = new Composer(texts, drafts, threadId, (text) => this.#send(text));
    const room = h("div", { class: "room" }, this.#log, this.#scroller.jump);
    this.element = h("section", { class: "thread" }, room, this.#finished, this.#composer.element);
  }

  render(): void {
    const { state } = this.chat;
    const thread = state.thread(this.threadId);
    const isLoading = !thread.isLoaded && !thread.hasFailed;
    const shown = this.#shownMessages(thread.messages);
    this.#older.hidden = !thread.hasOlder || thread.hasFailed;
    this.#failed.hidden = !thread.hasFailed;
    this.#greeting.render(state.settings);
    this.#greeting.element.hidden = isLoading || thread.hasFailed || shown.length > 0;
    const isFinished = state.finished.has(this.threadId);
    // Left from a time with a single conversation: it has no key to write under.
    const isNameless = state.settings?.isMultiple === true && this.threadId === ONLY_THREAD;
    this.#finishedText.hidden = !isFinished;
    this.#finished.hidden = !isFinished && !isNameless;
    this.#composer.element.hidden = isFinished || isNameless;
    this.#composer.setLimit(state.settings?.maxTextLength ?? 0);
    // History is not news: only what comes later is read out.
    this.#log.setAttribute("aria-busy", String(isLoading));
    this.#scroller.keepPlace(() => {
      setChildren(this.#log, [this.#failed, this.#older, this.#greeting.element, ...this.#items(shown)]);
    });
  }

  shown(): void {
    this.#scroller.settle();
  }

  focus(): void {
    this.#composer.focus();
  }

  #send(text: string): void {
    this.#scroller.goToEnd();
    this.chat.send(this.threadId, text);
  }

  #loadOlder(): void {
    const thread = this.chat.state.thread(this.threadId);
    if (thread.hasOlder || !thread.isLoaded) void this.chat.loadOlder(this.threadId);
  }

  #items(messages: readonly ShownMessage[]): Node[] {
    const items: Node[] = [];
    let previous: ShownMessage | null = null;
    for (const message of messages) {
      const isNewDay = !previous || !isSameDay(previous.time, message.time);
      if (isNewDay) items.push(this.#day(message.time));
      const isSameAuthor = previous?.isMine === message.isMine && previous.authorName === message.authorName;
      const view = this.#view(message);
      view.update(message, isNewDay || !isSameAuthor);
      items.push(view.element);
      previous = message;
    }
    return items;
  }

  #view(message: ShownMessage): MessageView {
    let view = this.#views.get(message.key);
    if (!view) {
      view = new MessageView(message, this.texts, this.times, this.chat);
      this.#views.set(message.key, view);
    }
    return view;
  }

  #day(date: Date): HTMLElement {
    const key = date.toDateString();
    const element = this.#days.get(key) ?? h("p", { class: "day" });
    this.#days.set(key, element);
    // "Today" becomes "Yesterday" while the window is open.
    element.textContent = this.times.day(date);
    return element;
  }

  /** Stored messages by place, then what is on its way; nothing twice in the moment between the two. */
  #shownMessages(messages: readonly Message[]): ShownMessage[] {
    // The page of a thread without a key has the messages of all.
    const own = messages.filter(({ threadId }) => this.chat.state.threadOf(threadId) === this.threadId);
    const stored = own.map((message) => this.#fromMessage(message));
    const keys = new Set(stored.map(({ key }) => key));
    const unsent = this.chat.unsent(this.threadId).filter(({ id }) => !keys.has(id));
    return [...stored, ...unsent.map((entry) => this.#fromEntry(entry))];
  }

  #fromMessage({ id, clientMessageId, isMine, authorName, text, time }: Message): ShownMessage {
    const name = isMine
      ? this.texts.you
      : authorName || this.chat.state.settings?.title || this.texts.company;
    return { key: clientMessageId || id, isMine, authorName: name, text, time, state: "sent", refusal: "" };
  }

  #fromEntry({ id, text, time, refusal }: Entry): ShownMessage {
    return {
      key: id,
      isMine: true,
      authorName: this.texts.you,
      text,
      time: new Date(time),
      state: refusal ? "refused" : "pending",
      refusal: this.#refusalText(refusal),
    };
  }

  #refusalText(refusal: Entry["refusal"]): string {
    if (refusal === "FIELD_INVALID" || refusal === "TOO_LARGE") return this.texts.messageTooLong;
    if (refusal === "ONLINE_CHAT_DISABLED") return this.texts.messageDisabled;
    return this.texts.messageRefused;
  }
}
