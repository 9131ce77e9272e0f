import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { embed } from "../src/loader/embed";
import { envelope, type ToLoader } from "../src/shared/protocol";

const ORIGIN = "https://chat.example";
let chats = 0;
/** A chat of its own for each test: the loader remembers which ones are on the page. */
const newChatId = () => `och_${String(chats++).padStart(26, "0")}`;

function script(chatId: string, attributes: Record<string, string> = {}): HTMLScriptElement {
  const element = document.createElement("script");
  element.setAttribute("src", `${ORIGIN}/widget/loader.js`);
  Object.assign(element.dataset, { chat: chatId, locale: "en", ...attributes });
  return element;
}

const root = () => document.body.lastElementChild?.shadowRoot as ShadowRoot;
const button = () => root().querySelector(".launcher") as HTMLButtonElement;
const panel = () => root().querySelector(".panel") as HTMLElement;
const frame = () => panel().querySelector<HTMLIFrameElement>("[title]");

/** The window of the chat, played by the test. */
function replaceWindow(iframe: HTMLIFrameElement) {
  const posted = vi.fn();
  const chatWindow = { postMessage: posted } as unknown as Window;
  Object.defineProperty(iframe, "contentWindow", { value: chatWindow, configurable: true });
  const say = (message: ToLoader, origin = ORIGIN, source: Window = chatWindow) =>
    window.dispatchEvent(new MessageEvent("message", { data: envelope(message), origin, source }));
  return { posted, say };
}

function opened(attributes: Record<string, string> = {}) {
  embed(script(newChatId(), attributes));
  button().click();
  return replaceWindow(frame() as HTMLIFrameElement);
}

beforeEach(() => {
  document.body.replaceChildren();
  localStorage.clear();
  // A stand-in for the iframe: no page is to be loaded into it, the address alone matters.
  const create = document.createElement.bind(document);
  vi.spyOn(document, "createElement").mockImplementation((tag: string) =>
    create(tag === "iframe" ? "div" : tag),
  );
});

afterEach(() => vi.useRealTimers());

describe("a page with a button of its own for the chat (ONL-25)", () => {
  test("opens the chat by it, and ours stays away until it is needed", () => {
    const own = document.createElement("button");
    own.id = "chat";
    document.body.append(own);
    embed(script(newChatId(), { button: "chat" }));
    expect(button().hidden).toBe(true);
    own.click();
    expect(panel().hidden).toBe(false);
    expect(button().hidden).toBe(false);
    button().click();
    expect(button().hidden).toBe(true);
  });
});

describe("a client whom the site's backend names", () => {
  test("is presented by the given token, which the browser never keeps (A-26)", () => {
    const { posted, say } = opened({ visitorToken: "vit_1" });
    say({ type: "visit", ask: 1, keep: null });
    expect(posted).toHaveBeenLastCalledWith(expect.objectContaining({ resumeToken: "vit_1" }), ORIGIN);
    say({ type: "visit", ask: 2, keep: "vit_1" });
    expect(localStorage).toHaveLength(0);
  });

  test("is not mixed up with whoever used this browser before", () => {
    const chatId = newChatId();
    localStorage.setItem(`beseda:${chatId}:resume`, "vrt_before");
    embed(script(chatId, { visitorToken: "vit_1" }));
    button().click();
    const { posted, say } = replaceWindow(frame() as HTMLIFrameElement);
    say({ type: "visit", ask: 1, keep: "vit_1" });
    expect(posted).toHaveBeenLastCalledWith(expect.objectContaining({ resumeToken: "vit_1" }), ORIGIN);
    expect(localStorage.getItem(`beseda:${chatId}:resume`)).toBe("vrt_before");
  });
});

