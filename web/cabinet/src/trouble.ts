// What a failed call means to the client: the server says it in the page's language.

import { ConnectError } from "@connectrpc/connect";
import { type Reason, toTrouble } from "../../widget/src/app/trouble";
import { LocalizedMessageSchema } from "../../widget/src/gen/google/rpc/error_details_pb";
import type { Texts } from "./i18n/texts";

/** Reasons that say that the session is over, in contrast to a wrong code. */
const ENDED: ReadonlySet<Reason> = new Set(["TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"]);

export function reasonOf(error: unknown): Reason | null {
  return toTrouble(error).reason;
}

/** Is the client out? */
export function isEnd(error: unknown): boolean {
  const reason = reasonOf(error);
  return reason !== null && ENDED.has(reason);
}

/** Is the cabinet as a whole not there? */
export function isGone(error: unknown): boolean {
  const reason = reasonOf(error);
  return reason === "CABINET_NOT_FOUND" || reason === "CABINET_DISABLED";
}

/** The server's own words where it has some. */
export function explain(error: unknown, texts: Texts): string {
  const { reason } = toTrouble(error);
  const said = ConnectError.from(error).findDetails(LocalizedMessageSchema)[0]?.message;
  if (reason === "FIELD_INVALID") return texts.fieldInvalid;
  return said || (reason === null ? texts.noConnection : texts.failed);
}
