// The correspondence with the manager (CAB-02): history, the stream of what is new, and what is not sent yet.

import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { insertMessage } from "../../widget/src/app/chat_state";
import { type Entry, Outbox } from "../../widget/src/app/outbox";
import { Sender } from "../../widget/src/app/sender";
import type { KeyValues } from "../../widget/src/app/storage";
import { Wake } from "../../widget/src/app/wake";
import { isPending } from "./files";
import type { CabinetMessage, CabinetService } from "./gen/beseda/cabinet/v1/cabinet_service_pb";
import type { Attachment } from "./gen/beseda/conversations/v1/attachment_pb";
import type { Session } from "./session";
import { Stream } from "./stream";
import { isEnd } from "./trouble";

/** How often a message is read again whose file is on its way, in milliseconds. */
const FILE_LOOK = 3_000;

/** The longest text that the server takes, in characters. */
export const MAX_TEXT = 4096;

export interface Message {
  readonly id: string;
  /** Place in the correspondence. */
  readonly seq: number;
  readonly isMine: boolean;
  readonly clientMessageId: string;
  readonly authorName: string;
  readonly text: string;
  readonly time: Date;
  readonly attachments: readonly Attachment[];
}

export interface TalkEvents {
  changed(): void;
  /** A call failed; it is tried again unless the talk is stopped. */
  failed(error: unknown): void;
}

export class Talk {
  /** By place, without gaps from the first one on. */
  readonly messages: Message[] = [];
  hasOlder = false;
  isLoaded = false;
  /** The last attempt to read older ones failed. */
  hasFailed = false;
  connection: "connecting" | "live" | "lost" = "connecting";
  /** The newest place that history or stream has brought: an own message may be further on while others are still to come. */
  #cursor = 0;
  readonly #wake = new Wake();
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #stream: Stream;
  #isLoading = false;
  #isStopped = false;
  #look: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Client<typeof CabinetService>,
    private readonly session: Session,
    storage: KeyValues,
    cabinetId: string,
    private readonly events: TalkEvents,
  ) {
    const { login } = session;
    this.#outbox = new Outbox(storage, cabinetId, login, () => this.#outboxChanged());
    const lock = `beseda:${cabinetId}:${login}:outbox`;
    this.#sender = new Sender(this.#outbox, this.#wake, lock, (entry) => this.#deliver(entry));
    this.#stream = new Stream(this.#wake, {
      open: () => this.#open(),
      state: (connection) => this.#connected(connection),
      failed: (error) => events.failed(error),
      watch: (options) =>
        client.watchCabinetMessages(
          { afterSeq: BigInt(this.#cursor) },
          { ...options, headers: session.headers() },
        ),
      message: (message) => {
        this.#cursor = Math.max(this.#cursor, Number(message.seq));
        this.#arrived(message);
      },
    });
  }

  start(): void {
    void this.#stream.run();
    void this.#sender.kick();
  }

  /** Ends the stream; nothing is sent or told any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#look);
    this.#stream.stop();
    this.#wake.wake();
  }

  send(text: string): void {
    this.#outbox.add("", text);
  }

  retry(id: string): void {
    this.#outbox.retry(id);
  }

  discard(id: string): void {
    this.#outbox.remove(id);
  }

  /** What is not confirmed yet, in the order of writing; nothing twice in the moment between the two. */
  unsent(): Entry[] {
    const stored = new Set(this.messages.map(({ clientMessageId }) => clientMessageId));
    return this.#outbox.entries().filter(({ id }) => !stored.has(id));
  }

  /** Reads the page of history before what is here. */
  async loadOlder(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.hasFailed = false;
    try {
      await this.#loadPage();
    } catch (error) {
      this.hasFailed = true;
      this.events.failed(error);
    } finally {
      this.#isLoading = false;
      this.events.changed();
    }
  }

  /** What is on the screen before the stream begins: what comes after it, the stream brings. */
  async #open(): Promise<void> {
    if (this.isLoaded) return;
    await this.#loadPage();
    this.#cursor = this.messages.at(-1)?.seq ?? 0;
  }

  async #loadPage(): Promise<void> {
    const beforeSeq = BigInt(this.messages[0]?.seq ?? 0);
    const page = await this.client.listCabinetMessages({ beforeSeq }, this.session.options());
    for (const message of page.messages) insertMessage(this.messages, toMessage(message));
    this.hasOlder = page.hasMore;
    this.isLoaded = true;
    this.#expectFiles();
    this.events.changed();
  }

  /** The stream tells of new messages only: one with a file on its way is read again until the file is here, or will not come. */
  #expectFiles(): void {
    clearTimeout(this.#look);
    if (this.#isStopped || !this.messages.some(isExpecting)) return;
    this.#look = setTimeout(() => void this.#lookForFiles(), FILE_LOOK);
  }

  async #lookForFiles(): Promise<void> {
    try {
      for (const { seq } of this.messages.filter(isExpecting)) {
        const request = { beforeSeq: BigInt(seq + 1), pageSize: 1 };
        const page = await this.client.listCabinetMessages(request, this.session.options());
        const read = page.messages.map(toMessage).find((message) => message.seq === seq);
        const place = this.messages.findIndex((message) => message.seq === seq);
        if (read && place >= 0 && !isExpecting(read)) this.messages[place] = read;
      }
      this.events.changed();
    } catch (error) {
      // Tried again with the next look.
      this.events.failed(error);
    }
    this.#expectFiles();
  }

  async #deliver({ id, text }: Entry): Promise<void> {
    // Thrown to the sender, which tries again; one of a session that is over has nothing left to send.
    if (this.#isStopped) return;
    try {
      const { message } = await this.client.sendCabinetMessage(
        { clientMessageId: id, text },
        this.session.options(),
      );
      if (message) this.#arrived(message);
    } catch (error) {
      if (isEnd(error)) this.events.failed(error);
      throw error;
    }
  }

  #arrived(wire: CabinetMessage): void {
    const message = toMessage(wire);
    insertMessage(this.messages, message);
    // Sent from here or from another tab: the echo may overtake the answer to the call.
    if (message.isMine) this.#outbox.remove(message.clientMessageId);
    this.#expectFiles();
    this.events.changed();
  }

  #outboxChanged(): void {
    if (this.#isStopped) return;
    this.events.changed();
    void this.#sender.kick();
  }

  #connected(connection: Talk["connection"]): void {
    this.connection = connection;
    this.events.changed();
  }
}

function isExpecting({ attachments }: Message): boolean {
  return attachments.some(isPending);
}

function toMessage(wire: CabinetMessage): Message {
  return {
    id: wire.id,
    seq: Number(wire.seq),
    isMine: wire.mine,
    clientMessageId: wire.clientMessageId,
    authorName: wire.authorName,
    text: wire.text,
    time: toDate(wire.createTime),
    attachments: wire.attachments,
  };
}

export function toDate(wire: Timestamp | undefined): Date {
  return wire ? timestampDate(wire) : new Date();
}
