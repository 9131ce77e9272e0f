import { describe, expect, test, vi } from "vitest";
import { TEXTS } from "../src/app/i18n/texts";
import { Times } from "../src/app/i18n/times";
import { Composer } from "../src/app/view/composer";
import { setChildren } from "../src/app/view/dom";
import { type MessageState, MessageView, type ShownMessage } from "../src/app/view/message";

const texts = TEXTS.en;

function shown(text: string, state: MessageState = "sent"): ShownMessage {
  return { key: "k", isMine: true, authorName: "You", text, time: new Date(0), state, refusal: "Not sent." };
}

describe("a message", () => {
  const actions = { retry: vi.fn(), discard: vi.fn() };
  const view = (message: ShownMessage) => {
    const made = new MessageView(message, texts, new Times("en", texts), actions);
    made.update(message, true);
    return made;
  };

  test("shows markup as the text that it is", () => {
    const { element } = view(shown('<img src=x onerror="alert(1)"><b>bold</b>'));
    expect(element.querySelector("img, b")).toBeNull();
    expect(element.querySelector(".text")?.textContent).toContain("<img src=x");
  });

  test("opens addresses apart from the chat", () => {
    const link = view(shown("see https://example.org/")).element.querySelector("a");
    expect(link?.getAttribute("rel")).toContain("noopener");
    expect(link?.target).toBe("_blank");
  });

  test("offers to repeat or delete it while it is refused, and no longer after", () => {
    const message = view(shown("hi", "refused"));
    message.element.querySelector<HTMLButtonElement>("[data-act=retry]")?.click();
    expect(actions.retry).toHaveBeenCalledWith("k");
    message.update(shown("hi", "sent"), true);
    expect(message.element.querySelectorAll("[data-act]")).toHaveLength(0);
    expect(message.element.dataset.state).toBe("sent");
  });
});

describe("the place to write", () => {
  function composer(limit = 10) {
    const send = vi.fn();
    const made = new Composer(texts, new Map(), "", send);
    made.setLimit(limit);
    document.body.replaceChildren(made.element);
    const input = made.element.querySelector("textarea") as HTMLTextAreaElement;
    const type = (text: string, key: KeyboardEventInit = { key: "Enter" }) => {
      input.value = text;
      input.dispatchEvent(new Event("input"));
      input.dispatchEvent(new KeyboardEvent("keydown", { ...key, cancelable: true }));
    };
    return { send, type, input, counter: () => made.element.querySelector(".counter")?.textContent };
  }

  test("sends by Enter and is empty then", () => {
    const { send, type, input } = composer();
    type("  hello ");
    expect(send).toHaveBeenCalledWith("hello");
    expect(input.value).toBe("");
  });

  test.each([
    ["Shift+Enter", { key: "Enter", shiftKey: true }],
    ["Enter of an input method", { key: "Enter", isComposing: true }],
  ])("does not send by %s", (_, key) => {
    const { send, type } = composer();
    type("hello", key);
    expect(send).not.toHaveBeenCalled();
  });

  test.each(["", "  \n ", "12345678901"])("does not send %j", (text) => {
    const { send, type } = composer();
    type(text);
    expect(send).not.toHaveBeenCalled();
  });

  test("counts what is left and what is too much", () => {
    const { type, counter } = composer(10);
    type("123456789", { key: "a" });
    expect(counter()).toBe("1 character left");
    type("😀".repeat(12), { key: "a" });
    expect(counter()).toBe("2 characters too many: shorten the message");
  });

  test("keeps a draft of each conversation", () => {
    const drafts = new Map<string, string>();
    const first = new Composer(texts, drafts, "a", () => undefined);
    const input = first.element.querySelector("textarea") as HTMLTextAreaElement;
    input.value = "half a thought";
    input.dispatchEvent(new Event("input"));
    const again = new Composer(texts, drafts, "a", () => undefined);
    expect(again.element.querySelector("textarea")?.value).toBe("half a thought");
  });
});

test("children that stay are not touched", () => {
  const parent = document.createElement("div");
  const [a, b, c] = ["a", "b", "c"].map((name) => document.createElement(name)) as unknown as [
    Node,
    Node,
    Node,
  ];
  setChildren(parent, [a, c]);
  const insert = vi.spyOn(parent, "insertBefore");
  setChildren(parent, [a, b, c]);
  expect(insert.mock.calls).toEqual([[b, c]]);
  setChildren(parent, [c]);
  expect([...parent.childNodes]).toEqual([c]);
});
