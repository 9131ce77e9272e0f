// What a failed call means for the caller.

import { Code, ConnectError } from "@connectrpc/connect";
import type { ErrorReason } from "../gen/beseda/error/v1/error_reason_pb";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb";

/** Names of the contract's reasons, and one of our own. */
export type Reason = keyof typeof ErrorReason | "FILE_GONE";

/** A file that was to be sent is no longer on the device. */
export class FileGone extends Error {}

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
  if (error instanceof FileGone) return { kind: "refused", reason: "FILE_GONE" };
  const connectError = ConnectError.from(error);
  const reason = reasonOf(connectError);
  if (connectError.code === Code.Unauthenticated) return { kind: "session", reason };
  // The code is the one of a rate limit, but waiting makes nothing smaller.
  const isTooLarge = reason === "TOO_LARGE" || reason === "FILE_TOO_LARGE";
  if (REFUSALS.has(connectError.code) || isTooLarge) return { kind: "refused", reason };
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
