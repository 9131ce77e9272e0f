// The files of a message: pictures are seen small and opened in full, sounds and films are played, everything else is saved.

import type { Chat } from "../chat";
import { type LocalFile, type StoredFile, shapeOf } from "../files/file";
import { lengthText, sizeText } from "../i18n/sizes";
import type { Texts } from "../i18n/texts";
import { button, h, icon, setChildren } from "./dom";
import type { MessageState } from "./message";
import { openPicture } from "./viewer";

const SAVE = "M12 4v11m-5-5l5 5 5-5M5 20h14";
const FILE = "M7 3h7l5 5v13H7zM14 3v5h5";

/** What a message has of files. */
export interface ShownFiles {
  readonly key: string;
  readonly state: MessageState;
  /** Before the server has them. */
  readonly local: readonly LocalFile[];
  readonly stored: readonly StoredFile[];
}

export class FilesView {
  readonly element = h("div", { class: "files-of-message" });
  readonly #list = h("ul", { class: "files" });
  readonly #bar: HTMLProgressElement;
  readonly #going: HTMLElement;
  /** Addresses of contents that are on this device alone. */
  readonly #addresses: string[] = [];
  #isStored: boolean | null = null;

  constructor(
    private readonly chat: Chat,
    private readonly key: string,
    private readonly texts: Texts,
  ) {
    this.#bar = h("progress", { max: "1", "aria-label": texts.filesGoing });
    const cancel = button({ class: "give-up" }, () => chat.discard(this.key), texts.cancel);
    this.#going = h("div", { class: "going" }, this.#bar, cancel);
    this.element.append(this.#list, this.#going);
  }

  update({ state, local, stored }: ShownFiles): void {
    this.#going.hidden = state !== "pending";
    this.#bar.value = this.chat.progress(this.key) ?? 0;
    const isStored = stored.length > 0;
    if (this.#isStored === isStored) return;
    this.#isStored = isStored;
    for (const address of this.#addresses.splice(0)) URL.revokeObjectURL(address);
    const items = isStored
      ? stored.map((file) => this.#stored(file))
      : local.map((file) => this.#local(file));
    setChildren(
      this.#list,
      items.map((item) => h("li", {}, item)),
    );
  }

  #stored(file: StoredFile): HTMLElement {
    if (file.path === "") return h("p", { class: "file absent" }, `${file.name} — ${this.texts.fileAbsent}`);
    const shape = shapeOf(file.mediaType, file.isVoice);
    if (shape === "picture" && file.hasPreview) return this.#picture(file);
    if (shape === "sound" || shape === "film") {
      const player = playerOf(shape, file, this.texts);
      // It is fetched when it is played, which may be when the session of this moment is over.
      player.src = this.chat.fileAddress(file, "whole");
      player.addEventListener("error", () => {
        const address = this.chat.fileAddress(file, "whole");
        if (!player.src.endsWith(address)) player.src = address;
      });
      return this.#played(shape, player, file);
    }
    return this.#document(file);
  }

  #picture(file: StoredFile): HTMLElement {
    const open = () =>
      openPicture(
        this.chat.fileAddress(file, "whole"),
        this.chat.fileAddress(file, "save"),
        file.name,
        this.texts,
      );
    const size = file.width && file.height ? { width: `${file.width}`, height: `${file.height}` } : {};
    const small = h("img", { src: this.chat.fileAddress(file, "preview"), alt: "", ...size });
    const name = this.texts.fileShow(file.name);
    return h("div", { class: "file picture" }, button({ class: "open", "aria-label": name }, open, small));
  }

  #document(file: StoredFile): HTMLElement {
    const link = h(
      "a",
      { class: "open", download: file.name, "aria-label": this.texts.fileSave(file.name) },
      icon(SAVE),
      ...this.#words(file),
    );
    const address = () => {
      link.href = this.chat.fileAddress(file, "save");
    };
    address();
    // Made anew when it is used: the session of this moment may be over by then.
    link.addEventListener("click", address);
    return h("div", { class: "file document" }, link);
  }

  #local(file: LocalFile): HTMLElement {
    const shape = shapeOf(file.mediaType, file.isVoice);
    const row = h("div", { class: "open" }, icon(FILE), ...this.#words(file));
    const place = h("div", { class: `file ${shape}` }, row);
    if (shape !== "document") void this.#show(shape, file, place);
    return place;
  }

  async #show(shape: "picture" | "sound" | "film", file: LocalFile, place: HTMLElement): Promise<void> {
    const contents = await this.chat.contents(file);
    if (!contents || this.#isStored) return;
    const address = URL.createObjectURL(contents);
    this.#addresses.push(address);
    if (shape === "picture") {
      setChildren(place, [h("img", { src: address, alt: file.name })]);
      return;
    }
    const player = playerOf(shape, file, this.texts);
    player.src = address;
    setChildren(place, [this.#played(shape, player, file)]);
  }

  #played(shape: "sound" | "film", player: HTMLMediaElement, file: LocalFile): HTMLElement {
    // Recorders do not write how long a sound is.
    const length = file.durationMs > 0 ? h("span", { class: "length" }, lengthText(file.durationMs)) : null;
    return h("div", { class: `file ${shape}` }, player, length);
  }

  #words({ name, size }: LocalFile): HTMLElement[] {
    return [
      h("span", { class: "file-name", dir: "auto" }, name),
      h("span", { class: "file-size" }, sizeText(size, this.chat.locale)),
    ];
  }
}

function playerOf(shape: "sound" | "film", file: LocalFile, texts: Texts): HTMLMediaElement {
  const name = file.isVoice ? texts.voiceMessage : file.name;
  const attributes = { controls: true, preload: "metadata", "aria-label": name };
  return shape === "sound" ? h("audio", attributes) : h("video", { ...attributes, playsinline: true });
}
