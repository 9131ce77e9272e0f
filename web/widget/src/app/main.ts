// Entry of the chat window, served under /chat/{online chat id}.

import "./talk.css";
import "./style.css";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { VisitorService } from "../gen/beseda/onlinechat/v1/visitor_service_pb";
import { Chat } from "./chat";
import { connectToLoader } from "./embedded";
import type { Host } from "./host";
import { TEXTS } from "./i18n/texts";
import { Times } from "./i18n/times";
import { StandaloneHost } from "./standalone";
import { SafeStorage } from "./storage";
import { WindowView } from "./view/window";

async function main(): Promise<void> {
  const chatId = location.pathname.split("/").at(-1) ?? "";
  const storage = new SafeStorage();
  const isEmbedded = window.parent !== window;
  const host: Host = isEmbedded ? await connectToLoader() : new StandaloneHost(storage, chatId);
  const texts = TEXTS[host.locale];
  document.documentElement.lang = host.locale;
  const client = createClient(VisitorService, createGrpcWebTransport({ baseUrl: location.origin }));
  const chat = new Chat(client, host, storage, chatId);
  const view = new WindowView(chat, host, texts, new Times(host.locale, texts));
  view.render();
  host.ready();
  await chat.start(() => view.render());
}

void main();
