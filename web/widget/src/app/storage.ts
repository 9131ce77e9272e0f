// Storage of the iframe. Browsers may partition it, refuse it or run out of room: what cannot be stored stays in memory
// for as long as the window lives.

export interface KeyValues {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** The keys that begin with the prefix, sorted. */
  keys(prefix: string): string[];
}

export class SafeStorage implements KeyValues {
  readonly #memory = new Map<string, string>();
  readonly #local = localStorageOrNull();

  get(key: string): string | null {
    return this.#memory.get(key) ?? this.#local?.getItem(key) ?? null;
  }

  set(key: string, value: string): void {
    try {
      if (!this.#local) throw new Error("no storage");
      this.#local.setItem(key, value);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, value);
    }
  }

  remove(key: string): void {
    this.#memory.delete(key);
    this.#local?.removeItem(key);
  }

  keys(prefix: string): string[] {
    const found = new Set(this.#memory.keys());
    for (let index = 0; index < (this.#local?.length ?? 0); index += 1) {
      const key = this.#local?.key(index);
      if (key) found.add(key);
    }
    return [...found].filter((key) => key.startsWith(prefix)).sort();
  }
}

function localStorageOrNull(): Storage | null {
  try {
    // Merely reading the property throws where storage is blocked.
    return window.localStorage;
  } catch {
    return null;
  }
}
