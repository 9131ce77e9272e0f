// The chat as one thing: puts the parts together and offers what a person can do with it.

import type { Locale } from "../shared/locale";
import { ChatState } from "./chat_state";
import { Blobs } from "./files/blobs";
import { Deliveries } from "./files/deliveries";
import type { LocalFile, Picked, StoredFile } from "./files/file";
import type { Host } from "./host";
import { Live } from "./live";
import { type Message, ONLY_THREAD, toConversation, toMessage } from "./model";
import { type Entry, Outbox } from "./outbox";
import { ProfileStorage } from "./profile";
import { Reader } from "./reader";
import { Sender } from "./sender";
import { Session, type VisitorClient, type Welcome } from "./session";
import type { KeyValues } from "./storage";
import { randomUuid } from "./uuid";
import { Wake } from "./wake";

export class Chat {
  readonly state = new ChatState();
  readonly #wake = new Wake();
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #live: Live;
  readonly #sender: Sender;
  readonly #reader: Reader;
  readonly #profile: ProfileStorage;
  readonly #blobs: Blobs;
  readonly #deliveries: Deliveries;
  #visitorId = "";
  #fileTicket = "";
  /** Messages with files go into the outbox when their contents are kept; whatever is written meanwhile, after them. */
  #keeping: Promise<void> | null = null;
  #listener: () => void = () => undefined;
  #isNotifying = false;
  readonly #loading = new Set<string>();
  readonly #picked = new Map<string, Picked[]>();

