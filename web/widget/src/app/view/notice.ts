// One line about the connection, and the reasons why there is no chat at all.

import type { ChatState } from "../chat_state";
import type { Texts } from "../i18n/texts";

/** What to say about the chat as a whole; empty when all is well. */
export function noticeText(state: ChatState, texts: Texts): string {
  if (state.refusal) return refusalText(state.refusal, texts);
  return state.connection === "lost" ? texts.connectionLost : "";
}

function refusalText(reason: NonNullable<ChatState["refusal"]>, texts: Texts): string {
  switch (reason) {
    case "ONLINE_CHAT_DISABLED":
    case "CONNECTION_DISABLED":
      return texts.refusedDisabled;
    case "ONLINE_CHAT_NOT_FOUND":
      return texts.refusedNotFound;
    case "ORIGIN_NOT_ALLOWED":
      return texts.refusedOrigin;
    default:
      return texts.refusedOther;
  }
}
