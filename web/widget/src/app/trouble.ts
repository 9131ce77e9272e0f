// What a failed call means for the caller.

import { Code, ConnectError } from "@connectrpc/connect";
import type { ErrorReason } from "../gen/beseda/error/v1/error_reason_pb";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb";

/** Names of the contract's reasons. */
export type Reason = keyof typeof ErrorReason;

export type Trouble =
  /** It may work later; `after` is what the server asks to wait, in milliseconds. */
  | { readonly kind: "again"; readonly after: number; readonly reason: Reason | null }
  /** The session is over; a new one is needed. */
  | { readonly kind: "session"; readonly reason: Reason | null }
  /** Repeating it gives the same answer. */
  | { readonly kind: "refused"; readonly reason: Reason | null };

const REFUSALS: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
]);

export function toTrouble(error: unknown): Trouble {
  const connectError = ConnectError.from(error);
  const reason = reasonOf(connectError);
  if (connectError.code === Code.Unauthenticated) return { kind: "session", reason };
  // Its code is the one of a rate limit, but waiting makes nothing smaller.
  if (REFUSALS.has(connectError.code) || reason === "TOO_LARGE") return { kind: "refused", reason };
  return { kind: "again", after: retryDelay(connectError), reason };
}

function reasonOf(error: ConnectError): Reason | null {
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "beseda");
  return info ? (info.reason as Reason) : null;
}

function retryDelay(error: ConnectError): number {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay ? Number(delay.seconds) * 1_000 + Math.ceil(delay.nanos / 1_000_000) : 0;
}
