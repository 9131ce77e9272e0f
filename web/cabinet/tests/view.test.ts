import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sizeText } from "../../widget/src/app/i18n/sizes";
import { TEXTS as CHAT_TEXTS } from "../../widget/src/app/i18n/texts";
import { Times } from "../../widget/src/app/i18n/times";
import { MemoryStorage } from "../../widget/tests/memory_storage";
import { Cabinet } from "../src/cabinet";
import { shapeOf } from "../src/files";
import { CabinetFieldSchema } from "../src/gen/beseda/cabinet/v1/cabinet_service_pb";
import { CabinetEventKind } from "../src/gen/beseda/cabinet/v1/cabinet_settings_service_pb";
import {
  AttachmentKind,
  AttachmentSchema,
  AttachmentState,
} from "../src/gen/beseda/conversations/v1/attachment_pb";
import { TEXTS } from "../src/i18n/texts";
import { PageView } from "../src/view/page";
import { fieldName, Values } from "../src/view/values";
import { CODE, FakeServer, refusal } from "./fake_server";

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });
const find = <T extends Element = HTMLElement>(selector: string) => document.querySelector<T>(selector);
const words = (selector: string) => find(selector)?.textContent;

async function open(fake: FakeServer): Promise<void> {
  document.body.replaceChildren();
  const cabinet = new Cabinet(fake.api, new MemoryStorage(), "cab_1");
  const [texts, chatTexts] = [TEXTS.en, CHAT_TEXTS.en];
  const times = new Times("en", chatTexts);
  const page = new PageView(cabinet, {
    locale: "en",
    texts,
    chatTexts,
    times,
    values: new Values("en", texts),
  });
  await cabinet.start(
    () => page.render(),
    () => undefined,
  );
  await eventually(() => expect(find("#phone")).not.toBeNull());
}

function fill(selector: string, value: string): void {
  const input = find<HTMLInputElement>(selector);
  if (!input) throw new Error(selector);
  input.value = value;
  input.dispatchEvent(new Event("input"));
  input.form?.requestSubmit();
}

async function enter(fake: FakeServer): Promise<void> {
  await open(fake);
  fill("#phone", "+7 999 000-00-01");
  await eventually(() => expect(find("#code")).not.toBeNull());
  fill("#code", CODE);
  await eventually(() => expect(find(".overview")).not.toBeNull());
}

beforeEach(() => {
  location.hash = "";
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
});

describe("log-in", () => {
  test("says what is wrong with a number before it is sent, and where", async () => {
    const fake = new FakeServer();
    await open(fake);
    fill("#phone", "12");
    expect(words("#phone-alert")).toBe("Enter a valid phone number.");
    expect(find("#phone")?.getAttribute("aria-invalid")).toBe("true");
    expect(fake.codes).toBe(0);
  });

  test("shows the server's own words", async () => {
    const fake = new FakeServer();
    await open(fake);
    fake.beforeCode = () => {
      throw refusal(Code.ResourceExhausted, "RATE_LIMITED", "Too many attempts.");
    };
    fill("#phone", "+79990000001");
    await eventually(() => expect(words("#phone-alert")).toBe("Too many attempts."));
  });

  test("every field has a label, and another code can be asked for after the countdown only", async () => {
    const fake = new FakeServer();
    fake.retryAfter = 30_000;
    await open(fake);
    expect(find("label[for=phone]")).not.toBeNull();
    fill("#phone", "+79990000001");
    await eventually(() => expect(words("label[for=code]")).toBe("Code from the SMS, 6 digits"));
    expect(words("form .hint:not([role])")).toMatch(/in (29|30) s$/);
    expect(find<HTMLButtonElement>("form .link")?.hidden).toBe(true);
    expect(find<HTMLInputElement>("#code")?.autocomplete).toBe("one-time-code");
  });
});

describe("deals", () => {
  const status = { name: "In work", color: "#1565c0" };
  const home = {
    title: "Windows",
    statuses: [status, { name: "Done", color: "#2e7d32" }],
    deals: [
      {
        id: "deal_1",
        name: "<b>Window</b>",
        status,
        fields: [{ standard: "price", amountMinor: 12_000_050n, currency: "RUB" }],
        updateTime: timestampFromMs(0),
      },
    ],
  };

  test("show the status and its colour beside the name, and all colours below", async () => {
    const fake = new FakeServer();
    fake.home = home;
    await enter(fake);
    await eventually(() => expect(words(".deal h3")).toBe("<b>Window</b>"));
    expect(words(".deal .deal-head .status")).toBe("In work");
    expect(find(".deal .dot")?.style.getPropertyValue("--status")).toBe("#1565c0");
    const legend = [...document.querySelectorAll(".legend .status")].map((it) => it.textContent);
    expect(legend).toEqual(["In work", "Done"]);
    expect(words(".deal dd")).toContain("120,000.5");
    expect(find("nav")?.hidden).toBe(true);
    expect(find(".erase")?.hidden).toBe(true);
  });

  test("a colour that is none becomes no style", async () => {
    const fake = new FakeServer();
    fake.home = { ...home, statuses: [{ name: "X", color: "red; background: url(//x)" }] };
    await enter(fake);
    await eventually(() => expect(find(".legend .dot")).not.toBeNull());
    expect(find(".legend .dot")?.style.getPropertyValue("--status")).toBe("");
  });
});

