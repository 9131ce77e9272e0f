// Everything the window knows, and the rules by which the server's messages change it. No network and no DOM here.

import { type Conversation, type Message, ONLY_THREAD, type Settings } from "./model";
import type { Reason } from "./trouble";

export type Connection = "connecting" | "live" | "lost";

export type Screen = { readonly kind: "list" } | { readonly kind: "thread"; readonly threadId: string };

export interface Thread {
  /** By place, without gaps from the first one on. */
  messages: Message[];
  hasOlder: boolean;
  isLoaded: boolean;
  /** The last attempt to read its history failed. */
  hasFailed: boolean;
}

export class ChatState {
  connection: Connection = "connecting";
  /** Why the server refuses the chat as a whole. */
  refusal: Reason | "UNKNOWN" | null = null;
  settings: Settings | null = null;
  /** The server's list of conversations has been read. */
  isSynced = false;
  screen: Screen | null = null;
  /** The newest place the stream has brought; it resumes from here. */
  cursor = 0;
  readonly conversations = new Map<string, Conversation>();
  readonly threads = new Map<string, Thread>();
  /** Threads that were finished while this window lives, as they were last known. */
  readonly finished = new Map<string, Conversation | null>();
  /** Up to where the server knows each thread as read. */
  readonly #readUpTo = new Map<string, number>();

  /** Another visitor: nothing of the one before may stay. */
  reset(): void {
    this.screen = null;
    this.isSynced = false;
    this.cursor = 0;
    for (const collection of [this.conversations, this.threads, this.finished, this.#readUpTo])
      collection.clear();
  }

  thread(threadId: string): Thread {
    let thread = this.threads.get(threadId);
    if (!thread) {
      thread = { messages: [], hasOlder: false, isLoaded: false, hasFailed: false };
      this.threads.set(threadId, thread);
    }
    return thread;
  }

  /** With one conversation for everything the server names no thread. */
  threadOf(threadId: string): string {
    return this.settings?.isMultiple ? threadId : ONLY_THREAD;
  }

  addMessage(message: Message): void {
    const threadId = this.threadOf(message.threadId);
    const isNew = insertMessage(this.thread(threadId).messages, message);
    const conversation = this.conversations.get(threadId);
    if (!isNew || !conversation || message.seq <= conversation.lastSeq) return;
    // The conversation itself follows in the stream; until then its row should not lag behind the message.
    this.conversations.set(threadId, {
      ...conversation,
      lastSeq: message.seq,
      lastText: message.text || (message.files[0]?.name ?? ""),
      time: message.time,
      unreadCount: conversation.unreadCount + (message.isMine ? 0 : 1),
    });
  }

  addPage(threadId: string, messages: readonly Message[], hasOlder: boolean): void {
    const thread = this.thread(threadId);
    for (const message of messages) insertMessage(thread.messages, message);
    thread.hasOlder = hasOlder;
    thread.isLoaded = true;
  }

  /** Takes over a conversation as the server has it now. */
  putConversation(conversation: Conversation): void {
    const threadId = this.threadOf(conversation.threadId);
    if (!conversation.isOpen && this.settings?.isMultiple) {
      this.finish(threadId);
      return;
    }
    this.finished.delete(threadId);
    if (conversation.unreadCount === 0) this.#raiseReadUpTo(threadId, conversation.lastSeq);
    const known = this.conversations.get(threadId);
    // An answer of a call may come after a newer state from the stream.
    if (known && known.lastSeq > conversation.lastSeq) return;
    const isRead = (this.#readUpTo.get(threadId) ?? 0) >= conversation.lastSeq;
    this.conversations.set(threadId, isRead ? { ...conversation, unreadCount: 0 } : conversation);
  }

  /** Takes finished conversations off the list: those known before that the server no longer names. */
  dropFinished(known: readonly string[], open: readonly { threadId: string }[]): void {
    const stillOpen = new Set(open.map(({ threadId }) => this.threadOf(threadId)));
    for (const threadId of known) {
      if (this.settings?.isMultiple && !stillOpen.has(threadId)) this.finish(threadId);
    }
  }

  finish(threadId: string): void {
    const last = this.conversations.get(threadId) ?? this.finished.get(threadId) ?? null;
    this.finished.set(threadId, last);
    this.conversations.delete(threadId);
  }

  /** The newest message of the company in a thread that the server does not know as read, or null. */
  unreadSeq(threadId: string): number | null {
    const newest = this.thread(threadId).messages.findLast(({ isMine }) => !isMine)?.seq ?? 0;
    return newest > (this.#readUpTo.get(threadId) ?? 0) ? newest : null;
  }

  markRead(threadId: string, seq: number): void {
    this.#raiseReadUpTo(threadId, seq);
    const conversation = this.conversations.get(threadId);
    if (conversation && conversation.lastSeq <= seq) {
      this.conversations.set(threadId, { ...conversation, unreadCount: 0 });
    }
  }

  unreadTotal(): number {
    let total = 0;
    for (const { unreadCount } of this.conversations.values()) total += unreadCount;
    return total;
  }

  /** Open conversations, the one with the latest event first. */
  conversationList(): Conversation[] {
    return [...this.conversations.values()].sort((a, b) => b.time.getTime() - a.time.getTime());
  }

  #raiseReadUpTo(threadId: string, seq: number): void {
    this.#readUpTo.set(threadId, Math.max(seq, this.#readUpTo.get(threadId) ?? 0));
  }
}

/** Keeps the order by place; answers false when the message was there already. */
export function insertMessage<T extends { readonly seq: number }>(messages: T[], message: T): boolean {
  let index = messages.length;
  while (index > 0 && (messages[index - 1]?.seq ?? 0) > message.seq) index -= 1;
  if (messages[index - 1]?.seq === message.seq) return false;
  messages.splice(index, 0, message);
  return true;
}
