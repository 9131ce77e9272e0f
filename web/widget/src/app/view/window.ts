// The window: a header, a bar that says which conversation it is, a line about the connection, and a list of
// conversations or one of them.

import type { Chat } from "../chat";
import type { Host } from "../host";
import type { Texts } from "../i18n/texts";
import type { Times } from "../i18n/times";
import { button, h, icon, setChildren, setText } from "./dom";
import { askToFinish } from "./finish";
import { ListView } from "./list";
import { paint } from "./look";
import { noticeText } from "./notice";
import { ThreadView } from "./thread";

const BACK = "M15 5l-7 7 7 7";
const CLOSE = "M6 6l12 12M18 6L6 18";
const FINISH = "M4 12l5 5L20 6";

export class WindowView {
  readonly #back: HTMLButtonElement;
  readonly #finish: HTMLButtonElement;
  readonly #title = h("h1", { tabindex: "-1" });
  // The title says whose window it is; the picture adds nothing to be read out.
  readonly #avatar = h("img", { class: "avatar", alt: "" });
  readonly #place = h("p");
  readonly #bar: HTMLElement;
  readonly #notice = h("p", { class: "notice", role: "status" });
  readonly #main = h("main");
  readonly #waiting = h("div", { class: "waiting" }, h("div", { class: "spinner" }));
  readonly #list: ListView;
  readonly #drafts = new Map<string, string>();
  #thread: ThreadView | null = null;

  constructor(
    private readonly chat: Chat,
    host: Host,
    private readonly texts: Texts,
    private readonly times: Times,
  ) {
    this.#list = new ListView(chat, texts, times);
    this.#back = button({ class: "tool back", "aria-label": texts.back }, () => this.#goBack(), icon(BACK));
    this.#finish = button({ class: "finish" }, () => this.#askToFinish(), icon(FINISH), texts.finish);
    const close = button({ class: "tool", "aria-label": texts.close }, () => host.close(), icon(CLOSE));
    close.hidden = !host.hasLauncher;
    this.#bar = h("div", { class: "bar" }, this.#place, this.#finish);
    const header = h(
      "header",
      {},
      h("div", { class: "top" }, this.#back, this.#avatar, this.#title, close),
      this.#bar,
    );
    document.body.append(header, this.#notice, this.#main);
    document.addEventListener("keydown", (event) => {
      const hasDialog = document.querySelector("dialog[open]") !== null;
      if (event.key === "Escape" && !hasDialog && !event.defaultPrevented) host.close();
    });
    host.onShown((isShown) => {
      if (isShown) this.shown();
      else this.#thread?.left();
    });
  }

  render(): void {
    const { settings, screen } = this.chat.state;
    const title = settings?.title || this.texts.defaultTitle;
    setText(this.#title, title);
    document.title = title;
    this.#renderLook(settings?.avatar ?? "", settings?.accentColor ?? "");
    this.#renderNotice();
    this.#renderTools();
    if (!screen) setChildren(this.#main, [this.#waiting]);
    else if (screen.kind === "list") this.#renderList();
    else this.#renderThread(screen.threadId);
  }

  #renderLook(avatar: string, accentColor: string): void {
    this.#avatar.hidden = avatar === "";
    if (avatar && this.#avatar.getAttribute("src") !== avatar) this.#avatar.src = avatar;
    paint(document.documentElement, accentColor);
  }

  /** The window has come into view: the place to type gets the focus. */
  shown(): void {
    this.#thread?.shown();
    this.#focus();
  }

  #focus(): void {
    // On a touch screen the keyboard would cover half of what the person wants to read.
    const isTouch = matchMedia("(pointer: coarse)").matches;
    if (this.#thread && !isTouch) this.#thread.focus();
    else this.#title.focus();
  }

  #renderNotice(): void {
    const { state } = this.chat;
    const text = noticeText(state, this.texts);
    setText(this.#notice, text || (state.isSynced || state.screen ? "" : this.texts.connecting));
    this.#notice.classList.toggle("quiet", text === "");
    this.#waiting.hidden = state.refusal !== null;
  }

  #renderTools(): void {
    const { settings, screen, conversations, finished } = this.chat.state;
    const threadId = screen?.kind === "thread" ? screen.threadId : null;
    const conversation = threadId === null ? undefined : conversations.get(threadId);
    this.#back.hidden = !settings?.isMultiple || threadId === null;
    const isSettled = threadId !== null && this.chat.unsent(threadId).length === 0;
    this.#finish.hidden = !settings?.isMultiple || !conversation?.canFinish || !isSettled;
    // With one conversation for everything there is nothing to tell apart.
    this.#bar.hidden = !settings?.isMultiple || !screen;
    const known = conversation ?? finished.get(threadId ?? "");
    const name = known ? this.texts.conversationNumber(known.number) : this.texts.newConversation;
    setText(this.#place, threadId === null ? this.texts.conversations : name);
  }

  #renderList(): void {
    this.#thread?.left();
    this.#thread = null;
    setChildren(this.#main, [this.#list.element]);
    this.#list.render();
  }

  #renderThread(threadId: string): void {
    const isOther = this.#thread?.threadId !== threadId;
    if (isOther) {
      this.#thread?.left();
      this.#thread = new ThreadView(this.chat, threadId, this.texts, this.times, this.#drafts);
    }
    if (!this.#thread) return;
    setChildren(this.#main, [this.#thread.element]);
    this.#thread.render();
    if (isOther && document.hasFocus()) this.#focus();
  }

  #goBack(): void {
    this.chat.openList();
    this.#title.focus();
  }

  #askToFinish(): void {
    const { screen } = this.chat.state;
    if (screen?.kind !== "thread") return;
    const { threadId } = screen;
    askToFinish(this.texts, () => this.chat.finish(threadId));
  }
}
