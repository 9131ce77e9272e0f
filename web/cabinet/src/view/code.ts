// The code to log in with.

import { button, h } from "../../../widget/src/app/view/dom";
import type { Cabinet } from "../cabinet";
import type { CodeRequest } from "../code";
import type { Texts } from "../i18n/texts";
import { CodeForm } from "./code_form";

export class CodeView {
  readonly element: HTMLElement;
  readonly #form: CodeForm;

  constructor(cabinet: Cabinet, texts: Texts, phone: string, request: CodeRequest) {
    this.#form = new CodeForm(texts, request, texts.enter, {
      submit: (code) => cabinet.logIn(code),
      again: () => cabinet.askAgain(phone),
    });
    const other = button({ class: "link" }, () => cabinet.otherNumber(), texts.otherNumber);
    this.element = h(
      "section",
      { class: "entry", "aria-labelledby": "entry-title" },
      h("h2", { id: "entry-title", tabindex: "-1" }, texts.codeTitle),
      h("p", { class: "hint" }, texts.codeSent(unbroken(phone))),
      this.#form.element,
      other,
    );
  }

  focus(): void {
    this.#form.focus();
  }

  close(): void {
    this.#form.close();
  }
}

/** A number that stays on one line. */
function unbroken(phone: string): string {
  return phone.replace(/\s/g, "\u00a0").replaceAll("-", "\u2011");
}
