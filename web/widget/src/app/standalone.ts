// The window opened by itself, as in a web view of an application: it keeps the resume token on its own.

import { pickLocale } from "../shared/locale";
import type { Host, Visit } from "./host";
import type { KeyValues } from "./storage";

/** The token that the application got from its backend: in the fragment, which reaches no server. */
function givenToken(): string {
  return new URLSearchParams(location.hash.slice(1)).get("visitor-token") ?? "";
}

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
    const given = givenToken();
    // A given token belongs to a log-in of the application, not to the device.
    if (keep !== null && !given) this.storage.set(key, keep);
    return {
      resumeToken: given || (this.storage.get(key) ?? ""),
      page: {
        url: location.href.split("#")[0] ?? "",
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
