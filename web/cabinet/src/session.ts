// The client's session in this browser: a token that the server gave for a code. All tabs share it.

import type { CallOptions } from "@connectrpc/connect";
import type { KeyValues } from "../../widget/src/app/storage";
import { randomUuid } from "../../widget/src/app/uuid";

/** A call that takes longer is given up. */
export const CALL_TIMEOUT = 15_000;

export class Session {
  constructor(
    private readonly storage: KeyValues,
    private readonly cabinetId: string,
    /** The client has logged in or out in another tab. */
    changed: () => void,
  ) {
    window.addEventListener("storage", ({ key }) => {
      if (key === null || key === this.#key("token")) changed();
    });
  }

  get isOpen(): boolean {
    return this.storage.get(this.#key("token")) !== null;
  }

  /** Tells the unsent messages of one log-in from those of another. */
  get login(): string {
    return this.storage.get(this.#key("login")) ?? "";
  }

  begin(token: string): void {
    this.storage.set(this.#key("login"), randomUuid());
    this.storage.set(this.#key("token"), token);
  }

  /** Nothing of the client stays in the browser. */
  end(): void {
    for (const key of this.storage.keys(this.#key(""))) this.storage.remove(key);
  }

  /** For a call with one answer. */
  options(): CallOptions {
    return { headers: this.headers(), timeoutMs: CALL_TIMEOUT };
  }

  headers(): Record<string, string> {
    return { authorization: `Bearer ${this.storage.get(this.#key("token")) ?? ""}` };
  }

  #key(name: string): string {
    return `beseda:${this.cabinetId}:${name}`;
  }
}
