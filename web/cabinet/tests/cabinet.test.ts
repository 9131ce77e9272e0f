import { Code } from "@connectrpc/connect";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryStorage } from "../../widget/tests/memory_storage";
import { Cabinet } from "../src/cabinet";
import { reasonOf } from "../src/trouble";
import { CODE, FakeServer, refusal } from "./fake_server";

const nothing = () => undefined;

async function open(fake: FakeServer, storage = new MemoryStorage()) {
  const cabinet = new Cabinet(fake.api, storage, "cab_1");
  await cabinet.start(nothing, nothing);
  return { cabinet, storage };
}

async function enter(fake: FakeServer, storage = new MemoryStorage()) {
  const opened = await open(fake, storage);
  await opened.cabinet.askForCode("+79990000001");
  await opened.cabinet.logIn(CODE);
  await eventually(() => expect(opened.cabinet.talk?.connection).toBe("live"));
  return opened;
}

/** Waits until the check holds; patient, because machines that test are busy. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });

const texts = (cabinet: Cabinet) => cabinet.talk?.messages.map(({ text }) => text);
const unavailable = () => refusal(Code.Unavailable, "STORE_UNAVAILABLE");

beforeEach(() => {
  // Waits of seconds are made short: the order of things is tested, not their time.
  vi.spyOn(Math, "random").mockReturnValue(0);
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, wait = 0) =>
    real(task, wait > 1_000 ? wait : wait / 50)) as typeof setTimeout);
});

describe("log-in", () => {
  test("goes from the number by the code to the deals, and stays for the next visit", async () => {
    const fake = new FakeServer();
    const { cabinet, storage } = await open(fake);
    expect(cabinet.screen).toEqual({ kind: "phone", farewell: "none" });
    await cabinet.askForCode("+79990000001");
    expect(cabinet.screen.kind).toBe("code");
    await cabinet.logIn(CODE);
    expect(cabinet.screen.kind).toBe("home");
    expect(cabinet.home?.title).toBe("Windows");
    const { cabinet: next } = await open(fake, storage);
    expect(next.screen.kind).toBe("home");
    expect(fake.codes).toBe(1);
  });

  test("a wrong code leaves the client where they are", async () => {
    const fake = new FakeServer();
    const { cabinet, storage } = await open(fake);
    await cabinet.askForCode("+79990000001");
    expect(await cabinet.logIn("000000").catch(reasonOf)).toBe("CODE_INVALID");
    expect(cabinet.screen.kind).toBe("code");
    expect(storage.keys("")).toEqual([]);
  });

  test("another code replaces the first without leaving the screen", async () => {
    const { cabinet } = await open(new FakeServer());
    await cabinet.askForCode("+79990000001");
    expect((await cabinet.askAgain("+79990000001")).token).toBe("crq_2");
    expect(cabinet.screen).toMatchObject({ kind: "code", request: { token: "crq_2" } });
  });

  test("a clock that is wrong by an hour does not keep the client waiting for an hour", async () => {
    const fake = new FakeServer();
    fake.retryAfter = 3_600_000;
    const { cabinet } = await open(fake);
    await cabinet.askForCode("+79990000001");
    const { screen } = cabinet;
    if (screen.kind !== "code") throw new Error(screen.kind);
    expect(screen.request.retryAt - Date.now()).toBeLessThanOrEqual(60_000);
  });

  test("a session that is over ends in the log-in, and nothing stays in the browser", async () => {
    const fake = new FakeServer();
    const { cabinet, storage } = await enter(fake);
    fake.sessions.clear();
    await cabinet.loadHome();
    expect(cabinet.screen).toEqual({ kind: "phone", farewell: "ended" });
    expect([cabinet.home, cabinet.homeError, cabinet.talk]).toEqual([null, null, null]);
    expect(storage.keys("")).toEqual([]);
  });

  test("signing out ends the session, and nothing stays in the browser", async () => {
    const fake = new FakeServer();
    const { cabinet, storage } = await enter(fake);
    await cabinet.signOut();
    expect(cabinet.screen).toEqual({ kind: "phone", farewell: "none" });
    expect(fake.sessions.size).toBe(0);
    expect(storage.keys("")).toEqual([]);
  });
});

describe("correspondence", () => {
  test("doubles nothing when answers are lost", async () => {
    const fake = new FakeServer();
    const { cabinet } = await enter(fake);
    // No echo of the stream comes to help: only the repetition can confirm.
    fake.isSilent = true;
    let failures = 2;
    fake.afterStore = () => {
      if (failures-- > 0) throw unavailable();
    };
    for (const text of ["one", "two"]) cabinet.talk?.send(text);
    await eventually(() => expect(cabinet.talk?.unsent()).toEqual([]));
    expect(fake.messages.map(({ text }) => text)).toEqual(["one", "two"]);
    expect(texts(cabinet)).toEqual(["one", "two"]);
    expect(fake.sends.map(({ text }) => text)).toEqual(["one", "one", "one", "two"]);
  });

  test("goes on from the last place after the stream ended, without gap or repetition", async () => {
    const fake = new FakeServer();
    fake.answer("1");
    const { cabinet } = await enter(fake);
    await eventually(() => expect(fake.watches).toHaveLength(1));
    fake.answer("2");
    await eventually(() => expect(texts(cabinet)).toEqual(["1", "2"]));
    fake.endStreams();
    fake.answer("3");
    await eventually(() => expect(texts(cabinet)).toEqual(["1", "2", "3"]));
    expect(fake.watches).toEqual([1, 2]);
  });

  test("an own message that is confirmed first hides no answer before it", async () => {
    const fake = new FakeServer();
    const { cabinet } = await enter(fake);
    await eventually(() => expect(fake.watches).toHaveLength(1));
    fake.isSilent = true;
    fake.answer("missed");
    cabinet.talk?.send("mine");
    await eventually(() => expect(texts(cabinet)).toEqual(["mine"]));
    fake.isSilent = false;
    fake.endStreams();
    await eventually(() => expect(texts(cabinet)).toEqual(["missed", "mine"]));
    expect(fake.watches).toEqual([0, 0]);
  });

  test("shows a refused message and lets the next pass", async () => {
    const fake = new FakeServer();
    const { cabinet } = await enter(fake);
    fake.beforeStore = () => {
      fake.beforeStore = nothing;
      throw refusal(Code.InvalidArgument, "FIELD_INVALID");
    };
    cabinet.talk?.send("bad");
    cabinet.talk?.send("good");
    await eventually(() => expect(texts(cabinet)).toEqual(["good"]));
    expect(cabinet.talk?.unsent()).toMatchObject([{ text: "bad", refusal: "FIELD_INVALID" }]);
  });

  test("what was not sent is not sent by the next client of this browser", async () => {
    const fake = new FakeServer();
    const first = await enter(fake);
    fake.beforeStore = () => {
      throw unavailable();
    };
    first.cabinet.talk?.send("secret of the first");
    await eventually(() => expect(fake.sends.length).toBeGreaterThan(0));
    await first.cabinet.signOut();
    fake.beforeStore = nothing;
    const second = await enter(fake, first.storage);
    expect(second.cabinet.talk?.unsent()).toEqual([]);
    second.cabinet.talk?.send("mine");
    await eventually(() => expect(fake.messages.map(({ text }) => text)).toEqual(["mine"]));
  });

  test("reads older pages up to the first message", async () => {
    const fake = new FakeServer();
    for (let index = 1; index <= 120; index += 1) fake.answer(String(index));
    const { cabinet } = await enter(fake);
    expect(texts(cabinet)).toHaveLength(50);
    await cabinet.talk?.loadOlder();
    await cabinet.talk?.loadOlder();
    expect(texts(cabinet)).toHaveLength(120);
    expect(texts(cabinet)?.[0]).toBe("1");
    expect(cabinet.talk?.hasOlder).toBe(false);
  });
});

describe("erasure", () => {
  test("warns first, erases by the code, and the client is out", async () => {
    const fake = new FakeServer();
    const { cabinet, storage } = await enter(fake);
    expect(await cabinet.warning()).toBe("This cannot be undone.");
    expect(fake.codes).toBe(1);
    const request = await cabinet.askToErase();
    expect(fake.codes).toBe(2);
    expect(await cabinet.erase(request, "000000").catch(reasonOf)).toBe("CODE_INVALID");
    expect([fake.erasures, cabinet.screen.kind]).toEqual([0, "home"]);
    await cabinet.erase(request, CODE);
    expect(fake.erasures).toBe(1);
    expect(cabinet.screen).toEqual({ kind: "phone", farewell: "erased" });
    expect(storage.keys("")).toEqual([]);
  });
});
