// A code that the server has sent by SMS.

import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** The device's clock may be wrong: whatever it says, another code can be asked for after a minute at the latest. */
const LONGEST_PAUSE = 60_000;

export interface CodeRequest {
  /** Comes back with the code. */
  readonly token: string;
  readonly length: number;
  /** When another can be asked for, by this device's clock. */
  readonly retryAt: number;
}

interface Asked {
  readonly requestToken: string;
  readonly codeLength: number;
  readonly retryTime?: Timestamp | undefined;
}

export function toCodeRequest({ requestToken, codeLength, retryTime }: Asked): CodeRequest {
  const now = Date.now();
  const pause = retryTime ? timestampMs(retryTime) - now : 0;
  return {
    token: requestToken,
    length: codeLength,
    retryAt: now + Math.min(LONGEST_PAUSE, Math.max(0, pause)),
  };
}
