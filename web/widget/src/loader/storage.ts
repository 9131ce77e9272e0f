// The visitor's resume token in the storage of the company's page. Inside the iframe storage is partitioned or blocked
// by browsers, here it is first-party. Where even that is blocked the token lives as long as the page.

export class TokenStorage {
  readonly #key: string;
  #fallback = "";

  /** `given`: the token that the site's backend put into the page for whoever is logged in there. */
  constructor(
    chatId: string,
    private readonly given = "",
  ) {
    this.#key = `beseda:${chatId}:resume`;
  }

  read(): string {
    if (this.given) return this.given;
    try {
      // Another tab may have stored a newer one.
      return localStorage.getItem(this.#key) ?? this.#fallback;
    } catch {
      return this.#fallback;
    }
  }

  write(token: string): void {
    // It belongs to that log-in, not to the browser: kept here it would show the history to whoever comes next.
    if (this.given) return;
    this.#fallback = token;
    try {
      localStorage.setItem(this.#key, token);
    } catch {
      // Blocked or full: the copy in memory serves.
    }
  }
}