describe("the button", () => {
  test("is there once, however often the script is loaded", () => {
    const chatId = newChatId();
    embed(script(chatId));
    embed(script(chatId));
    expect(document.body.children).toHaveLength(1);
  });

  test("loads nothing until it is used", () => {
    embed(script(newChatId()));
    expect(frame()).toBeNull();
    expect(button().getAttribute("aria-expanded")).toBe("false");
    expect(button().getAttribute("aria-label")).toBe("Open chat");
  });

  test("opens the chat of the script's own origin and closes it again", () => {
    opened();
    expect(frame()?.src).toMatch(`${ORIGIN}/chat/och_`);
    expect(frame()?.title).toBe("Online chat");
    expect(panel().hidden).toBe(false);
    expect(button().getAttribute("aria-expanded")).toBe("true");
    button().click();
    expect(panel().hidden).toBe(true);
    expect(button().getAttribute("aria-label")).toBe("Open chat");
  });

  test("closes by Escape and gives the focus back", () => {
    opened();
    panel().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(panel().hidden).toBe(true);
    expect(root().activeElement).toBe(button());
  });

  test("is not made for a key that is none", () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => undefined);
    embed(script("__ONLINE_CHAT_ID__"));
    expect(document.body.children).toHaveLength(0);
    expect(complaint).toHaveBeenCalledOnce();
  });

  test("shows what is unread while the chat is closed", () => {
    const { say } = opened();
    say({ type: "unread", count: 120 });
    const badge = root().querySelector(".badge") as HTMLElement;
    expect(badge.hidden).toBe(true);
    say({ type: "close" });
    expect([badge.hidden, badge.textContent]).toEqual([false, "99+"]);
    expect(button().getAttribute("aria-label")).toBe("Open chat, unread messages: 120");
  });
});

describe("the visitor's token", () => {
  test("stays in the storage of the page and goes to the window's origin alone", () => {
    const { posted, say } = opened({ name: "Ana" });
    say({ type: "visit", ask: 7, keep: "vrt_secret" });
    expect(Object.values({ ...localStorage })).toEqual(["vrt_secret"]);
    const [message, target] = posted.mock.lastCall ?? [];
    expect(message).toMatchObject({
      type: "visit",
      ask: 7,
      resumeToken: "vrt_secret",
      page: { visitorName: "Ana" },
    });
    expect(target).toBe(ORIGIN);
  });

  test("is not given to another origin or another frame", () => {
    const { posted, say } = opened();
    say({ type: "visit", ask: 1, keep: null }, "https://evil.example");
    say({ type: "visit", ask: 1, keep: "vrt_forged" }, ORIGIN, window);
    expect(posted).not.toHaveBeenCalled();
    expect(localStorage).toHaveLength(0);
  });

  test("lives in memory where storage is blocked", () => {
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new DOMException("blocked", "SecurityError");
    });
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("blocked", "SecurityError");
    });
    const { posted, say } = opened();
    say({ type: "visit", ask: 1, keep: "vrt_x" });
    expect(posted.mock.lastCall?.[0]).toMatchObject({ resumeToken: "vrt_x" });
  });

  test("of an earlier visit loads the window when the page has time", () => {
    vi.useFakeTimers();
    const chatId = newChatId();
    localStorage.setItem(`beseda:${chatId}:resume`, "vrt_x");
    embed(script(chatId));
    expect(frame()).toBeNull();
    vi.advanceTimersByTime(3_000);
    expect(frame()).not.toBeNull();
    expect(panel().hidden).toBe(true);
  });
});

describe("the window", () => {
  test("is greeted at its origin whenever it has loaded", () => {
    const { posted } = opened();
    frame()?.dispatchEvent(new Event("load"));
    expect(posted).toHaveBeenCalledWith(envelope({ type: "hello", locale: "en", isOpen: true }), ORIGIN);
  });

  test("is shown in place of the notice once it works", () => {
    const { say } = opened();
    expect(frame()?.hidden).toBe(true);
    say({ type: "ready" });
    expect(frame()?.hidden).toBe(false);
  });

  test("is loaded again when it does not come", () => {
    vi.useFakeTimers();
    embed(script(newChatId()));
    button().click();
    const loaded = vi.fn();
    Object.defineProperty(frame(), "src", { set: loaded });
    vi.advanceTimersByTime(15_000);
    expect(root().querySelector("[role=status]")?.textContent).toContain("Trying again");
    vi.advanceTimersByTime(1_000);
    expect(loaded).toHaveBeenCalledOnce();
    // A page came, but it is not the chat.
    frame()?.dispatchEvent(new Event("load"));
    vi.advanceTimersByTime(4_000 + 2_000);
    expect(loaded).toHaveBeenCalledTimes(2);
  });
});
