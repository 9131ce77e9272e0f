// A form that is busy while a call runs and says what went wrong.

import { h, setText } from "../../../widget/src/app/view/dom";
import type { Texts } from "../i18n/texts";
import { explain } from "../trouble";

export class Form {
  readonly element: HTMLFormElement;
  readonly #alert = h("p", { class: "failure", role: "alert" });
  #isBusy = false;

  constructor(
    private readonly texts: Texts,
    /** Gets focus when something is wrong. */
    private readonly input: HTMLInputElement,
    private readonly submit: HTMLButtonElement,
    /** Answers what is wrong before anything is sent; empty: nothing. */
    private readonly check: () => string,
    private readonly act: () => Promise<void>,
  ) {
    // What is wrong is said by us, in the page's language.
    this.element = h("form", { novalidate: true });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  get alert(): HTMLElement {
    return this.#alert;
  }

  async send(): Promise<void> {
    if (this.#isBusy) return;
    const wrong = this.check();
    if (wrong !== "") {
      this.#refuse(wrong);
      return;
    }
    await this.run(this.act);
  }

  /** Does something while the form waits. */
  async run(task: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#setBusy(true);
    this.#say("");
    try {
      await task();
    } catch (error) {
      this.#setBusy(false);
      this.#refuse(explain(error, this.texts));
    }
    this.#setBusy(false);
  }

  #refuse(text: string): void {
    this.#say(text);
    this.input.focus();
    this.input.select();
  }

  #say(text: string): void {
    setText(this.#alert, text);
    this.input.setAttribute("aria-invalid", String(text !== ""));
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.submit.disabled = isBusy;
    this.element.setAttribute("aria-busy", String(isBusy));
  }
}
