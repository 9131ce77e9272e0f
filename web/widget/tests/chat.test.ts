import { Code } from "@connectrpc/connect";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Chat } from "../src/app/chat";
import type { Host, Visit } from "../src/app/host";
import { OnlineChatMode } from "../src/gen/beseda/onlinechat/v1/visitor_service_pb";
import { FakeServer, refusal } from "./fake_server";
import { MemoryStorage } from "./memory_storage";

class FakeHost implements Host {
  readonly locale = "en";
  readonly origin = "https://shop.example";
  readonly hasLauncher = true;
  isShown = true;
  unread = 0;
  #listener: (isShown: boolean) => void = () => undefined;

  constructor(public token = "") {}

  async visit(keep: string | null): Promise<Visit> {
    if (keep !== null) this.token = keep;
    const page = {
      url: "https://shop.example/",
      title: "Shop",
      referrer: "",
      language: "en",
      visitorName: "",
    };
    return { resumeToken: this.token, page };
  }

  ready(): void {}
  close(): void {}

  reportUnread(count: number): void {
    this.unread = count;
  }

  onShown(listener: (isShown: boolean) => void): void {
    this.#listener = listener;
  }

  show(isShown: boolean): void {
    this.isShown = isShown;
    this.#listener(isShown);
  }
}

const server = () => new FakeServer();

async function open(fake: FakeServer, host = new FakeHost(), storage = new MemoryStorage()) {
  const chat = new Chat(fake.client, host, storage, "och_1");
  await chat.start(() => undefined);
  await eventually(() => expect(chat.state.connection).toBe("live"));
  return { chat, host, storage };
}

