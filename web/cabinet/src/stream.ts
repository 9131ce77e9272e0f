// Keeps a stream of messages up: resumed from the last place whenever it ends, given back while nobody looks.

import type { CallOptions } from "@connectrpc/connect";
import { whileHidden } from "../../widget/src/app/live";
import { toTrouble } from "../../widget/src/app/trouble";
import type { Wake } from "../../widget/src/app/wake";
import { Backoff } from "../../widget/src/shared/backoff";
import type {
  CabinetMessage,
  WatchCabinetMessagesResponse,
} from "./gen/beseda/cabinet/v1/cabinet_service_pb";

/** The server sends a heartbeat every 20 seconds; a stream that is silent for longer than two of them is dead. */
const SILENCE_LIMIT = 45_000;
/** A tab that nobody looks at gives its connection back. */
const HIDDEN_LIMIT = 60_000;

export interface StreamParts {
  /** What is needed before the stream. */
  open(): Promise<void>;
  watch(options: CallOptions): AsyncIterable<WatchCabinetMessagesResponse>;
  message(message: CabinetMessage): void;
  state(connection: "connecting" | "live" | "lost"): void;
  failed(error: unknown): void;
}

export class Stream {
  readonly #backoff = new Backoff();
  #current: AbortController | null = null;
  #isStopped = false;
  #isLive = false;

  constructor(
    private readonly wake: Wake,
    private readonly parts: StreamParts,
  ) {
    // A stream does not notice by itself that the network changed under it.
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.#current?.abort());
    this.#watchVisibility();
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      await whileHidden();
      const pause = await this.#once();
      if (!this.#isStopped) await this.wake.sleep(pause);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#current?.abort();
  }

  /** One connection from beginning to end; answers how long to wait before the next. */
  async #once(): Promise<number> {
    try {
      await this.parts.open();
      await this.#watch();
      this.#set("connecting");
      return this.#backoff.next();
    } catch (error) {
      const trouble = toTrouble(error);
      // A stream that breaks off once is no news: a moment later the next one stands.
      const isBlip = this.#isLive && navigator.onLine && trouble.kind === "again";
      this.#set(isBlip ? "connecting" : "lost");
      if (!this.#isStopped) this.parts.failed(error);
      return this.#backoff.next(trouble.kind === "again" ? trouble.after : 0);
    }
  }

  async #watch(): Promise<void> {
    const stream = new AbortController();
    this.#current = stream;
    let silence = setTimeout(() => stream.abort(), SILENCE_LIMIT);
    try {
      // No timeoutMs: it would be the deadline of the stream as a whole.
      const options = { signal: stream.signal, onHeader: () => this.#connected() };
      for await (const { event } of this.parts.watch(options)) {
        clearTimeout(silence);
        silence = setTimeout(() => stream.abort(), SILENCE_LIMIT);
        if (event.case === "message") this.parts.message(event.value);
      }
    } catch (error) {
      // Ended by ourselves: that is no trouble.
      if (!stream.signal.aborted || !navigator.onLine) throw error;
    } finally {
      clearTimeout(silence);
    }
  }

  #connected(): void {
    this.#backoff.reset();
    this.#set("live");
  }

  #set(connection: "connecting" | "live" | "lost"): void {
    this.#isLive = connection === "live";
    if (!this.#isStopped) this.parts.state(connection);
  }

  #watchVisibility(): void {
    let timer: ReturnType<typeof setTimeout>;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.visibilityState === "hidden")
        timer = setTimeout(() => this.#current?.abort(), HIDDEN_LIMIT);
    });
  }
}
