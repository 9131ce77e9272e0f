// What the place to write has for files: a button to attach, the files that were chosen, and the recording of a voice message.

import type { Locale } from "../../shared/locale";
import type { Picked } from "../files/file";
import { Recorder } from "../files/recorder";
import type { Texts } from "../i18n/texts";
import type { Settings } from "../model";
import { button, h, icon } from "./dom";
import { Recording } from "./recording";
import { Tray } from "./tray";

const ATTACH =
  "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4L14.5 7";
const MICROPHONE = "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3";

export interface FileToolsOptions {
  readonly texts: Texts;
  readonly locale: Locale;
  readonly picked: Picked[];
  /** As they are now; null: not known yet. */
  readonly settings: () => Settings | null;
  readonly sendVoice: (voice: Picked) => void;
}

export class FileTools {
  readonly tray: Tray;
  readonly attach: HTMLElement;
  readonly microphone: HTMLButtonElement;
  readonly recording: Recording;
  readonly #input: HTMLInputElement;
  #listener: () => void = () => undefined;
  #chosen: () => void = () => undefined;

  constructor(private readonly options: FileToolsOptions) {
    const { texts, locale, picked, sendVoice } = options;
    const changed = () => this.#listener();
    this.tray = new Tray(texts, locale, picked, changed);
    this.#input = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      tabindex: "-1",
      "aria-label": texts.attach,
    });
    this.#input.addEventListener("change", () => this.#take());
    const choose = button(
      { class: "tool", "aria-label": texts.attach },
      () => this.#input.click(),
      icon(ATTACH),
    );
    this.attach = h("span", { class: "attach-place" }, choose, this.#input);
    this.recording = new Recording(texts, {
      changed: () => {
        changed();
        // What had the focus is gone.
        if (!this.recording.isOn) this.microphone.focus();
      },
      recorded: sendVoice,
      trouble: (text) => this.tray.say(text),
    });
    this.microphone = button(
      { class: "send microphone", "aria-label": texts.voiceRecord },
      () => void this.recording.begin(),
      icon(MICROPHONE),
    );
  }

  /** The first is called after every change, the second when files were chosen. */
  listen(changed: () => void, chosen: () => void): void {
    this.#listener = changed;
    this.#chosen = chosen;
  }

  /** Does the chat take files? */
  get areTaken(): boolean {
    return (this.options.settings()?.maxFiles ?? 0) > 0;
  }

  /** Shows what the chat can do; `isIdle`: there is nothing written. */
  update(isIdle: boolean): void {
    const { areTaken } = this;
    this.attach.hidden = !areTaken;
    this.microphone.hidden = !areTaken || !isIdle || !this.tray.isEmpty || !Recorder.isSupported();
  }

  /** Takes what was pasted or dropped; answers whether there was a file in it. */
  receive(data: DataTransfer | null): boolean {
    const files = [...(data?.files ?? [])];
    const settings = this.options.settings();
    if (files.length === 0 || !settings?.maxFiles) return false;
    this.tray.add(files, settings);
    return true;
  }

  #take(): void {
    const settings = this.options.settings();
    if (settings) this.tray.add(this.#input.files ?? [], settings);
    // The same file can be chosen again.
    this.#input.value = "";
    this.#chosen();
  }
}
