import { describe, expect, test } from "vitest";
import {
  accepts,
  envelope,
  readToLoader,
  readToWindow,
  type ToLoader,
  type ToWindow,
} from "../src/shared/protocol";

const ORIGIN = "https://chat.example";
const page = { url: "u", title: "t", referrer: "", language: "ru", visitorName: "" };

function event(data: unknown, origin = ORIGIN, source: MessageEventSource | null = window): MessageEvent {
  return new MessageEvent("message", { data, origin, source });
}

describe("a message is believed", () => {
  const data = envelope({ type: "ready" });

  test("from the window and origin it must come from", () => {
    expect(accepts(event(data), window, ORIGIN)).toBe(true);
  });

  test.each([
    ["another origin", event(data, "https://evil.example")],
    ["an origin that only begins alike", event(data, `${ORIGIN}.evil.example`)],
    ["another window", event(data, ORIGIN, { postMessage: () => undefined } as unknown as Window)],
    ["no window", event(data, ORIGIN, null)],
    ["another program", event({ type: "ready" })],
    ["another version", event({ beseda: 2, type: "ready" })],
    ["a text", event("ready")],
    ["nothing", event(null)],
  ])("but not from %s", (_, foreign) => expect(accepts(foreign, window, ORIGIN)).toBe(false));

  test("and never while there is no window to compare with", () => {
    expect(accepts(event(data, ORIGIN, null), null, ORIGIN)).toBe(false);
  });
});

test.each<ToLoader>([
  { type: "ready" },
  { type: "close" },
  { type: "unread", count: 3 },
  { type: "visit", ask: 1, keep: null },
  { type: "visit", ask: 1, keep: "vrt_x" },
])("the loader understands $type", (message) => {
  expect(readToLoader(envelope(message))).toEqual(message);
});

test.each<ToWindow>([
  { type: "hello", locale: "es", isOpen: true },
  { type: "shown", isOpen: false },
  { type: "visit", ask: 2, resumeToken: "", page },
])("the window understands $type", (message) => {
  expect(readToWindow(envelope(message))).toEqual(message);
});

test.each([
  { type: "unread", count: -1 },
  { type: "unread", count: "3" },
  { type: "visit", ask: 1 },
  { type: "visit", ask: 0.5, keep: null },
  { type: "navigate", url: "javascript:alert(1)" },
])("the loader leaves %j aside", (fields) => expect(readToLoader(fields)).toBeNull());

test.each([
  { type: "hello", locale: "xx", isOpen: true },
  { type: "hello", locale: "ru" },
  { type: "shown", isOpen: "yes" },
  { type: "visit", ask: 1, resumeToken: "", page: { url: "u" } },
])("the window leaves %j aside", (fields) => expect(readToWindow(fields)).toBeNull());
