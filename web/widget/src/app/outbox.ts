// What the visitor wrote and the server has not confirmed. It outlives the window, and all tabs of a site share it:
// each message is an entry of its own in the storage, so that tabs never overwrite each other's, and the keys sort in
// the order of writing.

import type { KeyValues } from "./storage";
import type { Reason } from "./trouble";
import { randomUuid } from "./uuid";

export interface Entry {
  /** The client_message_id: the server stores a message once, however often it is sent. */
  readonly id: string;
  readonly threadId: string;
  readonly text: string;
  readonly time: number;
  /** Set when the server will not have it as it is. */
  readonly refusal: Reason | "UNKNOWN" | null;
}

export class Outbox {
  #lastPlace = 0;

  constructor(
    private readonly storage: KeyValues,
    private readonly chatId: string,
    private visitorId: string,
    private readonly changed: () => void,
    private readonly now: () => number = Date.now,
  ) {
    window.addEventListener("storage", (event) => {
      if (event.key === null || event.key.startsWith(this.#prefix())) this.changed();
    });
  }

  /** All entries in the order of writing. */
  entries(): Entry[] {
    return this.#stored().map(({ entry }) => entry);
  }

  /** The next entry to send; refused ones wait for the visitor's decision and hold up nobody. */
  next(): Entry | null {
    return this.entries().find(({ refusal }) => refusal === null) ?? null;
  }

  add(threadId: string, text: string): Entry {
    const entry = { id: randomUuid(), threadId, text, time: this.now(), refusal: null };
    this.#write(this.#nextKey(entry.id), entry);
    return entry;
  }

  /** The server has it, or the visitor gave it up. */
  remove(id: string): void {
    const found = this.#find(id);
    if (!found) return;
    this.storage.remove(found.key);
    this.changed();
  }

  refuse(id: string, reason: Reason | "UNKNOWN"): void {
    const found = this.#find(id);
    if (found) this.#write(found.key, { ...found.entry, refusal: reason });
  }

  /** Puts a refused entry behind all others to be sent again. */
  retry(id: string): void {
    const found = this.#find(id);
    if (!found) return;
    const key = this.#nextKey(id);
    this.storage.remove(found.key);
    this.#write(key, { ...found.entry, time: this.now(), refusal: null });
  }

  /** The visitor of this window is another one from now on; with `carry` what is unsent goes along. */
  switchVisitor(visitorId: string, carry: boolean): void {
    if (visitorId === this.visitorId) return;
    const waiting = carry ? this.#stored() : [];
    for (const { key } of waiting) this.storage.remove(key);
    this.visitorId = visitorId;
    for (const { entry } of waiting) this.#write(this.#nextKey(entry.id), entry);
    this.changed();
  }

  #prefix(): string {
    return `beseda:${this.chatId}:${this.visitorId}:outbox:`;
  }

  #stored(): { key: string; entry: Entry }[] {
    return this.storage.keys(this.#prefix()).flatMap((key) => {
      const entry = parseEntry(this.storage.get(key));
      return entry ? [{ key, entry }] : [];
    });
  }

  #find(id: string): { key: string; entry: Entry } | undefined {
    return this.#stored().find(({ entry }) => entry.id === id);
  }

  #nextKey(id: string): string {
    // The clock may stand still or go back between two messages; their order may not.
    const newest = Number(
      this.storage.keys(this.#prefix()).at(-1)?.slice(this.#prefix().length).split(":")[0] ?? 0,
    );
    this.#lastPlace = Math.max(this.now(), this.#lastPlace + 1, newest + 1);
    return `${this.#prefix()}${String(this.#lastPlace).padStart(16, "0")}:${id}`;
  }

  #write(key: string, entry: Entry): void {
    this.storage.set(key, JSON.stringify(entry));
    this.changed();
  }
}

function parseEntry(json: string | null): Entry | null {
  try {
    const { id, threadId, text, time, refusal = null } = JSON.parse(json ?? "") as Partial<Entry>;
    if (typeof id !== "string" || typeof threadId !== "string" || typeof text !== "string") return null;
    return { id, threadId, text, time: Number(time), refusal };
  } catch {
    return null;
  }
}
