// The chat as one thing: puts the parts together and offers what a person can do with it.

import { ChatState } from "./chat_state";
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
  #visitorId = "";
  #listener: () => void = () => undefined;
  #isNotifying = false;
  readonly #loading = new Set<string>();

  constructor(
    private readonly client: VisitorClient,
    private readonly host: Host,
    storage: KeyValues,
    chatId: string,
  ) {
    const changed = () => this.#changed();
    this.#profile = new ProfileStorage(storage, chatId);
    this.#session = new Session(client, host, chatId, (welcome) => this.#welcome(welcome));
    this.#outbox = new Outbox(storage, chatId, "", changed);
    this.#reader = new Reader(client, this.#session, this.state, changed);
    this.#live = new Live(client, this.#session, this.state, this.#wake, {
      changed,
      arrived: (message) => this.#arrived(message),
    });
    const lock = `beseda:${chatId}:outbox`;
    this.#sender = new Sender(this.#outbox, this.#wake, lock, (entry) => this.#deliver(entry));
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

  send(threadId: string, text: string): void {
    this.#outbox.add(threadId, text);
  }

  retry(entryId: string): void {
    this.#outbox.retry(entryId);
  }

  discard(entryId: string): void {
    this.#outbox.remove(entryId);
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

  #welcome({ visitorId, settings, isReturning }: Welcome): void {
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

  async #deliver({ id, text, threadId }: Entry): Promise<void> {
    const { message, conversation } = await this.#session.call((options) =>
      this.client.sendVisitorMessage({ clientMessageId: id, text, threadId }, options),
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
