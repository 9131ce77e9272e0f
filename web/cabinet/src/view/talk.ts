// The correspondence: messages, newest at the bottom, and the place to write.

import type { Texts as ChatTexts } from "../../../widget/src/app/i18n/texts";
import { isSameDay, type Times } from "../../../widget/src/app/i18n/times";
import type { Entry } from "../../../widget/src/app/outbox";
import { Composer } from "../../../widget/src/app/view/composer";
import { button, h, setChildren, setText } from "../../../widget/src/app/view/dom";
import { MessageView, type ShownMessage } from "../../../widget/src/app/view/message";
import { Scroller } from "../../../widget/src/app/view/scroller";
import type { Locale } from "../../../widget/src/shared/locale";
import type { Cabinet } from "../cabinet";
import type { Attachment } from "../gen/beseda/conversations/v1/attachment_pb";
import type { Texts } from "../i18n/texts";
import { MAX_TEXT, type Message, type Talk } from "../talk";
import { attachmentList, Shelf } from "./attachments";

/** A message with its files. */
interface Shown extends ShownMessage {
  readonly attachments: readonly Attachment[];
}

export class TalkView {
  readonly element: HTMLElement;
  readonly #notice = h("p", { class: "notice", role: "status" });
  readonly #log: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #failed: HTMLElement;
  readonly #greeting: HTMLElement;
  readonly #composer: Composer;
  readonly #scroller: Scroller;
  readonly #shelf: Shelf;
  readonly #views = new Map<string, { readonly view: MessageView; readonly files: Message["attachments"] }>();

  constructor(
    cabinet: Cabinet,
    private readonly talk: Talk,
    private readonly texts: Texts,
    private readonly chatTexts: ChatTexts,
    private readonly times: Times,
    private readonly locale: Locale,
  ) {
    this.#shelf = new Shelf(cabinet);
    const again = button({}, () => void talk.loadOlder(), chatTexts.tryAgain);
    this.#failed = h("p", { class: "failure" }, chatTexts.historyFailed, " ", again);
    this.#older = button({ class: "older" }, () => void talk.loadOlder(), chatTexts.older);
    this.#greeting = h("p", { class: "greeting" }, chatTexts.greeting);
    // Focusable, because it scrolls: the keyboard must reach what is out of sight.
    this.#log = h("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": chatTexts.logLabel,
      tabindex: "0",
    });
    this.#scroller = new Scroller(this.#log, chatTexts.newMessages, {
      atEnd: () => undefined,
      atStart: () => talk.hasOlder && void talk.loadOlder(),
    });
    this.#composer = new Composer(chatTexts, new Map(), "", (text) => this.#send(text));
    this.#composer.setLimit(MAX_TEXT);
    const room = h("div", { class: "room" }, this.#log, this.#scroller.jump);
    const parts = [this.#notice, room, this.#composer.element];
    this.element = h("section", { class: "thread", "aria-label": texts.messages }, ...parts);
  }

  render(): void {
    const { messages, connection, hasOlder, hasFailed, isLoaded } = this.talk;
    setText(this.#notice, connection === "lost" ? this.chatTexts.connectionLost : "");
    const shown = [
      ...messages.map((message) => this.#fromMessage(message)),
      ...this.talk.unsent().map((entry) => this.#fromEntry(entry)),
    ];
    this.#older.hidden = !hasOlder || hasFailed;
    this.#failed.hidden = !hasFailed;
    this.#greeting.hidden = !isLoaded || shown.length > 0;
    // History is not news: only what comes later is read out.
    this.#log.setAttribute("aria-busy", String(!isLoaded));
    this.#scroller.keepPlace(() => {
      setChildren(this.#log, [this.#failed, this.#older, this.#greeting, ...this.#items(shown)]);
    });
  }

  /** It has come into view. */
  shown(): void {
    this.#scroller.settle();
  }

  focus(): void {
    this.#composer.focus();
  }

  close(): void {
    this.#shelf.clear();
  }

  #send(text: string): void {
    this.#scroller.goToEnd();
    this.talk.send(text);
  }

  #items(messages: readonly Shown[]): Node[] {
    const items: Node[] = [];
    let previous: Shown | null = null;
    for (const message of messages) {
      const isNewDay = !previous || !isSameDay(previous.time, message.time);
      if (isNewDay) items.push(h("p", { class: "day" }, this.times.day(message.time)));
      const isSameAuthor = previous?.isMine === message.isMine && previous.authorName === message.authorName;
      const view = this.#view(message);
      view.update(message, isNewDay || !isSameAuthor);
      items.push(view.element);
      previous = message;
    }
    return items;
  }

  #view(message: Shown): MessageView {
    const files = message.attachments;
    const known = this.#views.get(message.key);
    // Read again with a file that is here now, it is another message to the eye.
    if (known && (known.files === files || files.length === 0)) return known.view;
    const list = attachmentList(files, this.#shelf, this.texts, this.locale);
    const view = new MessageView(message, this.chatTexts, this.times, this.talk, list);
    this.#views.set(message.key, { view, files });
    return view;
  }

  #fromMessage({ id, clientMessageId, isMine, authorName, text, time, attachments }: Message): Shown {
    const name = isMine ? this.chatTexts.you : authorName || this.chatTexts.company;
    const key = clientMessageId || id;
    return { key, isMine, authorName: name, text, time, state: "sent", refusal: "", attachments };
  }

  #fromEntry({ id, text, time, refusal }: Entry): Shown {
    const why = refusal === "FIELD_INVALID" ? this.chatTexts.messageTooLong : this.chatTexts.messageRefused;
    return {
      key: id,
      isMine: true,
      authorName: this.chatTexts.you,
      text,
      time: new Date(time),
      state: refusal ? "refused" : "pending",
      refusal: why,
      attachments: [],
    };
  }
}
