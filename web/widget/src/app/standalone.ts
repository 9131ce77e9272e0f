// The window opened by itself, as in a web view of an application: it keeps the resume token on its own.

import { pickLocale } from "../shared/locale";
import type { Host, Visit } from "./host";
import type { KeyValues } from "./storage";

export class StandaloneHost implements Host {
  readonly hasLauncher = false;
  readonly isShown = true;
  readonly origin = location.origin;
  readonly locale = pickLocale(navigator.languages);

  constructor(
    private readonly storage: KeyValues,
    private readonly chatId: string,
  ) {}

  async visit(keep: string | null): Promise<Visit> {
    const key = `beseda:${this.chatId}:resume`;
    if (keep !== null) this.storage.set(key, keep);
    return {
      resumeToken: this.storage.get(key) ?? "",
      page: {
        url: location.href,
        title: document.title,
        referrer: document.referrer,
        language: navigator.language,
        visitorName: "",
      },
    };
  }

  ready(): void {}

  reportUnread(): void {}

  close(): void {}

  onShown(): void {}
}
