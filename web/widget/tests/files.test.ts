import { Code } from "@connectrpc/connect";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Chat } from "../src/app/chat";
import { objectionTo, type Picked, pick, shapeOf } from "../src/app/files/file";
import { PART_SIZE } from "../src/app/files/uploader";
import type { Host, Visit } from "../src/app/host";
import { lengthText, sizeText } from "../src/app/i18n/sizes";
import { TEXTS } from "../src/app/i18n/texts";
import { toSettings } from "../src/app/model";
import { FileTools } from "../src/app/view/file_tools";
import { FilesView } from "../src/app/view/files";
import { FakeServer, refusal } from "./fake_server";
import { MemoryStorage } from "./memory_storage";

class PlainHost implements Host {
  readonly locale = "en";
  readonly origin = "https://shop.example";
  readonly hasLauncher = false;
  readonly isShown = true;

  async visit(): Promise<Visit> {
    const page = { url: "", title: "", referrer: "", language: "en", visitorName: "" };
    return { resumeToken: "", page };
  }

  ready(): void {}
  close(): void {}
  reportUnread(): void {}
  onShown(): void {}
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });
const unavailable = () => refusal(Code.Unavailable, "STORE_UNAVAILABLE");

async function open(fake: FakeServer): Promise<Chat> {
  const chat = new Chat(fake.client, new PlainHost(), new MemoryStorage(), "och_1");
  await chat.start(() => undefined);
  await eventually(() => expect(chat.state.connection).toBe("live"));
  return chat;
}

/** Bytes that differ from place to place. */
function contents(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, place) => place % 251);
}

const file = (name: string, bytes: Uint8Array<ArrayBuffer>): Picked => pick(new File([bytes], name));
const words = (fake: FakeServer) =>
  fake.messages.map(({ text, attachments }) => text || attachments[0]?.fileName);

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, wait = 0) =>
    real(task, wait > 1_000 ? wait : wait / 50)) as typeof setTimeout);
});

describe("sending files", () => {
  test("goes on where the connection broke, and brings every byte once", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    const bytes = contents(2 * PART_SIZE + 5);
    let breaks = 2;
    fake.beforePart = ({ offset }) => {
      if (Number(offset) === PART_SIZE && breaks-- > 0) throw unavailable();
    };
    const big = file("big.png", bytes);
    chat.send("", "look", [big]);
    await eventually(() => expect(fake.messages).toHaveLength(1));
    expect(fake.files.get(big.id)).toEqual(bytes);
    // Asked at first and after each break, never from the beginning again.
    const second = PART_SIZE;
    expect(fake.parts).toEqual([-1, 0, second, -1, second, -1, second, 2 * second]);
    expect(fake.messages[0]).toMatchObject({ text: "look", attachments: [{ fileName: "big.png" }] });
    await eventually(() => expect(chat.unsent("")).toEqual([]));
  });

  test("makes no second file and no second message when answers are lost", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    fake.isSilent = true;
    let lost = 2;
    const lose = () => {
      if (lost-- > 0) throw unavailable();
    };
    fake.afterPart = lose;
    chat.send("", "", [file("a.png", contents(10))]);
    await eventually(() => expect(fake.messages).toHaveLength(1));
    lost = 1;
    fake.afterPart = () => undefined;
    fake.afterStore = lose;
    chat.send("", "", [file("b.png", contents(10))]);
    await eventually(() => expect(words(fake)).toEqual(["a.png", "b.png"]));
    await eventually(() => expect(chat.unsent("")).toEqual([]));
    expect(fake.sends.length).toBeGreaterThan(2);
    expect(words(fake)).toEqual(["a.png", "b.png"]);
    expect(fake.attachments.size).toBe(2);
  });

  test("keeps the order of writing between files and words", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    chat.send("", "one");
    chat.send("", "", [file("two.png", contents(PART_SIZE + 1))]);
    chat.send("", "three");
    chat.send("", "", [file("four.png", contents(3)), file("five.png", contents(3))]);
    await eventually(() => expect(fake.messages).toHaveLength(4));
    expect(words(fake)).toEqual(["one", "two.png", "three", "four.png"]);
    expect(fake.messages[3]?.attachments.map(({ fileName }) => fileName)).toEqual(["four.png", "five.png"]);
  });

  test("what is given up on its way holds up nobody", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    fake.beforePart = ({ fileName }) => {
      if (fileName === "never.png") throw unavailable();
    };
    chat.send("", "", [file("never.png", contents(3))]);
    await eventually(() => expect(chat.unsent("")).toHaveLength(1));
    chat.send("", "after");
    chat.discard(chat.unsent("")[0]?.id ?? "");
    await eventually(() => expect(words(fake)).toEqual(["after"]));
    expect(chat.unsent("")).toEqual([]);
  });

  test("a file that the server refuses is shown with the reason, and others go on", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    fake.beforePart = ({ fileName }) => {
      if (fileName === "bad.png") throw refusal(Code.InvalidArgument, "FILE_TYPE_NOT_ALLOWED");
    };
    chat.send("", "", [file("bad.png", contents(3))]);
    chat.send("", "after");
    await eventually(() => expect(words(fake)).toEqual(["after"]));
    await eventually(() => expect(chat.unsent("")).toMatchObject([{ refusal: "FILE_TYPE_NOT_ALLOWED" }]));
  });

  test("a file that is no longer on the device is said to be gone", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    const moved = new File([contents(3)], "moved.png");
    vi.spyOn(moved, "slice").mockReturnValue({
      arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")),
    } as unknown as Blob);
    chat.send("", "", [pick(moved)]);
    await eventually(() => expect(chat.unsent("")).toMatchObject([{ refusal: "FILE_GONE" }]));
  });
});

