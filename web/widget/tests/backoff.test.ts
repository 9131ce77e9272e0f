import { expect, test } from "vitest";
import { Backoff } from "../src/shared/backoff";

test("waits double from one second to thirty", () => {
  const backoff = new Backoff(1_000, 30_000, () => 1);
  const waits = Array.from({ length: 7 }, () => backoff.next());
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("jitter never takes more than half of a wait", () => {
  const backoff = new Backoff(1_000, 30_000, () => 0);
  expect([backoff.next(), backoff.next()]).toEqual([500, 1_000]);
});

test("success begins anew", () => {
  const backoff = new Backoff(1_000, 30_000, () => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(1_000);
});

test("the server's wish for a longer wait is kept", () => {
  expect(new Backoff(1_000, 30_000, () => 1).next(12_000)).toBe(12_000);
});
