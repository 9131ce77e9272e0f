// The cabinet of a client who is in: deals and correspondence, one beside the other where there is room.

import type { Texts as ChatTexts } from "../../../widget/src/app/i18n/texts";
import type { Times } from "../../../widget/src/app/i18n/times";
import { h, setChildren, setText } from "../../../widget/src/app/view/dom";
import type { Locale } from "../../../widget/src/shared/locale";
import type { Cabinet } from "../cabinet";
import type { Texts } from "../i18n/texts";
import { DealsView } from "./deals";
import { TalkView } from "./talk";
import type { Values } from "./values";

/** What the views speak. */
export interface Speech {
  readonly locale: Locale;
  readonly texts: Texts;
  /** Of the correspondence. */
  readonly chatTexts: ChatTexts;
  readonly times: Times;
  readonly values: Values;
}

type Place = "deals" | "messages";

export class HomeView {
  readonly element: HTMLElement;
  readonly #nav: HTMLElement;
  readonly #toDeals: HTMLAnchorElement;
  readonly #toMessages: HTMLAnchorElement;
  readonly #count = h("span", { class: "count", "aria-hidden": "true" });
  readonly #countText = h("span", { class: "unseen" });
  readonly #deals: DealsView;
  readonly #rooms = h("div", { class: "rooms" });
  readonly #onHash = () => this.#move();
  #talk: TalkView | null = null;
  /** The newest message that the client has had before the eyes; null before the history was read. */
  #seen: number | null = null;

  constructor(
    private readonly cabinet: Cabinet,
    private readonly speech: Speech,
  ) {
    const { texts, times, values } = speech;
    this.#deals = new DealsView(cabinet, texts, times, values);
    this.#toDeals = h("a", { href: "#deals" }, texts.deals);
    this.#toMessages = h("a", { href: "#messages" }, texts.messages, this.#count, this.#countText);
    this.#nav = h("nav", { "aria-label": texts.sections }, this.#toDeals, this.#toMessages);
    this.element = h("div", { class: "home" }, this.#nav, this.#rooms);
    window.addEventListener("hashchange", this.#onHash);
  }

  render(): void {
    this.#renderRooms();
    this.#renderNav();
    this.#deals.render();
    this.#talk?.render();
  }

  focus(): void {
    (this.#place === "deals" ? this.#toDeals : this.#toMessages).focus();
  }

  close(): void {
    window.removeEventListener("hashchange", this.#onHash);
    this.#deals.close();
    this.#talk?.close();
    history.replaceState(null, "", location.pathname);
  }

  get #place(): Place {
    return location.hash === "#messages" && this.cabinet.talk ? "messages" : "deals";
  }

  #renderRooms(): void {
    const { talk } = this.cabinet;
    if (talk && !this.#talk) {
      const { texts, chatTexts, times, locale } = this.speech;
      this.#talk = new TalkView(this.cabinet, talk, texts, chatTexts, times, locale);
    }
    this.element.dataset.place = this.#place;
    const rooms = [this.#deals.element, this.#talk?.element ?? null];
    setChildren(
      this.#rooms,
      rooms.filter((room) => room !== null),
    );
  }

  #renderNav(): void {
    this.#nav.hidden = !this.cabinet.talk;
    const current = this.#place === "deals" ? this.#toDeals : this.#toMessages;
    for (const link of [this.#toDeals, this.#toMessages]) {
      if (link === current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const unread = this.#unread();
    this.#count.hidden = unread === 0;
    setText(this.#count, unread > 99 ? "99+" : String(unread));
    setText(this.#countText, unread === 0 ? "" : `, ${this.speech.texts.newMessages(unread)}`);
  }

  /** Messages that came while the client looked at something else. What was there before is no news. */
  #unread(): number {
    const { talk } = this.cabinet;
    if (!talk?.isLoaded) return 0;
    const newest = talk.messages.at(-1)?.seq ?? 0;
    const isLooking = this.#place === "messages" && document.visibilityState === "visible";
    if (this.#seen === null || isLooking) this.#seen = newest;
    const seen = this.#seen;
    return talk.messages.filter(({ isMine, seq }) => !isMine && seq > seen).length;
  }

  #move(): void {
    this.render();
    scrollTo(0, 0);
    if (this.#place === "messages") this.#talk?.shown();
  }
}
