// The visitor's resume token in the storage of the company's page. Inside the iframe storage is partitioned or blocked
// by browsers, here it is first-party. Where even that is blocked the token lives as long as the page.

export class TokenStorage {
  readonly #key: string;
  #fallback = "";

  constructor(chatId: string) {
    this.#key = `beseda:${chatId}:resume`;
  }

  read(): string {
    try {
      // Another tab may have stored a newer one.
      return localStorage.getItem(this.#key) ?? this.#fallback;
    } catch {
      return this.#fallback;
    }
  }

  write(token: string): void {
    this.#fallback = token;
    try {
      localStorage.setItem(this.#key, token);
    } catch {
      // Blocked or full: the copy in memory serves.
    }
  }
}
