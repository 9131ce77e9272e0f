// The button on the company's page and the panel it opens, in a shadow root of their own.

import type { ChatFrame } from "./frame";
import { addStyles } from "./styles";
import type { LoaderTexts } from "./texts";

const SVG = "http://www.w3.org/2000/svg";
const BUBBLE = "M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12zM9 12h.01M13 12h.01M17 12h.01";
const CROSS = "M6 9l6 6 6-6";

export class Launcher {
  readonly #host = document.createElement("div");
  readonly #button = document.createElement("button");
  readonly #icon = document.createElementNS(SVG, "path");
  readonly #badge = document.createElement("span");
  readonly #panel = document.createElement("div");
  readonly #waiting = document.createElement("div");
  readonly #waitingText = document.createElement("p");
  readonly #dismiss = document.createElement("button");
  #frame: ChatFrame | null = null;
  #isOpen = false;
  #hasOther = false;
  #unread = 0;

  constructor(
    private readonly texts: LoaderTexts,
    private readonly makeFrame: (launcher: Launcher) => ChatFrame,
  ) {
    const root = this.#host.attachShadow({ mode: "open" });
    addStyles(root);
    this.#buildButton();
    this.#buildPanel();
    root.append(this.#button, this.#panel);
    root.addEventListener("keydown", (event) => {
      if ((event as KeyboardEvent).key === "Escape") this.close();
    });
    document.body.append(this.#host);
  }

  /** Another button of the page opens the chat; ours is seen while the chat is open, to close it. */
  giveWay(button: HTMLElement): void {
    this.#hasOther = true;
    button.addEventListener("click", () => this.open());
    this.#render();
  }

  /** Loads the window without showing it, to learn what is unread. */
  prepare(): void {
    if (this.#frame) return;
    this.#frame = this.makeFrame(this);
    this.#panel.append(this.#frame.element);
    this.#frame.element.hidden = true;
  }

  open(): void {
    this.#isOpen = true;
    this.prepare();
    this.#render();
    this.#frame?.show(true);
    this.#focusInside();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Asked before the panel is hidden: hiding takes the focus away.
    const hadFocus = document.activeElement === this.#host;
    this.#render();
    this.#frame?.show(false);
    if (hadFocus) this.#button.focus();
  }

  /** The window works: it takes the place of the notice. */
  frameReady(): void {
    if (!this.#frame) return;
    this.#waiting.hidden = true;
    this.#frame.element.hidden = false;
    if (this.#isOpen) this.#focusInside();
  }

  frameTrouble(): void {
    this.#waitingText.textContent = this.texts.retrying;
  }

  setUnread(count: number): void {
    this.#unread = count;
    this.#render();
  }

  #focusInside(): void {
    if (this.#frame?.isReady) this.#frame.element.focus();
    else this.#dismiss.focus();
  }

  #buildButton(): void {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(this.#icon);
    this.#badge.className = "badge";
    this.#badge.setAttribute("aria-hidden", "true");
    this.#button.className = "launcher";
    this.#button.type = "button";
    this.#button.append(svg, this.#badge);
    this.#button.addEventListener("click", () => (this.#isOpen ? this.close() : this.open()));
    this.#render();
  }

  #buildPanel(): void {
    const { close, loading, title } = this.texts;
    const spinner = document.createElement("div");
    spinner.className = "spinner";
    this.#waitingText.setAttribute("role", "status");
    this.#waitingText.textContent = loading;
    this.#dismiss.className = "dismiss";
    this.#dismiss.type = "button";
    this.#dismiss.textContent = "×";
    this.#dismiss.setAttribute("aria-label", close);
    this.#dismiss.addEventListener("click", () => this.close());
    this.#waiting.className = "waiting";
    this.#waiting.append(this.#dismiss, spinner, this.#waitingText);
    this.#panel.className = "panel";
    this.#panel.setAttribute("role", "dialog");
    this.#panel.setAttribute("aria-modal", "false");
    this.#panel.setAttribute("aria-label", title);
    this.#panel.append(this.#waiting);
    this.#panel.hidden = true;
  }

  #render(): void {
    const { open, close, unread } = this.texts;
    const hasUnread = !this.#isOpen && this.#unread > 0;
    const label = this.#isOpen ? close : open;
    this.#button.setAttribute("aria-expanded", String(this.#isOpen));
    this.#button.setAttribute("aria-label", hasUnread ? `${label}, ${unread}: ${this.#unread}` : label);
    this.#icon.setAttribute("d", this.#isOpen ? CROSS : BUBBLE);
    this.#badge.hidden = !hasUnread;
    this.#badge.textContent = this.#unread > 99 ? "99+" : String(this.#unread);
    this.#panel.hidden = !this.#isOpen;
    // Unread messages have to be seen somewhere.
    this.#button.hidden = this.#hasOther && !this.#isOpen && !hasUnread;
  }
}
