// Keeps the window's picture of the chat in step with the server: the state at the start, then the stream, resumed from
// the last place whenever it ends.

import type { WatchVisitorResponse } from "../gen/beseda/onlinechat/v1/visitor_service_pb";
import { Backoff } from "../shared/backoff";
import type { ChatState, Connection } from "./chat_state";
import { type Message, ONLY_THREAD, toConversation, toMessage } from "./model";
import type { Session, VisitorClient } from "./session";
import { type Trouble, toTrouble } from "./trouble";
import type { Wake } from "./wake";

/** The server sends a heartbeat every 20 seconds; a stream that is silent for longer than two of them is dead. */
const SILENCE_LIMIT = 45_000;
/** A tab that nobody looks at gives its connection back: browsers allow few of them over all tabs. */
const HIDDEN_LIMIT = 60_000;
/** How long a refusal of the whole chat stands before it is asked for again. */
const REFUSAL_PAUSE = 5 * 60_000;

export interface LiveEvents {
  /** Something in the state changed. */
  changed(): void;
  /** A message of the stream, after it went into the state. */
  arrived(message: Message): void;
}

export class Live {
  readonly #backoff = new Backoff();
  #stream: AbortController | null = null;

  constructor(
    private readonly client: VisitorClient,
    private readonly session: Session,
    private readonly state: ChatState,
    private readonly wake: Wake,
    private readonly events: LiveEvents,
  ) {
    // A stream does not notice by itself that the network changed under it.
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.#stream?.abort());
    this.#watchVisibility();
  }

  /** Runs for as long as the window lives. */
  async run(): Promise<never> {
    for (;;) {
      await whileHidden();
      const pause = await this.#once();
      this.events.changed();
      await this.wake.sleep(pause);
    }
  }

  /** Ends the connection; the next one begins with what the state has then. */
  restart(): void {
    this.#stream?.abort();
  }

  /** One connection from beginning to end; answers how long to wait before the next. */
  async #once(): Promise<number> {
    try {
      await this.#load();
      await this.#watch();
      this.#set("connecting");
      return this.#backoff.next();
    } catch (error) {
      return this.#afterTrouble(toTrouble(error));
    }
  }

  #afterTrouble(trouble: Trouble): number {
    if (trouble.kind === "session") return this.#backoff.next();
    // A stream that breaks off once is no news for the visitor: a moment later the next one stands.
    const isBlip = this.state.connection === "live" && navigator.onLine && trouble.kind === "again";
    this.#set(isBlip ? "connecting" : "lost");
    if (trouble.kind === "again") return this.#backoff.next(trouble.after);
    this.state.refusal = trouble.reason ?? "UNKNOWN";
    return REFUSAL_PAUSE;
  }

  async #load(): Promise<void> {
    await this.session.ensure();
    const known = [...this.state.conversations.keys()];
    const { conversations } = await this.session.call((options) =>
      this.client.listVisitorConversations({}, options),
    );
    for (const conversation of conversations) this.state.putConversation(toConversation(conversation));
    this.state.dropFinished(known, conversations);
    if (!this.state.isSynced) await this.#loadHistory(conversations.map(({ lastSeq }) => Number(lastSeq)));
    this.events.changed();
  }

  /** Places up to the cursor are read as history; the stream brings what comes after, nothing falls between. */
  async #loadHistory(places: number[]): Promise<void> {
    let cursor = Math.max(0, ...places);
    if (!this.state.settings?.isMultiple) {
      await this.older(ONLY_THREAD);
      cursor = this.state.thread(ONLY_THREAD).messages.at(-1)?.seq ?? 0;
    }
    this.state.cursor = Math.max(this.state.cursor, cursor);
    this.state.isSynced = true;
  }

  /** Reads the page of history before what the thread has. */
  async older(threadId: string): Promise<void> {
    const before = this.state.thread(threadId).messages[0]?.seq ?? 0;
    const { messages, hasMore } = await this.session.call((options) =>
      this.client.listVisitorMessages({ threadId, beforeSeq: BigInt(before) }, options),
    );
    this.state.addPage(threadId, messages.map(toMessage), hasMore);
    this.events.changed();
  }

  async #watch(): Promise<void> {
    const session = await this.session.ensure();
    const stream = new AbortController();
    this.#stream = stream;
    const renewal = setTimeout(() => stream.abort(), Math.max(0, session.renewAt - Date.now()));
    let silence = setTimeout(() => stream.abort(), SILENCE_LIMIT);
    try {
      const { headers } = this.session.options(session);
      const request = { afterSeq: BigInt(this.state.cursor) };
      // No timeoutMs: it would be the deadline of the stream as a whole.
      const options = { headers: headers ?? {}, signal: stream.signal, onHeader: () => this.#connected() };
      for await (const response of this.client.watchVisitor(request, options)) {
        clearTimeout(silence);
        silence = setTimeout(() => stream.abort(), SILENCE_LIMIT);
        this.#take(response);
      }
    } catch (error) {
      if (toTrouble(error).kind === "session") this.session.forget(session);
      // Ended by ourselves: that is no trouble.
      if (!stream.signal.aborted || !navigator.onLine) throw error;
    } finally {
      clearTimeout(renewal);
      clearTimeout(silence);
    }
  }

  #take({ event }: WatchVisitorResponse): void {
    if (event.case === "message") {
      const message = toMessage(event.value);
      this.state.addMessage(message);
      this.state.cursor = Math.max(this.state.cursor, message.seq);
      this.events.arrived(message);
    } else if (event.case === "conversation") {
      this.state.putConversation(toConversation(event.value));
    }
    if (event.case !== "heartbeat") this.events.changed();
  }

  /** The stream stands, though a chat without messages may have nothing to say for a while. */
  #connected(): void {
    this.#backoff.reset();
    this.state.refusal = null;
    this.#set("live");
  }

  #set(connection: Connection): void {
    if (this.state.connection === connection) return;
    this.state.connection = connection;
    this.events.changed();
  }

  #watchVisibility(): void {
    let timer: ReturnType<typeof setTimeout>;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.visibilityState === "hidden")
        timer = setTimeout(() => this.#stream?.abort(), HIDDEN_LIMIT);
    });
  }
}

/** Waits until somebody looks at the tab again. */
export async function whileHidden(): Promise<void> {
  while (document.visibilityState === "hidden") {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
