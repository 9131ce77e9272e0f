// Every text the window shows. A language is complete when it compiles.

import type { Locale } from "../../shared/locale";
import { en } from "./en";
import { es } from "./es";
import { ru } from "./ru";

export interface Texts {
  readonly defaultTitle: string;
  readonly close: string;
  readonly back: string;
  readonly connecting: string;
  readonly connectionLost: string;
  readonly refusedDisabled: string;
  readonly refusedNotFound: string;
  readonly refusedOrigin: string;
  readonly refusedOther: string;
  readonly logLabel: string;
  readonly greeting: string;
  readonly older: string;
  readonly newMessages: string;
  readonly historyFailed: string;
  readonly tryAgain: string;
  readonly composerLabel: string;
  readonly composerPlaceholder: string;
  readonly send: string;
  readonly charactersLeft: (count: number) => string;
  readonly charactersOver: (count: number) => string;
  readonly you: string;
  readonly company: string;
  readonly stateSent: string;
  readonly statePending: string;
  readonly messageRefused: string;
  readonly messageTooLong: string;
  readonly messageDisabled: string;
  readonly messageDelete: string;
  readonly today: string;
  readonly yesterday: string;
  readonly conversations: string;
  readonly conversationNumber: (number: number) => string;
  readonly newConversation: string;
  readonly noConversations: string;
  readonly unread: (count: number) => string;
  readonly finish: string;
  readonly finishQuestion: string;
  readonly finishExplanation: string;
  readonly finishFailed: string;
  readonly finished: string;
  readonly cancel: string;
}

export const TEXTS: Record<Locale, Texts> = { ru, es, en };
