// The number to log in with.

import { h } from "../../../widget/src/app/view/dom";
import type { Cabinet, Farewell } from "../cabinet";
import type { Texts } from "../i18n/texts";
import { Form } from "./form";

/** Digits of the shortest and longest numbers there are, with the country's code. */
const SHORTEST = 7;
const LONGEST = 15;

export class PhoneView {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;

  constructor(
    cabinet: Cabinet,
    private readonly texts: Texts,
    farewell: Farewell,
  ) {
    this.#input = h("input", {
      id: "phone",
      type: "tel",
      name: "phone",
      autocomplete: "tel",
      inputmode: "tel",
      maxlength: "30",
      placeholder: texts.phoneExample,
      "aria-describedby": "phone-hint phone-alert",
    });
    const submit = h("button", { type: "submit", class: "primary" }, texts.getCode);
    const form = new Form(
      texts,
      this.#input,
      submit,
      () => this.#wrong(),
      () => cabinet.askForCode(this.#input.value.trim()),
    );
    form.alert.id = "phone-alert";
    form.element.append(h("label", { for: "phone" }, texts.phone), this.#input, form.alert, submit);
    this.element = h(
      "section",
      { class: "entry", "aria-labelledby": "entry-title" },
      farewellNotice(farewell, texts),
      h("h2", { id: "entry-title", tabindex: "-1" }, texts.logIn),
      h("p", { id: "phone-hint", class: "hint" }, texts.logInHint),
      form.element,
    );
  }

  focus(): void {
    this.#input.focus();
  }

  /** Keeps obvious mistakes from the server, which decides. */
  #wrong(): string {
    const digits = this.#input.value.replace(/\D/g, "").length;
    return digits < SHORTEST || digits > LONGEST ? this.texts.phoneInvalid : "";
  }
}

function farewellNotice(farewell: Farewell, texts: Texts): HTMLElement | null {
  if (farewell === "none") return null;
  return h("p", { class: "notice", role: "status" }, farewell === "erased" ? texts.erased : texts.ended);
}