describe("history", () => {
  test("tells of a call, and plays its recording when somebody wants to hear it", async () => {
    const fake = new FakeServer();
    fake.home = { deals: [{ id: "deal_1", name: "Window" }], eventsShown: true };
    const call = { incoming: true, durationSeconds: 63, recorded: true, startTime: timestampFromMs(0) };
    const kind = CabinetEventKind.CALL;
    fake.events = [
      { id: "tle_1", kind, authorName: "Anna", call },
      { id: "tle_2", kind, call: { incoming: false, durationSeconds: 0 } },
    ];
    await enter(fake);
    await eventually(() => expect(find("details")).not.toBeNull());
    const history = find<HTMLDetailsElement>("details");
    if (history) history.open = true;
    history?.dispatchEvent(new Event("toggle"));
    await eventually(() => expect(document.querySelectorAll(".events li").length).toBe(2));
    const told = [...document.querySelectorAll(".events .what")].map((it) => it.textContent);
    expect(told).toEqual(["Incoming call, 1:03", "Outgoing call, no answer"]);
    expect(document.querySelectorAll(".events .open").length).toBe(1);
    find<HTMLButtonElement>(".events .open")?.click();
    await eventually(() => expect(find(".events audio")?.getAttribute("src")).toMatch(/^blob:/));
  });
});

describe("files of messages", () => {
  const file = (id: string, state: AttachmentState, hasPreview = false) =>
    create(AttachmentSchema, { id, fileName: `${id}.png`, mediaType: "image/png", state, hasPreview });

  test("a picture is seen small at once, and a file on its way comes by itself", async () => {
    const fake = new FakeServer();
    await enter(fake);
    location.hash = "#messages";
    fake.answer("look", [file("att_1", AttachmentState.READY, true)]);
    await eventually(() => expect(find(".file.picture img")?.getAttribute("src")).toMatch(/^blob:/));
    expect(fake.previews).toBe(1);
    fake.answer("and this", [file("att_2", AttachmentState.PENDING)]);
    await eventually(() => expect(words(".file.absent")).toContain("still being loaded"));
    const sent = fake.messages.at(-1);
    if (sent) sent.attachments = [file("att_2", AttachmentState.READY)];
    await eventually(() => expect(find(".file.absent")).toBeNull());
    expect(document.querySelectorAll(".file.picture").length).toBe(2);
  });
});

describe("erasure", () => {
  test("asks, warns, takes the code, and ends in the log-in", async () => {
    const fake = new FakeServer();
    await enter(fake);
    await eventually(() => expect(find(".erase")?.hidden).toBe(false));
    find<HTMLButtonElement>(".erase button")?.click();
    await eventually(() => expect(words("dialog .warning")).toBe("This cannot be undone."));
    expect(fake.codes).toBe(1);
    find<HTMLButtonElement>("dialog .danger")?.click();
    await eventually(() => expect(find("dialog #code")).not.toBeNull());
    fill("dialog #code", CODE);
    await eventually(() => expect(words(".entry .notice")).toBe(TEXTS.en.erased));
    expect(find("dialog")).toBeNull();
    expect(fake.erasures).toBe(1);
  });
});

describe("values", () => {
  const field = (init: MessageInitShape<typeof CabinetFieldSchema>) => create(CabinetFieldSchema, init);

  test("are written as the language does", () => {
    const values = new Values("en", TEXTS.en);
    expect(values.text(field({ value: "2026-11-22", date: true }))).toBe("November 22, 2026");
    expect(values.text(field({ checkbox: 2 }))).toBe("Yes");
    expect(values.text(field({ checkbox: 1 }))).toBe("No");
    expect(values.text(field({ amountMinor: 500n, currency: "JPY" }))).toBe("¥500");
    expect(values.text(field({ amountMinor: 500n, currency: "?" }))).toBe("5 ?");
    expect(values.text(field({ value: "as it is" }))).toBe("as it is");
    expect(sizeText(1_500_000, "en")).toBe("1.4 MB");
  });

  test("have the company's names, or the usual ones", () => {
    expect(fieldName("Budget", "price", false, TEXTS.en)).toBe("Budget");
    expect(fieldName("", "price", false, TEXTS.ru)).toBe("Бюджет");
    expect(fieldName("", "name", true, TEXTS.ru)).toBe("Имя");
    expect(fieldName("", "name", false, TEXTS.ru)).toBe("Название");
  });
});

describe("files", () => {
  const shape = (mediaType: string, kind = AttachmentKind.UNSPECIFIED) =>
    shapeOf(create(AttachmentSchema, { mediaType, kind }));

  test("only what browsers show without running anything is shown", () => {
    expect(shape("image/png")).toBe("picture");
    expect(shape("image/svg+xml")).toBe("document");
    expect(shape("text/html")).toBe("document");
    expect(shape("application/pdf")).toBe("document");
  });

  test("recordings are played", () => {
    expect(shape("audio/mpeg")).toBe("sound");
    expect(shape("video/mp4")).toBe("film");
    expect(shape("video/webm", AttachmentKind.VOICE)).toBe("sound");
  });
});
