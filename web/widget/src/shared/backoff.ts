// How long to wait before trying again.

/** Doubles from one second to thirty; each wait is drawn from the upper half, so that many browsers do not come back at once. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly first = 1_000,
    private readonly longest = 30_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds before the next attempt; `atLeast` is what the server asked for. */
  next(atLeast = 0): number {
    const full = Math.min(this.longest, this.first * 2 ** this.#attempt);
    if (full < this.longest) this.#attempt += 1;
    return Math.max(atLeast, full / 2 + (this.random() * full) / 2);
  }

  /** The attempt succeeded. */
  reset(): void {
    this.#attempt = 0;
  }
}
