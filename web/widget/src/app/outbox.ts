// What the visitor wrote and the server has not confirmed. It outlives the window, and all tabs of a site share it:
// each message is an entry of its own in the storage, so that tabs never overwrite each other's, and the keys sort in
// the order of writing.

import type { LocalFile } from "./files/file";
import type { KeyValues } from "./storage";
import type { Reason } from "./trouble";
import { randomUuid } from "./uuid";

export interface Entry {
  /** The client_message_id: the server stores a message once, however often it is sent. */
  readonly id: string;
  readonly threadId: string;
  readonly text: string;
  /** Files to send with it; their contents are kept apart. */
  readonly files: readonly LocalFile[];
  /** The contents are in this window alone, and so is the entry. */
  readonly isHere: boolean;
  readonly time: number;
  /** Set when the server will not have it as it is. */
  readonly refusal: Reason | "UNKNOWN" | null;
}

export class Outbox {
  #lastPlace = 0;
  /** Entries that no other tab could send. */
  readonly #here = new Map<string, string>();

  constructor(
    private readonly storage: KeyValues,
    private readonly chatId: string,
    private visitorId: string,
    private readonly changed: () => void,
    private readonly now: () => number = Date.now,
    /** An entry is gone: sent or given up. */
    private readonly gone: (entry: Entry) => void = () => undefined,
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

  has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  add(threadId: string, text: string, files: readonly LocalFile[] = [], isHere = false): Entry {
    const entry = { id: randomUuid(), threadId, text, files, isHere, time: this.now(), refusal: null };
    this.#write(this.#nextKey(entry.id), entry);
    return entry;
  }

  /** The server has it, or the visitor gave it up. */
  remove(id: string): void {
    const found = this.#find(id);
    if (!found) return;
    this.#erase(found.key);
    this.gone(found.entry);
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
    this.#erase(found.key);
    this.#write(key, { ...found.entry, time: this.now(), refusal: null });
  }

  /** The visitor of this window is another one from now on; with `carry` what is unsent goes along. */
  switchVisitor(visitorId: string, carry: boolean): void {
    if (visitorId === this.visitorId) return;
    const waiting = carry ? this.#stored() : [];
    for (const { key } of waiting) this.#erase(key);
    this.visitorId = visitorId;
    for (const { entry } of waiting) this.#write(this.#nextKey(entry.id), entry);
    this.changed();
  }

  #prefix(): string {
    return `beseda:${this.chatId}:${this.visitorId}:outbox:`;
  }

  #stored(): { key: string; entry: Entry }[] {
    return this.#keys().flatMap((key) => {
      const entry = parseEntry(this.#here.get(key) ?? this.storage.get(key));
      return entry ? [{ key, entry }] : [];
    });
  }

  #keys(): string[] {
    const prefix = this.#prefix();
    const here = [...this.#here.keys()].filter((key) => key.startsWith(prefix));
    return [...this.storage.keys(prefix), ...here].sort();
  }

  #find(id: string): { key: string; entry: Entry } | undefined {
    return this.#stored().find(({ entry }) => entry.id === id);
  }

  #nextKey(id: string): string {
    // The clock may stand still or go back between two messages; their order may not.
    const newest = Number(this.#keys().at(-1)?.slice(this.#prefix().length).split(":")[0] ?? 0);
    this.#lastPlace = Math.max(this.now(), this.#lastPlace + 1, newest + 1);
    return `${this.#prefix()}${String(this.#lastPlace).padStart(16, "0")}:${id}`;
  }

  #write(key: string, entry: Entry): void {
    const json = JSON.stringify(entry);
    if (entry.isHere) this.#here.set(key, json);
    else this.storage.set(key, json);
    this.changed();
  }

  #erase(key: string): void {
    this.#here.delete(key);
    this.storage.remove(key);
  }
}

function parseEntry(json: string | null): Entry | null {
  try {
    const entry = JSON.parse(json ?? "") as Partial<Entry>;
    // What an earlier version wrote has no files.
    const { id, threadId, text, files = [], isHere = false, time, refusal = null } = entry;
    if (typeof id !== "string" || typeof threadId !== "string" || typeof text !== "string") return null;
    return { id, threadId, text, files, isHere, time: Number(time), refusal };
  } catch {
    return null;
  }
}
