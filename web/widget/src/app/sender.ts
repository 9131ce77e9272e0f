// Sends what is in the outbox, strictly in the order of writing, one message at a time over all tabs.

import { Backoff } from "../shared/backoff";
import { exclusively } from "./locks";
import type { Entry, Outbox } from "./outbox";
import { toTrouble } from "./trouble";
import type { Wake } from "./wake";

/** A message that makes the server fail this often is shown to the visitor instead of holding up the others. */
const DEFECT_LIMIT = 5;

export class Sender {
  readonly #backoff = new Backoff();
  readonly #defects = new Map<string, number>();
  #isRunning = false;

  /** `deliver` sends one message and shows it as stored. */
  constructor(
    private readonly outbox: Outbox,
    private readonly wake: Wake,
    private readonly lockName: string,
    private readonly deliver: (entry: Entry) => Promise<void>,
  ) {}

  /** Begins to send unless it is being done. */
  async kick(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.outbox.next()) {
        // The lock is free during the pause: a tab that can send need not wait for one that cannot.
        const pause = await exclusively(this.lockName, () => this.#sendAll());
        if (pause > 0) await this.wake.sleep(pause);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Answers how long to wait before going on; 0 when nothing is left. */
  async #sendAll(): Promise<number> {
    // Read anew each time: another tab may have sent or added entries.
    for (let entry = this.outbox.next(); entry; entry = this.outbox.next()) {
      try {
        await this.#send(entry);
        this.#backoff.reset();
      } catch (error) {
        const pause = this.#afterTrouble(entry, error);
        if (pause > 0) return pause;
      }
    }
    return 0;
  }

  async #send(entry: Entry): Promise<void> {
    // First shown as stored, then taken from the outbox: it is never out of sight.
    await this.deliver(entry);
    this.outbox.remove(entry.id);
  }

  #afterTrouble(entry: Entry, error: unknown): number {
    // Given up while it was on its way.
    if (!this.outbox.has(entry.id)) return 0;
    const trouble = toTrouble(error);
    if (trouble.kind === "session") return this.#backoff.next();
    if (trouble.kind === "refused" || this.#isDefect(entry, trouble.reason)) {
      this.outbox.refuse(entry.id, trouble.reason ?? "UNKNOWN");
      return 0;
    }
    return this.#backoff.next(trouble.after);
  }

  #isDefect({ id }: Entry, reason: string | null): boolean {
    if (reason !== "INTERNAL") return false;
    const count = (this.#defects.get(id) ?? 0) + 1;
    this.#defects.set(id, count);
    return count >= DEFECT_LIMIT;
  }
}
