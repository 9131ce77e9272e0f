// Where the person is in the messages: at the end new ones move the view, elsewhere they do not.

import { button, icon } from "./dom";

const DOWN = "M6 9l6 6 6-6";
/** This near to an edge counts as being there, in pixels. */
const NEAR = 48;

export interface ScrollEvents {
  /** The newest message is in sight. */
  atEnd(): void;
  /** The oldest loaded message is near. */
  atStart(): void;
}

export class Scroller {
  /** A button back to the end, shown while the person reads further up. */
  readonly jump: HTMLButtonElement;
  #followsEnd = true;
  #lastHeight = 0;

  constructor(
    private readonly log: HTMLElement,
    label: string,
    private readonly events: ScrollEvents,
  ) {
    this.jump = button({ class: "jump", "aria-label": label }, () => this.goToEnd(), icon(DOWN));
    this.jump.hidden = true;
    log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A keyboard on the screen or a growing text field makes the log smaller.
    new ResizeObserver(() => this.settle()).observe(log);
  }

  /** Changes the contents so that what the person looks at stays where it is. */
  keepPlace(change: () => void): void {
    const fromEnd = this.log.scrollHeight - this.log.scrollTop;
    const grewAtStart = firstMessage(this.log);
    change();
    const hasOlder = grewAtStart !== null && firstMessage(this.log) !== grewAtStart;
    if (hasOlder && !this.#followsEnd) this.log.scrollTop = this.log.scrollHeight - fromEnd;
    this.settle();
  }

  goToEnd(): void {
    this.#followsEnd = true;
    this.settle();
  }

  /** Puts the view to the end when the person follows it. */
  settle(): void {
    // A hidden window has no size; its place is found when it is shown.
    if (this.log.clientHeight === 0) return;
    if (this.#followsEnd) {
      this.log.scrollTop = this.log.scrollHeight;
      this.events.atEnd();
    }
    this.#lastHeight = this.log.clientHeight;
    this.jump.hidden = this.#followsEnd;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    // Being resized scrolls as well, but is no wish of the person.
    if (clientHeight === 0 || clientHeight !== this.#lastHeight) return;
    this.#followsEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this.jump.hidden = this.#followsEnd;
    if (this.#followsEnd) this.events.atEnd();
    if (scrollTop < NEAR && scrollHeight > clientHeight) this.events.atStart();
  }
}

function firstMessage(log: HTMLElement): Element | null {
  return log.querySelector(".message");
}
