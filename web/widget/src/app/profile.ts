// What the browser remembers of the last session, so that a window opened without a connection can already be used.

import { type Settings, toSettings } from "./model";
import type { KeyValues } from "./storage";

export interface Profile {
  readonly visitorId: string;
  readonly settings: Settings;
}

export class ProfileStorage {
  readonly #key: string;

  constructor(
    private readonly storage: KeyValues,
    chatId: string,
  ) {
    this.#key = `beseda:${chatId}:profile`;
  }

  read(): Profile | null {
    try {
      const { visitorId, settings } = JSON.parse(this.storage.get(this.#key) ?? "") as Partial<Profile>;
      const isComplete = typeof settings?.title === "string" && typeof settings.maxTextLength === "number";
      if (!visitorId || !isComplete) return null;
      // What an earlier version did not keep is as in a window without it.
      return { visitorId, settings: { ...toSettings(undefined), ...settings } };
    } catch {
      return null;
    }
  }

  write({ visitorId, settings }: Profile): void {
    this.storage.set(this.#key, JSON.stringify({ visitorId, settings }));
  }
}
