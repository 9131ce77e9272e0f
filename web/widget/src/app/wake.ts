// Waiting that ends early when there is a reason to try at once.

export class Wake {
  readonly #sleepers = new Set<() => void>();

  constructor() {
    window.addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
  }

  /** Resolves after the time, or sooner when the network or the person comes back. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#sleepers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#sleepers.add(done);
    });
  }

  /** Ends all waiting now. */
  wake(): void {
    for (const done of [...this.#sleepers]) done();
  }
}
