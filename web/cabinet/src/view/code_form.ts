// A code from an SMS: typed, pasted or filled in by the phone; another can be asked for after a while.

import { button, h, setText } from "../../../widget/src/app/view/dom";
import type { CodeRequest } from "../code";
import type { Texts } from "../i18n/texts";
import { Form } from "./form";

export interface CodeActions {
  /** Tries the code. */
  submit(code: string): Promise<void>;
  /** Has another code sent. */
  again(): Promise<CodeRequest>;
}

export class CodeForm {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #again: HTMLButtonElement;
  readonly #wait = h("p", { class: "hint" });
  readonly #status = h("p", { class: "hint", role: "status" });
  readonly #form: Form;
  readonly #timer: ReturnType<typeof setInterval>;
  #tried = "";

  constructor(
    private readonly texts: Texts,
    private request: CodeRequest,
    label: string,
    private readonly actions: CodeActions,
  ) {
    this.#input = h("input", {
      id: "code",
      type: "text",
      name: "code",
      autocomplete: "one-time-code",
      inputmode: "numeric",
      maxlength: "12",
      class: "code",
      "aria-describedby": "code-alert",
    });
    const submit = h("button", { type: "submit", class: "primary" }, label);
    this.#form = new Form(
      texts,
      this.#input,
      submit,
      () => this.#wrong(),
      () => this.#try(),
    );
    this.#form.alert.id = "code-alert";
    this.#again = button({ class: "link" }, () => void this.#form.run(() => this.#askAgain()), texts.resend);
    const name = h("label", { for: "code" }, texts.code(request.length));
    this.#form.element.append(
      name,
      this.#input,
      this.#form.alert,
      submit,
      this.#status,
      this.#wait,
      this.#again,
    );
    this.#input.addEventListener("input", () => this.#typed());
    this.element = this.#form.element;
    this.#timer = setInterval(() => this.#tick(), 500);
    this.#tick();
  }

  focus(): void {
    this.#input.focus();
  }

  /** The form is not on the page any more. */
  close(): void {
    clearInterval(this.#timer);
  }

  get #code(): string {
    return this.#input.value.replace(/\D/g, "");
  }

  /** The last digit sends it; once, so that a wrong one can be mended. */
  #typed(): void {
    const code = this.#code;
    if (code.length === this.request.length && code !== this.#tried) void this.#form.send();
  }

  #wrong(): string {
    return this.#code.length === this.request.length ? "" : this.texts.codeIncomplete(this.request.length);
  }

  async #try(): Promise<void> {
    this.#tried = this.#code;
    await this.actions.submit(this.#tried);
  }

  async #askAgain(): Promise<void> {
    this.request = await this.actions.again();
    this.#tried = "";
    this.#input.value = "";
    setText(this.#status, this.texts.resent);
    this.#input.focus();
    this.#tick();
  }

  #tick(): void {
    const seconds = Math.ceil((this.request.retryAt - Date.now()) / 1_000);
    this.#again.hidden = seconds > 0;
    this.#wait.hidden = seconds <= 0;
    if (seconds > 0) setText(this.#wait, this.texts.resendIn(seconds));
  }
}
