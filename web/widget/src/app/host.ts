// The page around the chat window.

import type { Locale } from "../shared/locale";
import type { Page } from "../shared/protocol";

export interface Visit {
  readonly resumeToken: string;
  readonly page: Page;
}

export interface Host {
  readonly locale: Locale;
  /** Origin of the page that shows the button. */
  readonly origin: string;
  /** Can the window be closed? */
  readonly hasLauncher: boolean;
  readonly isShown: boolean;
  /** The visitor's resume token and the page as they are now, after storing `keep` when given. */
  visit(keep: string | null): Promise<Visit>;
  ready(): void;
  reportUnread(count: number): void;
  close(): void;
  onShown(listener: (isShown: boolean) => void): void;
}
