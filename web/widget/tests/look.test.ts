import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { toSettings } from "../src/app/model";
import { ProfileStorage } from "../src/app/profile";
import { GreetingView } from "../src/app/view/greeting";
import { paint, textOn } from "../src/app/view/look";
import { VisitorChatSettingsSchema } from "../src/gen/beseda/onlinechat/v1/visitor_service_pb";
import { MemoryStorage } from "./memory_storage";

const settings = (fields: object) => toSettings(create(VisitorChatSettingsSchema, fields));

test("a picture becomes an address the page's policy allows", () => {
  const png = new Uint8Array([137, 80, 78, 71]);
  expect(settings({ avatar: png }).avatar).toBe(`data:image/png;base64,${btoa("\x89PNG")}`);
  expect(settings({}).avatar).toBe("");
  expect(settings({ avatar: new TextEncoder().encode("<svg>") }).avatar).toBe("");
});

test("text stays readable on any colour", () => {
  expect(textOn("#3450c8")).toBe("#ffffff");
  expect(textOn("#ffe600")).toBe("#1b1f30");
  expect(textOn("red; background: url(x)")).toBe("");
});

test("the usual colour comes back when the company takes its own away", () => {
  const page = document.createElement("div");
  paint(page, "#ffe600");
  expect(page.style.getPropertyValue("--header")).toBe("#ffe600");
  expect(page.style.getPropertyValue("--on-accent")).toBe("#1b1f30");
  paint(page, "");
  expect(page.getAttribute("style") ?? "").not.toContain("--header");
});

test("the bot's words are text under its name, and go when it is off (ONL-27)", () => {
  const view = new GreetingView("Write to us", "Company");
  view.render(settings({ title: "Shop", greeting: { name: "", text: "<b>Hi</b> https://example.org/" } }));
  expect(view.element.querySelector("b")).toBeNull();
  expect(view.element.querySelector(".text")?.textContent).toContain("<b>Hi</b>");
  expect(view.element.querySelector(".author")?.textContent).toBe("Shop");
  view.render(settings({ title: "Shop" }));
  expect(view.element.textContent).toBe("Write to us");
});

test("what an earlier version kept of a visit is still understood", () => {
  const storage = new MemoryStorage();
  storage.set(
    "beseda:och_1:profile",
    JSON.stringify({ visitorId: "vis_1", settings: { title: "Shop", isMultiple: false, maxTextLength: 10 } }),
  );
  const profile = new ProfileStorage(storage, "och_1").read();
  expect(profile?.settings).toEqual({ ...settings({ title: "Shop" }), maxTextLength: 10 });
});