/** Waits until the check holds; patient, because machines that test are busy. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });

const texts = (chat: Chat, threadId = "") => chat.state.thread(threadId).messages.map(({ text }) => text);
const unavailable = () => refusal(Code.Unavailable, "STORE_UNAVAILABLE");

beforeEach(() => {
  // Waits of seconds are made short: the order of things is tested, not their time.
  vi.spyOn(Math, "random").mockReturnValue(0);
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, wait = 0) =>
    real(task, wait > 1_000 ? wait : wait / 50)) as typeof setTimeout);
});

describe("sending", () => {
  test("keeps the order of writing and doubles nothing when answers are lost", async () => {
    const fake = server();
    const { chat } = await open(fake);
    // No echo of the stream comes to help: only the repetition can confirm.
    fake.isSilent = true;
    let failures = 2;
    fake.afterStore = () => {
      if (failures-- > 0) throw unavailable();
    };
    for (const text of ["one", "two", "three"]) chat.send("", text);
    await eventually(() => expect(chat.unsent("")).toEqual([]));
    expect(fake.messages.map(({ text }) => text)).toEqual(["one", "two", "three"]);
    expect(texts(chat)).toEqual(["one", "two", "three"]);
    expect(fake.sends.map(({ text }) => text)).toEqual(["one", "one", "one", "two", "three"]);
  });

  test("believes the echo of the stream when the answer is lost", async () => {
    const fake = server();
    const { chat } = await open(fake);
    fake.afterStore = () => {
      throw unavailable();
    };
    chat.send("", "hello");
    await eventually(() => expect(chat.unsent("")).toEqual([]));
    expect(texts(chat)).toEqual(["hello"]);
  });

  test("waits for the connection and goes on by itself", async () => {
    const fake = server();
    const { chat } = await open(fake);
    let isDown = true;
    fake.beforeStore = () => {
      if (isDown) throw unavailable();
    };
    chat.send("", "hello");
    await eventually(() => expect(fake.sends.length).toBeGreaterThan(0));
    expect(chat.unsent("").map(({ refusal }) => refusal)).toEqual([null]);
    isDown = false;
    window.dispatchEvent(new Event("online"));
    await eventually(() => expect(texts(chat)).toEqual(["hello"]));
  });

  test("shows a refused message, lets the next pass and sends it again when asked", async () => {
    const fake = server();
    const { chat } = await open(fake);
    fake.beforeStore = ({ text }) => {
      if (text === "bad") throw refusal(Code.InvalidArgument, "FIELD_INVALID");
    };
    chat.send("", "bad");
    chat.send("", "good");
    await eventually(() => expect(texts(chat)).toEqual(["good"]));
    const [refused] = chat.unsent("");
    expect(refused).toMatchObject({ text: "bad", refusal: "FIELD_INVALID" });
    fake.beforeStore = () => undefined;
    chat.retry(refused?.id ?? "");
    await eventually(() => expect(texts(chat)).toEqual(["good", "bad"]));
  });

  test("gives a message that makes the server fail to the visitor instead of blocking", async () => {
    const fake = server();
    const { chat } = await open(fake);
    fake.beforeStore = ({ text }) => {
      if (text === "poison") throw refusal(Code.Internal, "INTERNAL");
    };
    chat.send("", "poison");
    chat.send("", "fine");
    // Each wait is as long as the backoff wants it; the person coming back shortens it.
    const nudge = setInterval(() => window.dispatchEvent(new Event("online")), 5);
    await eventually(() => expect(texts(chat)).toEqual(["fine"]));
    clearInterval(nudge);
    expect(chat.unsent("")).toMatchObject([{ text: "poison", refusal: "INTERNAL" }]);
  });

  test("takes up what an earlier window left behind", async () => {
    const fake = server();
    const first = await open(fake);
    fake.beforeStore = () => {
      throw unavailable();
    };
    first.chat.send("", "left behind");
    await eventually(() => expect(fake.sends.length).toBeGreaterThan(0));
    fake.beforeStore = () => undefined;
    const second = await open(fake, first.host, first.storage);
    await eventually(() => expect(texts(second.chat)).toEqual(["left behind"]));
    expect(fake.messages).toHaveLength(1);
  });
});

describe("receiving", () => {
  test("two windows show the same", async () => {
    const fake = server();
    const first = await open(fake);
    const second = await open(fake, first.host, first.storage);
    first.chat.send("", "from one");
    fake.answer("from the company");
    await eventually(() => expect(texts(second.chat)).toHaveLength(2));
    await eventually(() => expect(texts(first.chat)).toEqual(texts(second.chat)));
    expect(second.chat.unsent("")).toEqual([]);
  });

  test("goes on from the last place after the stream ended, without gap or repetition", async () => {
    const fake = server();
    fake.answer("1");
    const { chat } = await open(fake);
    fake.answer("2");
    await eventually(() => expect(texts(chat)).toEqual(["1", "2"]));
    fake.endStreams();
    fake.answer("3");
    await eventually(() => expect(texts(chat)).toEqual(["1", "2", "3"]));
    expect(fake.watches).toEqual([1, 2]);
  });

  test("a session the server forgot is renewed with the visitor's token", async () => {
    const fake = server();
    const { chat } = await open(fake);
    fake.expired.add("vst_1");
    chat.send("", "after an hour");
    await eventually(() => expect(texts(chat)).toEqual(["after an hour"]));
    expect(fake.sessions).toBe(2);
    expect(fake.resumeTokens).toEqual(["", "vrt_vis_1"]);
  });

  test("reads older pages up to the first message", async () => {
    const fake = server();
    for (let index = 1; index <= 120; index += 1) fake.answer(String(index));
    const { chat } = await open(fake);
    expect(texts(chat)).toHaveLength(50);
    await chat.loadOlder("");
    await chat.loadOlder("");
    expect(texts(chat)).toHaveLength(120);
    expect(texts(chat)[0]).toBe("1");
    expect(chat.state.thread("").hasOlder).toBe(false);
  });

  test("another visitor sees nothing of the one before", async () => {
    const fake = server();
    fake.answer("secret");
    const { chat } = await open(fake);
    fake.visitorId = "vis_2";
    fake.messages.length = 0;
    fake.expired.add("vst_1");
    fake.endStreams();
    await eventually(() => expect(fake.sessions).toBe(2));
    await eventually(() => expect(chat.state.connection).toBe("live"));
    expect(texts(chat)).toEqual([]);
  });

  test("a chat that is switched off says so and works again later", async () => {
    const fake = server();
    fake.beforeSession = () => {
      throw refusal(Code.FailedPrecondition, "ONLINE_CHAT_DISABLED");
    };
    const host = new FakeHost();
    const chat = new Chat(fake.client, host, new MemoryStorage(), "och_1");
    await chat.start(() => undefined);
    await eventually(() => expect(chat.state.refusal).toBe("ONLINE_CHAT_DISABLED"));
    fake.beforeSession = () => undefined;
    host.show(true);
    await eventually(() => expect(chat.state.connection).toBe("live"));
    expect(chat.state.refusal).toBeNull();
  });
});

describe("what is unread", () => {
  test("is counted while the window is closed and read when it is seen", async () => {
    const fake = server();
    const host = new FakeHost();
    const { chat } = await open(fake, host);
    chat.send("", "question");
    await eventually(() => expect(chat.state.conversations.size).toBe(1));
    host.show(false);
    fake.answer("answer");
    fake.answer("one more");
    await eventually(() => expect(host.unread).toBe(2));
    chat.seen("");
    expect(fake.reads).toEqual([]);
    host.show(true);
    chat.seen("");
    await eventually(() => expect(host.unread).toBe(0));
    expect(fake.reads).toEqual([{ threadId: "", seq: 3 }]);
  });
});

describe("several conversations", () => {
  const multiple = () => Object.assign(server(), { mode: OnlineChatMode.MULTIPLE });

  test("a new visitor begins with a new one, which has no number before its first message", async () => {
    const fake = multiple();
    const { chat } = await open(fake);
    await eventually(() => expect(chat.state.screen?.kind).toBe("thread"));
    expect(chat.state.conversationList()).toEqual([]);
    const threadId = chat.state.screen?.kind === "thread" ? chat.state.screen.threadId : "";
    chat.send(threadId, "first");
    await eventually(() =>
      expect(chat.state.conversationList()).toMatchObject([{ threadId, number: 1, canFinish: true }]),
    );
  });

  test("a returning one gets the list and opens any of them", async () => {
    const fake = multiple();
    fake.answer("a", "thread-1");
    fake.answer("b", "thread-2");
    const { chat } = await open(fake);
    expect(chat.state.screen).toEqual({ kind: "list" });
    expect(chat.state.conversationList().map(({ lastText }) => lastText)).toEqual(["b", "a"]);
    chat.openThread("thread-1");
    await eventually(() => expect(texts(chat, "thread-1")).toEqual(["a"]));
    expect(texts(chat, "thread-2")).toEqual([]);
  });

  test("a finished one leaves the list, wherever it was finished", async () => {
    const fake = multiple();
    for (const thread of ["thread-1", "thread-2", "thread-3"]) fake.answer("x", thread);
    const { chat } = await open(fake);
    const threads = () =>
      chat.state
        .conversationList()
        .map(({ threadId }) => threadId)
        .sort();
    expect(await chat.finish("thread-1")).toBe(true);
    expect(threads()).toEqual(["thread-2", "thread-3"]);
    fake.finished.add("thread-2");
    fake.announce({ threadId: "thread-2", open: false });
    await eventually(() => expect(threads()).toEqual(["thread-3"]));
    expect(chat.state.finished.get("thread-2")?.number).toBe(2);
    // Finished while there was no connection: nothing announces it.
    fake.finished.add("thread-3");
    fake.endStreams();
    await eventually(() => expect(threads()).toEqual([]));
  });
});