describe("what is said before anything is sent", () => {
  const settings = { ...toSettings(undefined), maxFileSize: 10, maxFiles: 2, refusedFileEndings: ["exe"] };
  const objection = (name: string, size: number, others = 0) =>
    objectionTo(file(name, contents(size)), others, settings);

  test("names what the server would refuse", () => {
    expect(objection("a.png", 10)).toBeNull();
    expect(objection("a.png", 11)).toBe("tooLarge");
    expect(objection("a.png", 0)).toBe("empty");
    expect(objection("Setup.EXE", 1)).toBe("wrongType");
    expect(objection("exe", 1)).toBeNull();
    expect(objection("a.png", 1, 2)).toBe("tooMany");
  });

  test.each(["ru", "es", "en"] as const)("is a sentence with the file's name: %s", (locale) => {
    const texts = TEXTS[locale];
    const options = { texts, locale, picked: [], settings: () => settings, sendVoice: () => undefined };
    const tools = new FileTools(options);
    tools.update(true);
    const good = new File([contents(3)], "good.png");
    tools.tray.add([good, new File([contents(11)], "large.png"), new File(["x"], "a.exe")], settings);
    const [list, alert] = [...tools.tray.element.children];
    expect(list?.textContent).toContain("good.png");
    expect(alert?.getAttribute("role")).toBe("alert");
    for (const name of ["large.png", "a.exe"]) expect(alert?.textContent).toContain(name);
    const remove = tools.tray.element.querySelector("button");
    expect(remove?.getAttribute("aria-label")).toBe(texts.fileRemove("good.png"));
    remove?.click();
    expect(tools.tray.isEmpty).toBe(true);
  });
});

describe("files of messages", () => {
  test("are seen, played or saved by what they are, at addresses with the session's ticket", async () => {
    const fake = new FakeServer();
    const chat = await open(fake);
    const voice = { ...file("voice.webm", contents(4)), isVoice: true, durationMs: 61_000 };
    chat.send("", "", [file("point.png", contents(3)), voice]);
    await eventually(() => expect(chat.state.thread("").messages).toHaveLength(1));
    const message = chat.state.thread("").messages[0];
    const view = new FilesView(chat, "key", TEXTS.en);
    view.update({ key: "key", state: "sent", local: [], stored: message?.files ?? [] });
    const image = view.element.querySelector("img");
    expect(image?.getAttribute("src")).toMatch(/^\/visitor-files\/att_.*\?ticket=vft_1&preview=$/);
    const open_ = view.element.querySelector("button.open");
    expect(open_?.getAttribute("aria-label")).toBe("Show “point.png”");
    const sound = view.element.querySelector("audio");
    expect(sound?.getAttribute("aria-label")).toBe("Voice message");
    expect(view.element.textContent).toContain("1:01");
    expect(view.element.querySelector<HTMLElement>(".going")?.hidden).toBe(true);
  });

  test("only pictures, sounds and films are shown in place", () => {
    expect(shapeOf("image/svg+xml", false)).toBe("document");
    expect(shapeOf("text/html", false)).toBe("document");
    expect(shapeOf("image/webp", false)).toBe("picture");
    expect(shapeOf("video/mp4", true)).toBe("sound");
    expect(shapeOf("video/mp4", false)).toBe("film");
  });

  test("sizes and lengths read as people write them", () => {
    expect(sizeText(1_500_000, "en")).toBe("1.4 MB");
    expect(sizeText(10, "en")).toBe("1 kB");
    expect(lengthText(59_700)).toBe("1:00");
    expect(lengthText(7_000)).toBe("0:07");
  });
});
