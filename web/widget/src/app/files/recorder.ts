// Records a spoken message.

import { randomUuid } from "../uuid";
import type { Picked } from "./file";

/** What browsers record and the server takes, the best first, with the usual ending of a name. */
const KINDS: readonly (readonly [string, string])[] = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/ogg;codecs=opus", "ogg"],
  ["audio/mp4", "m4a"],
];
/** Speech needs no more, and a phone with a bad connection has to send it. */
const BITS_PER_SECOND = 32_000;
/** A longer message is heard by nobody to its end. */
export const LONGEST = 15 * 60_000;

/** Why nothing is recorded. */
export type MicrophoneTrouble = "refused" | "missing" | "failed";

export class Recorder {
  readonly #recorder: MediaRecorder;
  readonly #chunks: Blob[] = [];
  readonly #began = performance.now();
  readonly #ended: Promise<void>;
  #duration = 0;

  private constructor(
    private readonly stream: MediaStream,
    mimeType: string,
    private readonly ending: string,
  ) {
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.ondataavailable = ({ data }) => this.#chunks.push(data);
    this.#ended = new Promise((resolve) => {
      this.#recorder.onstop = () => {
        // The microphone may have been pulled out.
        this.#duration ||= this.elapsed;
        resolve();
      };
    });
    this.#recorder.start();
  }

  /** Can this browser record at all? Only pages with TLS may. */
  static isSupported(): boolean {
    return (
      typeof MediaRecorder !== "undefined" && Boolean(navigator.mediaDevices?.getUserMedia) && kind() !== null
    );
  }

  /** Asks for the microphone and begins; throws a MicrophoneTrouble. */
  static async begin(): Promise<Recorder> {
    const chosen = kind();
    if (!chosen) throw "failed" satisfies MicrophoneTrouble;
    try {
      return new Recorder(await navigator.mediaDevices.getUserMedia({ audio: true }), ...chosen);
    } catch (error) {
      throw troubleOf(error);
    }
  }

  /** So far, in milliseconds. */
  get elapsed(): number {
    return this.#duration || Math.round(performance.now() - this.#began);
  }

  /** Ends the recording and lets go of the microphone. */
  stop(): void {
    if (this.#recorder.state === "inactive") return;
    this.#duration = this.elapsed;
    this.#recorder.stop();
    for (const track of this.stream.getTracks()) track.stop();
  }

  /** What was recorded. */
  async finish(): Promise<Picked> {
    this.stop();
    await this.#ended;
    const mediaType = this.#recorder.mimeType.split(";")[0] || "audio/webm";
    const blob = new Blob(this.#chunks, { type: mediaType });
    const name = `voice.${this.ending}`;
    return {
      id: randomUuid(),
      name,
      size: blob.size,
      mediaType,
      isVoice: true,
      durationMs: this.elapsed,
      blob,
    };
  }
}

function kind(): readonly [string, string] | null {
  return KINDS.find(([mimeType]) => MediaRecorder.isTypeSupported(mimeType)) ?? null;
}

function troubleOf(error: unknown): MicrophoneTrouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotFoundError" ? "missing" : "failed";
}
