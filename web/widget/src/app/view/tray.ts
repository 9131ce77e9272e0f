// Files that were chosen and are not sent yet, and why others cannot be.

import type { Locale } from "../../shared/locale";
import { type LocalFile, type Objection, objectionTo, type Picked, pick } from "../files/file";
import { sizeText } from "../i18n/sizes";
import type { Texts } from "../i18n/texts";
import type { Settings } from "../model";
import { button, h, icon, setChildren, setText } from "./dom";

const REMOVE = "M6 6l12 12M18 6L6 18";

export class Tray {
  readonly element: HTMLElement;
  readonly #list: HTMLElement;
  readonly #trouble = h("p", { class: "failure", role: "alert" });

  constructor(
    private readonly texts: Texts,
    private readonly locale: Locale,
    /** What was chosen: it stays while another conversation is looked at. */
    private readonly picked: Picked[],
    private readonly changed: () => void,
  ) {
    this.#list = h("ul", { class: "picked", "aria-label": texts.filesPicked });
    this.element = h("div", { class: "tray" }, this.#list, this.#trouble);
    this.#render();
  }

  get isEmpty(): boolean {
    return this.picked.length === 0;
  }

  /** Adds what can be sent, and says of the rest why it cannot. */
  add(files: Iterable<File>, settings: Settings): void {
    const refused: string[] = [];
    for (const file of files) {
      const chosen = pick(file);
      const objection = objectionTo(chosen, this.picked.length, settings);
      if (objection) refused.push(this.#sentence(objection, chosen, settings));
      else this.picked.push(chosen);
    }
    this.say([...new Set(refused)].join(" "));
    this.#render();
    this.changed();
  }

  say(trouble: string): void {
    setText(this.#trouble, trouble);
  }

  /** Hands out all that was chosen. */
  take(): Picked[] {
    const all = this.picked.splice(0);
    this.say("");
    this.#render();
    this.changed();
    return all;
  }

  #remove(file: Picked): void {
    this.picked.splice(this.picked.indexOf(file), 1);
    this.say("");
    this.#render();
    this.changed();
  }

  #render(): void {
    const items = this.picked.map((file) => {
      const remove = button(
        { class: "remove", "aria-label": this.texts.fileRemove(file.name) },
        () => this.#remove(file),
        icon(REMOVE),
      );
      const size = h("span", { class: "file-size" }, sizeText(file.size, this.locale));
      return h("li", {}, h("span", { class: "file-name", dir: "auto" }, file.name), size, remove);
    });
    this.#list.hidden = items.length === 0;
    setChildren(this.#list, items);
  }

  #sentence(objection: Objection, { name }: LocalFile, { maxFiles, maxFileSize }: Settings): string {
    switch (objection) {
      case "empty":
        return this.texts.fileEmpty(name);
      case "tooLarge":
        return this.texts.fileTooLarge(name, sizeText(maxFileSize, this.locale));
      case "wrongType":
        return this.texts.fileWrongType(name);
      case "tooMany":
        return this.texts.filesTooMany(maxFiles);
    }
  }
}
