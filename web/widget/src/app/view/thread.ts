// One conversation: its messages, newest at the bottom, and the place to write.

import type { Chat } from "../chat";
import type { Picked } from "../files/file";
import type { Texts } from "../i18n/texts";
import { isSameDay, type Times } from "../i18n/times";
import { type Message, ONLY_THREAD } from "../model";
import type { Entry } from "../outbox";
import { Composer } from "./composer";
import { button, h, setChildren } from "./dom";
import { FileTools } from "./file_tools";
import { FilesView, type ShownFiles } from "./files";
import { GreetingView } from "./greeting";
import { MessageView, type ShownMessage } from "./message";
import { Scroller } from "./scroller";

/** A message with its files. */
interface Shown extends ShownMessage, ShownFiles {}

export class ThreadView {
  readonly element: HTMLElement;
  readonly #log: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #greeting: GreetingView;
  readonly #failed: HTMLElement;
  readonly #finished: HTMLElement;
  readonly #finishedText: HTMLElement;
  readonly #composer: Composer;
  readonly #tools: FileTools;
  readonly #scroller: Scroller;
  readonly #views = new Map<string, MessageView>();
  readonly #files = new Map<string, FilesView>();
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
    this.#tools = new FileTools({
      texts,
      locale: chat.locale,
      picked: chat.picked(threadId),
      settings: () => chat.state.settings,
      sendVoice: (voice) => this.#send("", [voice]),
    });
    const send = (text: string) => this.#send(text, this.#tools.tray.take());
    this.#composer = new Composer(texts, drafts, threadId, send, this.#tools);
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

  /** Nobody looks at it any more: nothing is recorded. */
  left(): void {
    this.#tools.recording.cancel();
  }

  #send(text: string, files: readonly Picked[]): void {
    this.#scroller.goToEnd();
    this.chat.send(this.threadId, text, files);
  }

  #loadOlder(): void {
    const thread = this.chat.state.thread(this.threadId);
    if (thread.hasOlder || !thread.isLoaded) void this.chat.loadOlder(this.threadId);
  }

  #items(messages: readonly Shown[]): Node[] {
    const items: Node[] = [];
    let previous: Shown | null = null;
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

  #view(message: Shown): MessageView {
    let view = this.#views.get(message.key);
    if (!view) {
      const hasFiles = message.local.length > 0 || message.stored.length > 0;
      const files = hasFiles ? new FilesView(this.chat, message.key, this.texts) : null;
      view = new MessageView(message, this.texts, this.times, this.chat, files?.element ?? null);
      this.#views.set(message.key, view);
      if (files) this.#files.set(message.key, files);
    }
    this.#files.get(message.key)?.update(message);
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
  #shownMessages(messages: readonly Message[]): Shown[] {
    // The page of a thread without a key has the messages of all.
    const own = messages.filter(({ threadId }) => this.chat.state.threadOf(threadId) === this.threadId);
    const stored = own.map((message) => this.#fromMessage(message));
    const keys = new Set(stored.map(({ key }) => key));
    const unsent = this.chat.unsent(this.threadId).filter(({ id }) => !keys.has(id));
    return [...stored, ...unsent.map((entry) => this.#fromEntry(entry))];
  }

  #fromMessage({ id, clientMessageId, isMine, authorName, text, time, files }: Message): Shown {
    const name = isMine
      ? this.texts.you
      : authorName || this.chat.state.settings?.title || this.texts.company;
    const key = clientMessageId || id;
    const shown = { key, isMine, authorName: name, text, time };
    return { ...shown, state: "sent", refusal: "", local: [], stored: files };
  }

  #fromEntry({ id, text, time, refusal, files }: Entry): Shown {
    return {
      key: id,
      isMine: true,
      authorName: this.texts.you,
      text,
      time: new Date(time),
      state: refusal ? "refused" : "pending",
      refusal: this.#refusalText(refusal),
      local: files,
      stored: [],
    };
  }

  #refusalText(refusal: Entry["refusal"]): string {
    if (refusal === "FILE_GONE") return this.texts.messageFileGone;
    if (refusal === "FILE_TOO_LARGE" || refusal === "FILE_TYPE_NOT_ALLOWED")
      return this.texts.messageFileRefused;
    if (refusal === "FIELD_INVALID" || refusal === "TOO_LARGE") return this.texts.messageTooLong;
    if (refusal === "ONLINE_CHAT_DISABLED") return this.texts.messageDisabled;
    return this.texts.messageRefused;
  }
}
