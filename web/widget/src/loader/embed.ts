// Puts the chat of one script element on its page.

import { pickLocale } from "../shared/locale";
import type { Page } from "../shared/protocol";
import { ChatFrame } from "./frame";
import { Launcher } from "./launcher";
import { TokenStorage } from "./storage";
import { LOADER_TEXTS } from "./texts";

const CHAT_ID = /^och_[0-9a-z]{26}$/;

/** The ids of the chats that are on the page; shared by all copies of the loader. */
const PLACED = Symbol.for("beseda.chats");

type PlacedChats = { [PLACED]?: Set<string> };

/** Reads the script's attributes and adds the button, once for each chat however often the script is loaded. */
export function embed(script: HTMLScriptElement): void {
  const chatId = script.dataset.chat ?? "";
  if (!CHAT_ID.test(chatId)) {
    console.error(
      `Beseda: the script's data-chat "${chatId}" is no key of an online chat; copy the embed code again.`,
    );
    return;
  }
  const shared = window as PlacedChats;
  shared[PLACED] ??= new Set();
  const placed = shared[PLACED];
  if (placed.has(chatId)) return;
  placed.add(chatId);
  if (document.body) place(script, chatId);
  else document.addEventListener("DOMContentLoaded", () => place(script, chatId));
}

function place(script: HTMLScriptElement, chatId: string): void {
  const { locale: wanted, name = "", visitorToken } = script.dataset;
  const locale = pickLocale([wanted, document.documentElement.lang, ...navigator.languages]);
  const texts = LOADER_TEXTS[locale];
  const tokens = new TokenStorage(chatId, visitorToken);
  const launcher = new Launcher(
    texts,
    (self) =>
      new ChatFrame({
        origin: new URL(script.src).origin,
        chatId,
        locale,
        title: texts.title,
        tokens,
        page: () => describePage(name),
        onReady: () => self.frameReady(),
        onTrouble: () => self.frameTrouble(),
        onUnread: (count) => self.setUnread(count),
        onClose: () => self.close(),
      }),
  );
  // The page has a button of its own for the chat: ours would be a second one.
  const own = document.getElementById(script.dataset.button ?? "");
  if (own) launcher.giveWay(own);
  // Someone who was here before may have answers waiting; a new visitor costs the page nothing more.
  if (tokens.read()) whenIdle(() => launcher.prepare());
}

function describePage(visitorName: string): Page {
  return {
    url: location.href,
    title: document.title,
    referrer: document.referrer,
    language: navigator.language,
    visitorName,
  };
}

function whenIdle(task: () => void): void {
  // Safari has no requestIdleCallback.
  if (typeof requestIdleCallback === "function") requestIdleCallback(task, { timeout: 3_000 });
  else setTimeout(task, 1_000);
}
