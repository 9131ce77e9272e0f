// The line of a voice message that is being recorded: how long it is, and what becomes of it.

import type { Picked } from "../files/file";
import { LONGEST, type MicrophoneTrouble, Recorder } from "../files/recorder";
import { lengthText } from "../i18n/sizes";
import type { Texts } from "../i18n/texts";
import { button, h, icon, setText } from "./dom";

const SEND = "M4 12l16-8-6 16-3-6-7-2z";
/** How often the time is looked at; it is shown in seconds. */
const TICK = 250;

export interface RecordingEvents {
  /** It began or ended. */
  changed(): void;
  recorded(voice: Picked): void;
  trouble(text: string): void;
}

export class Recording {
  readonly element: HTMLElement;
  readonly #time = h("span", { class: "time", role: "timer" });
  readonly #send: HTMLButtonElement;
  #recorder: Recorder | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsked = false;
  /** Given up while the browser still asked. */
  #isUnwanted = false;

  constructor(
    private readonly texts: Texts,
    private readonly events: RecordingEvents,
  ) {
    const cancel = button({ class: "secondary" }, () => this.cancel(), texts.voiceDiscard);
    this.#send = button(
      { class: "send", "aria-label": texts.voiceSend },
      () => void this.#finish(),
      icon(SEND),
    );
    const sign = h("span", { class: "sign", "aria-hidden": "true" });
    const status = h("span", { class: "unseen", role: "status" }, texts.voiceRecording);
    this.element = h(
      "div",
      { class: "recording", hidden: true },
      sign,
      status,
      this.#time,
      cancel,
      this.#send,
    );
  }

  get isOn(): boolean {
    return this.#recorder !== null;
  }

  /** Asks for the microphone, and records once it is given. */
  async begin(): Promise<void> {
    if (this.#isAsked || this.#recorder) return;
    this.#isAsked = true;
    this.#isUnwanted = false;
    try {
      const recorder = await Recorder.begin();
      if (this.#isUnwanted) {
        recorder.stop();
        return;
      }
      this.#recorder = recorder;
    } catch (trouble) {
      this.events.trouble(this.#explanation(trouble as MicrophoneTrouble));
      return;
    } finally {
      this.#isAsked = false;
    }
    this.events.trouble("");
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#tick();
    this.element.hidden = false;
    this.events.changed();
    this.#send.focus();
  }

  /** Nothing of it is kept. */
  cancel(): void {
    this.#isUnwanted = true;
    if (!this.#recorder) return;
    this.#recorder.stop();
    this.#end();
  }

  async #finish(): Promise<void> {
    const recorder = this.#recorder;
    if (!recorder) return;
    this.#end();
    this.events.recorded(await recorder.finish());
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#recorder = null;
    this.element.hidden = true;
    this.events.changed();
  }

  #tick(): void {
    const elapsed = this.#recorder?.elapsed ?? 0;
    setText(this.#time, lengthText(elapsed));
    if (elapsed >= LONGEST) this.#recorder?.stop();
  }

  #explanation(trouble: MicrophoneTrouble): string {
    if (trouble === "refused") return this.texts.microphoneRefused;
    return trouble === "missing" ? this.texts.microphoneMissing : this.texts.microphoneFailed;
  }
}