  constructor(
    private readonly client: VisitorClient,
    private readonly host: Host,
    storage: KeyValues,
    chatId: string,
  ) {
    const changed = () => this.#changed();
    this.#profile = new ProfileStorage(storage, chatId);
    this.#session = new Session(client, host, chatId, (welcome) => this.#welcome(welcome));
    this.#blobs = new Blobs(`beseda:${chatId}`);
    this.#outbox = new Outbox(storage, chatId, "", changed, Date.now, (entry) => this.#forget(entry));
    this.#deliveries = new Deliveries(client, this.#session, this.#blobs, changed);
    this.#reader = new Reader(client, this.#session, this.state, changed);
    this.#live = new Live(client, this.#session, this.state, this.#wake, {
      changed,
      arrived: (message) => this.#arrived(message),
    });
    const lock = `beseda:${chatId}:outbox`;
    this.#sender = new Sender(this.#outbox, this.#wake, lock, (entry) => this.#deliver(entry));
  }

  get locale(): Locale {
    return this.host.locale;
  }

  /** Files that were chosen for a conversation and are not sent; the view changes the list. */
  picked(threadId: string): Picked[] {
    const picked = this.#picked.get(threadId) ?? [];
    this.#picked.set(threadId, picked);
    return picked;
  }

  /** Begins to work; the listener is called after every change. */
  async start(listener: () => void): Promise<void> {
    this.#listener = listener;
    this.host.onShown((isShown) => {
      if (isShown) this.#wake.wake();
      this.#changed();
    });
    document.addEventListener("visibilitychange", () => this.#changed());
    await this.#recall();
    void this.#live.run();
    this.#changed();
  }

  /** What is not confirmed yet in a thread, in the order of writing. */
  unsent(threadId: string): Entry[] {
    return this.#outbox.entries().filter((entry) => entry.threadId === threadId);
  }

  /** Threads that so far have nothing but unsent messages. */
  unsentThreads(): string[] {
    const threads = new Set(this.#outbox.entries().map(({ threadId }) => threadId));
    return [...threads].filter((threadId) => !this.state.conversations.has(threadId));
  }

  send(threadId: string, text: string, files: readonly Picked[] = []): void {
    if (!this.#keeping && files.length === 0) {
      this.#outbox.add(threadId, text);
      return;
    }
    const before = this.#keeping ?? Promise.resolve();
    const kept = before.then(() => this.#keep(threadId, text, files));
    this.#keeping = kept;
    void kept.then(() => {
      if (this.#keeping === kept) this.#keeping = null;
    });
  }

  /** How much of an unsent message's files the server has, from 0 to 1; null while none of them goes. */
  progress(entryId: string): number | null {
    return this.#deliveries.progress(entryId);
  }

  /** Where a stored file is fetched; the address ends with the session. */
  fileAddress({ path }: StoredFile, what: "whole" | "preview" | "save"): string {
    const query = new URLSearchParams({ ticket: this.#fileTicket });
    if (what !== "whole") query.set(what === "save" ? "download" : "preview", "");
    return `${path}?${query}`;
  }

  /** The contents of a file that is not sent yet. */
  contents({ id }: LocalFile): Promise<Blob | null> {
    return this.#blobs.read(id);
  }

  retry(entryId: string): void {
    this.#outbox.retry(entryId);
  }

  discard(entryId: string): void {
    this.#outbox.remove(entryId);
    this.#deliveries.giveUp(entryId);
  }

  openList(): void {
    this.state.screen = { kind: "list" };
    this.#changed();
  }

  openThread(threadId: string): void {
    this.state.screen = { kind: "thread", threadId };
    if (!this.state.thread(threadId).isLoaded) void this.loadOlder(threadId);
    this.#changed();
  }

  /** A new conversation: the server hears of it with its first message (ONL-09). */
  openNewThread(): void {
    const threadId = randomUuid();
    this.state.thread(threadId).isLoaded = true;
    this.openThread(threadId);
  }

  /** Reads the page of history before what the thread has. */
  async loadOlder(threadId: string): Promise<void> {
    if (this.#loading.has(threadId)) return;
    this.#loading.add(threadId);
    const thread = this.state.thread(threadId);
    thread.hasFailed = false;
    try {
      await this.#live.older(threadId);
    } catch {
      thread.hasFailed = true;
    }
    this.#loading.delete(threadId);
    this.#changed();
  }

  /** «Завершить беседу» (ONL-10); answers whether it worked. */
  async finish(threadId: string): Promise<boolean> {
    try {
      await this.#session.call((options) => this.client.finishConversation({ threadId }, options));
    } catch {
      return false;
    }
    this.state.finish(threadId);
    this.openList();
    return true;
  }

  /** The end of a thread is on the screen; it counts as read when somebody can look at it. */
  seen(threadId: string): void {
    if (this.host.isShown && document.visibilityState === "visible") void this.#reader.seen(threadId);
  }

  /** Shows what is known of the last visit at once, when the page still has that visitor's token. */
  async #recall(): Promise<void> {
    const profile = this.#profile.read();
    const visit = await this.host.visit(null).catch(() => null);
    if (!profile || !visit?.resumeToken) return;
    this.#visitorId = profile.visitorId;
    this.state.settings = profile.settings;
    this.#outbox.switchVisitor(profile.visitorId, false);
  }

  async #keep(threadId: string, text: string, files: readonly Picked[]): Promise<void> {
    let isHere = false;
    for (const { id, blob } of files) {
      const isKept = await this.#blobs.keep(id, blob);
      isHere ||= !isKept;
    }
    const known = files.map(({ blob: _, ...file }) => file);
    this.#outbox.add(threadId, text, known, isHere);
  }

  #forget({ files }: Entry): void {
    for (const { id } of files) void this.#blobs.forget(id);
  }

  #welcome({ visitorId, settings, isReturning, fileTicket }: Welcome): void {
    this.#fileTicket = fileTicket;
    const isSameChat = this.state.settings?.isMultiple === settings.isMultiple;
    if (this.#visitorId !== "" && (this.#visitorId !== visitorId || !isSameChat)) {
      this.state.reset();
      this.#live.restart();
    }
    // The server no longer knows the token of somebody who has unsent messages here: they are still theirs.
    this.#outbox.switchVisitor(visitorId, isReturning);
    this.#visitorId = visitorId;
    this.state.settings = settings;
    this.#profile.write({ visitorId, settings });
    this.#changed();
  }

  async #deliver(entry: Entry): Promise<void> {
    const { id, text, threadId } = entry;
    const attachmentIds = await this.#deliveries.upload(entry);
    const { message, conversation } = await this.#session.call((options) =>
      this.client.sendVisitorMessage({ clientMessageId: id, text, threadId, attachmentIds }, options),
    );
    if (message) this.state.addMessage(toMessage(message));
    if (conversation) this.state.putConversation(toConversation(conversation));
  }

  #arrived({ isMine, clientMessageId }: Message): void {
    // Sent from here or from another tab: the echo may overtake the answer to the call.
    if (isMine && clientMessageId) this.#outbox.remove(clientMessageId);
  }

  /** Many changes in a row are one for the listener. */
  #changed(): void {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      this.#chooseScreen();
      if (this.#visitorId) void this.#sender.kick();
      this.host.reportUnread(this.state.unreadTotal());
      this.#listener();
    });
  }

  #chooseScreen(): void {
    const { screen, settings, isSynced, connection, conversations } = this.state;
    if (screen || !settings) return;
    if (!settings.isMultiple) this.state.screen = { kind: "thread", threadId: ONLY_THREAD };
    else if (conversations.size > 0 || this.unsentThreads().length > 0) this.state.screen = { kind: "list" };
    else if (isSynced || connection === "lost") this.openNewThread();
  }
}
