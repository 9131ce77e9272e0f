// The place to write: Enter sends, Shift+Enter begins a new line.

import type { Texts } from "../i18n/texts";
import { cleanText, countCharacters } from "../text";
import { h, icon, setText } from "./dom";
import type { FileTools } from "./file_tools";

const SEND = "M4 12l16-8-6 16-3-6-7-2z";
/** The counter appears this many characters before the limit. */
const COUNTER_FROM = 200;
const MAX_HEIGHT = 140;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #input: HTMLTextAreaElement;
  readonly #counter = h("p", { class: "counter", role: "status" });
  readonly #button: HTMLButtonElement;
  readonly #line: HTMLElement;
  #limit = 0;
  #takesFiles = false;

  constructor(
    private readonly texts: Texts,
    private readonly drafts: Map<string, string>,
    private readonly threadId: string,
    private readonly send: (text: string) => void,
    /** Null where no files can be sent. */
    private readonly tools: FileTools | null = null,
  ) {
    this.#input = h("textarea", {
      rows: "1",
      dir: "auto",
      enterkeyhint: "send",
      "aria-label": texts.composerLabel,
      placeholder: texts.composerPlaceholder,
    });
    this.#button = h("button", { type: "submit", class: "send", "aria-label": texts.send }, icon(SEND));
    const { attach = null, microphone = null, tray, recording } = tools ?? {};
    this.#line = h("div", { class: "line" }, attach, this.#input, microphone, this.#button);
    const files = [tray?.element ?? null, recording?.element ?? null];
    this.element = h("form", { class: "composer" }, this.#counter, ...files, this.#line);
    tools?.listen(
      () => this.#changed(),
      () => this.#input.focus(),
    );
    if (tools) this.#takeFiles(tools);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("keydown", (event) => this.#keydown(event));
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.value = drafts.get(threadId) ?? "";
  }

  /** The longest message; what the chat takes is looked at anew with it. */
  setLimit(limit: number): void {
    const takesFiles = this.tools?.areTaken ?? false;
    if (limit === this.#limit && takesFiles === this.#takesFiles) return;
    this.#limit = limit;
    this.#takesFiles = takesFiles;
    this.#changed();
  }

  focus(): void {
    this.#input.focus();
  }

  #takeFiles(tools: FileTools): void {
    this.#input.addEventListener("paste", (event) => {
      if (tools.receive(event.clipboardData)) event.preventDefault();
    });
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      tools.receive(event.dataTransfer);
    });
  }

  #keydown(event: KeyboardEvent): void {
    // While a word is being composed (Chinese, Japanese, …) Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = cleanText(this.#input.value);
    if (this.#isNothing(text) || this.#charactersLeft(text) < 0) return;
    this.#input.value = "";
    this.#changed();
    this.#input.focus();
    this.send(text);
  }

  #changed(): void {
    const text = cleanText(this.#input.value);
    const left = this.#charactersLeft(text);
    this.drafts.set(this.threadId, this.#input.value);
    this.tools?.update(text === "");
    this.#line.hidden = this.tools?.recording.isOn ?? false;
    // One of the two: what would send nothing gives its place to the microphone.
    this.#button.hidden = this.tools?.microphone.hidden === false;
    this.#button.disabled = this.#isNothing(text) || left < 0;
    this.#counter.hidden = left > COUNTER_FROM;
    this.#counter.classList.toggle("over", left < 0);
    setText(this.#counter, this.#counterText(left));
    this.#input.setAttribute("aria-invalid", String(left < 0));
    this.#fit();
  }

  #isNothing(text: string): boolean {
    return text === "" && (this.tools?.tray.isEmpty ?? true);
  }

  #counterText(left: number): string {
    if (left > COUNTER_FROM) return "";
    return left < 0 ? this.texts.charactersOver(-left) : this.texts.charactersLeft(left);
  }

  #charactersLeft(text: string): number {
    return this.#limit - countCharacters(text);
  }

  #fit(): void {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(MAX_HEIGHT, this.#input.scrollHeight)}px`;
  }
}
