// The page as a whole: the company's name and logo, and below them whatever the client is at.

import { button, h, icon, setChildren, setText } from "../../../widget/src/app/view/dom";
import type { Cabinet, Screen } from "../cabinet";
import { explain, isGone } from "../trouble";
import { CodeView } from "./code";
import { HomeView, type Speech } from "./home";
import { PhoneView } from "./phone";

const LEAVE = "M10 4H5v16h5M10 12h10m-4-4l4 4-4 4";

interface ScreenView {
  readonly element: HTMLElement;
  render?(): void;
  focus(): void;
  close?(): void;
}

export class PageView {
  readonly #title = h("h1");
  // The title says whose page it is; the logo adds nothing to be read out.
  readonly #logo = h("img", { class: "logo", alt: "" });
  readonly #leave = h("span", { class: "leave-text" });
  readonly #signOut: HTMLButtonElement;
  readonly #main = h("main");
  #speech: Speech;
  #view: ScreenView | null = null;
  #shown: Screen | null = null;

  constructor(
    private readonly cabinet: Cabinet,
    speech: Speech,
  ) {
    this.#speech = speech;
    this.#signOut = button({ class: "tool" }, () => void cabinet.signOut(), icon(LEAVE), this.#leave);
    document.body.append(h("header", {}, this.#logo, this.#title, this.#signOut), this.#main);
  }

  /** Another language from now on. */
  speak(speech: Speech): void {
    this.#speech = speech;
    this.#shown = null;
  }

  render(): void {
    const { brand, screen } = this.cabinet;
    const { texts } = this.#speech;
    const title = brand.title || texts.defaultTitle;
    setText(this.#title, title);
    document.title = title;
    this.#logo.hidden = brand.logo === "";
    if (brand.logo && this.#logo.getAttribute("src") !== brand.logo) this.#logo.src = brand.logo;
    this.#signOut.hidden = screen.kind !== "home";
    setText(this.#leave, texts.signOut);
    document.body.dataset.screen = screen.kind;
    if (this.#isOther(screen)) this.#open(screen);
    this.#view?.render?.();
  }

  #isOther(screen: Screen): boolean {
    // A code that was sent again is another request on the same screen.
    if (this.#shown?.kind === "code" && screen.kind === "code") return false;
    return this.#shown !== screen;
  }

  #open(screen: Screen): void {
    const isFirst = this.#shown === null || this.#shown.kind === "loading";
    this.#view?.close?.();
    this.#view = this.#make(screen);
    this.#shown = screen;
    setChildren(this.#main, [this.#view.element]);
    this.#view.render?.();
    // On a touch screen the keyboard would cover the page before anybody has read it.
    if (!isFirst || !matchMedia("(pointer: coarse)").matches) this.#view.focus();
  }

  #make(screen: Screen): ScreenView {
    const { texts } = this.#speech;
    switch (screen.kind) {
      case "phone":
        return new PhoneView(this.cabinet, texts, screen.farewell);
      case "code":
        return new CodeView(this.cabinet, texts, screen.phone, screen.request);
      case "home":
        return new HomeView(this.cabinet, this.#speech);
      case "gone":
        return this.#gone(screen.error);
      case "loading":
        return { element: h("p", { class: "empty", role: "status" }, texts.loading), focus: () => undefined };
    }
  }

  #gone(error: unknown): ScreenView {
    const { texts } = this.#speech;
    const again = button({ class: "primary" }, () => location.reload(), texts.tryAgain);
    // Where the link is wrong, trying again changes nothing.
    again.hidden = isGone(error);
    const text = h("p", { role: "alert" }, explain(error, texts));
    return { element: h("section", { class: "entry" }, text, again), focus: () => again.focus() };
  }
}
