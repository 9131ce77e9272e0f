// Every text of the page beside those of the correspondence, which are the chat window's. A language is complete when it compiles.

import type { Locale } from "../../../widget/src/shared/locale";
import { en } from "./en";
import { es } from "./es";
import { ru } from "./ru";

/** Fields that every card has. */
export type Standard = "name" | "contactName" | "price" | "phones" | "emails" | "addresses";

export interface Texts {
  readonly defaultTitle: string;
  readonly loading: string;
  readonly logIn: string;
  readonly logInHint: string;
  readonly phone: string;
  readonly phoneExample: string;
  readonly getCode: string;
  readonly codeTitle: string;
  readonly codeSent: (phone: string) => string;
  readonly code: (digits: number) => string;
  readonly enter: string;
  readonly resend: string;
  readonly resendIn: (seconds: number) => string;
  readonly resent: string;
  readonly otherNumber: string;
  readonly signOut: string;
  readonly ended: string;
  readonly erased: string;
  readonly fieldInvalid: string;
  readonly phoneInvalid: string;
  readonly codeIncomplete: (digits: number) => string;
  readonly noConnection: string;
  readonly failed: string;
  readonly tryAgain: string;
  readonly sections: string;
  readonly deals: string;
  readonly messages: string;
  readonly newMessages: (count: number) => string;
  readonly noDeals: string;
  readonly yourData: string;
  readonly statuses: string;
  readonly status: string;
  readonly closed: string;
  readonly updated: (day: string) => string;
  readonly history: string;
  readonly noHistory: string;
  readonly more: string;
  readonly standard: Readonly<Record<Standard, string>>;
  readonly yes: string;
  readonly no: string;
  readonly dealCreated: string;
  readonly statusChanged: string;
  readonly responsibleChanged: string;
  readonly taskAdded: string;
  readonly taskCompleted: string;
  readonly callIncoming: string;
  readonly callOutgoing: string;
  readonly callUnanswered: string;
  readonly callPlay: string;
  readonly callFailed: string;
  readonly otherEvent: string;
  readonly was: string;
  readonly became: string;
  readonly nothing: string;
  readonly program: string;
  readonly erase: string;
  readonly eraseQuestion: string;
  readonly eraseCodeSent: string;
  readonly cancel: string;
  readonly download: (name: string) => string;
  readonly play: (name: string) => string;
  readonly show: (name: string) => string;
  readonly filePending: string;
  readonly fileFailed: string;
}

export const TEXTS: Record<Locale, Texts> = { ru, es, en };
