// A visitor in a real browser. See serve.mjs for how it is told what to do; CHAT_PATH is the page with the button (/demo).
//
// Commands wait for their condition and give up after "timeout" milliseconds (10,000):
//   {"cmd":"open"}                     opens the chat by the button and waits until it can be written in
//   {"cmd":"close"}                    closes it by Escape
//   {"cmd":"send","text":"…"}          types a message and sends it by Enter
//   {"cmd":"waitText","text":"…"}      waits for a message with this text; "author" (visitor, company), "state" (sent,
//                                      pending, refused) and "count" narrow it
//   {"cmd":"attach","files":[…]}       chooses files to send: [{"name","type","base64"}]
//   {"cmd":"press","name":"…"}         presses the button of this name
//   {"cmd":"see","text":"…"}           waits until a text is to be seen in the window
//   {"cmd":"record","seconds":1}       records a voice message of so many seconds and sends it
//   {"cmd":"waitFile","kind":"…"}      waits for the "count"th file of a kind (picture, sound, film, document); "author", "state"
//   {"cmd":"seePicture"}               waits until the newest small picture is there: {"width","height"} of its pixels
//   {"cmd":"play"}                     plays the newest sound to its first moment: {"seconds"} it has played
//   {"cmd":"save","name":"…"}          presses what saves a file: {"file","base64"}
//   {"cmd":"texts"}                    the messages on the screen: [{"author","state","text"}]
//   {"cmd":"waitUnread","count":2}     waits for the number on the button
//   {"cmd":"unread"}                   the number on the button, 0 when there is none
//   {"cmd":"offline","on":true}        cuts the browser's network, or joins it again
//   {"cmd":"waitNotice","on":true}     waits until the window says that there is no connection, or no longer does
//   {"cmd":"reload"}                   loads the page anew; the chat is closed then
//   {"cmd":"newConversation"}          begins another conversation, from the list or after a finished one
//   {"cmd":"conversations"}            the rows of the list: [{"name","text"}]; goes back to the list first
//   {"cmd":"openConversation","index"} opens a row of the list
//   {"cmd":"finish"}                   finishes the conversation on the screen and confirms it
//   {"cmd":"screenshot","path":"…"}    a picture of the page
//   {"cmd":"tab","index":1}            from now on commands are for this tab, opened when there is none of that number yet
//   {"cmd":"problems"}                 errors of the page and of its console since the last time

import { readFile } from "node:fs/promises";
import { DEFAULT_TIMEOUT, serve, watchProblems } from "./serve.mjs";

const { BASE_URL, CHAT_PATH = "/demo" } = process.env;

/** The page with the button and the chat window in it. */
class Visitor {
  constructor(page) {
    this.page = page;
    this.launcher = page.locator(".launcher");
    this.chat = page.frameLocator("iframe");
    this.input = this.chat.locator("textarea");
    this.problems = watchProblems(page);
  }

  async open({ timeout }) {
    if ((await this.launcher.getAttribute("aria-expanded", { timeout })) !== "true") await this.launcher.click({ timeout });
    // Several conversations begin with their list, everything else with the place to write.
    await this.chat.locator("textarea:visible, .list").first().waitFor({ timeout });
  }

  async close({ timeout }) {
    await this.chat.locator("h1").press("Escape", { timeout });
    await this.page.locator(".launcher[aria-expanded=false]").waitFor({ timeout });
  }

  async send({ text, timeout }) {
    await this.input.fill(text, { timeout });
    await this.input.press("Enter", { timeout });
  }

  async waitText({ text, author, state, count = 1, timeout }) {
    const kind = `.message${author ? `[data-author=${author}]` : ""}${state ? `[data-state=${state}]` : ""} .text`;
    const messages = this.chat.locator(kind, { hasText: text });
    await messages.nth(count - 1).waitFor({ timeout });
    const found = await messages.count();
    if (found !== count) throw new Error(`wanted ${count} × ${JSON.stringify(text)}, found ${found}`);
  }

  async attach({ files, timeout }) {
    const chosen = files.map(({ name, type, base64 }) => ({
      name,
      mimeType: type,
      buffer: Buffer.from(base64, "base64"),
    }));
    await this.chat.locator("input[type=file]").setInputFiles(chosen, { timeout });
  }

  #named(name) {
    const [button, link] = ["button", "link"].map((role) => this.chat.getByRole(role, { name, exact: true }));
    return button.or(link).last();
  }

  async press({ name, timeout }) {
    await this.#named(name).click({ timeout });
  }

  async see({ text, timeout }) {
    await this.chat.getByText(text).filter({ visible: true }).first().waitFor({ timeout });
  }

  async record({ seconds, timeout }) {
    await this.chat.locator(".microphone").click({ timeout });
    await this.chat.locator(".recording .time", { hasText: `0:0${seconds}` }).waitFor({ timeout });
    await this.chat.locator(".recording .send").click({ timeout });
  }

  async waitFile({ kind, author, state, count = 1, timeout }) {
    const message = `.message${author ? `[data-author=${author}]` : ""}${state ? `[data-state=${state}]` : ""}`;
    await this.chat.locator(`${message} .file.${kind}`).nth(count - 1).waitFor({ timeout });
  }

  async seePicture({ timeout }) {
    const picture = this.chat.locator(".message .file.picture img").last();
    await picture.waitFor({ timeout });
    return picture.evaluate(async (image) => {
      await image.decode();
      return { width: image.naturalWidth, height: image.naturalHeight };
    });
  }

  async play({ timeout }) {
    const sound = this.chat.locator(".message audio").last();
    await sound.waitFor({ timeout });
    const heard = (element) =>
      new Promise((resolve, reject) => {
        element.ontimeupdate = () => element.currentTime > 0 && resolve(element.currentTime);
        element.onerror = () => reject(new Error(element.error.message));
        element.muted = true;
        element.play().catch(reject);
      });
    return { seconds: await sound.evaluate(heard) };
  }

  async save({ name, timeout }) {
    const saving = this.page.waitForEvent("download", { timeout });
    await this.press({ name, timeout });
    const download = await saving;
    return { file: download.suggestedFilename(), base64: (await readFile(await download.path())).toString("base64") };
  }

  async texts() {
    const texts = await this.chat.locator(".message").evaluateAll((messages) =>
      messages.map((message) => ({
        author: message.dataset.author,
        state: message.dataset.state,
        text: message.querySelector(".text").textContent,
      })),
    );
    return { texts };
  }

  async waitUnread({ count, timeout }) {
    if (count === 0) await this.page.locator(".badge").waitFor({ state: "hidden", timeout });
    else await this.page.locator(".badge:visible", { hasText: new RegExp(`^${count}$`) }).waitFor({ timeout });
  }

  async unread() {
    const badge = this.page.locator(".badge");
    return { count: (await badge.isVisible()) ? Number(await badge.textContent()) : 0 };
  }

  async offline({ on }) {
    await this.page.context().setOffline(on);
  }

  async waitNotice({ on, timeout }) {
    await this.chat.locator(".notice:not(.quiet)").waitFor({ state: on ? "visible" : "hidden", timeout });
  }

  async reload({ timeout }) {
    await this.page.reload({ timeout });
    await this.launcher.waitFor({ timeout });
  }

  async newConversation({ timeout }) {
    await this.#toList(timeout);
    await this.chat.locator(".list > .primary").click({ timeout });
    await this.input.waitFor({ timeout });
  }

  async conversations({ timeout }) {
    await this.#toList(timeout);
    const rows = await this.chat.locator(".row").evaluateAll((elements) =>
      elements.map((row) => ({
        name: row.querySelector("strong").textContent,
        text: row.querySelector(".excerpt").textContent,
      })),
    );
    return { conversations: rows };
  }

  async openConversation({ index = 0, timeout }) {
    await this.#toList(timeout);
    await this.chat.locator(".row").nth(index).click({ timeout });
    await this.input.waitFor({ timeout });
  }

  async finish({ timeout }) {
    await this.chat.locator(".finish").click({ timeout });
    await this.chat.locator("dialog .primary").click({ timeout });
    await this.chat.locator(".list").waitFor({ timeout });
  }

  async screenshot({ path }) {
    await this.page.screenshot({ path, animations: "disabled" });
  }

  async takeProblems() {
    return { problems: this.problems.splice(0) };
  }

  async #toList(timeout) {
    const back = this.chat.locator(".back");
    if (await back.isVisible()) await back.click({ timeout });
    await this.chat.locator(".list").waitFor({ timeout });
  }
}

/** One browser, whose tabs are all of one visitor. */
class Tabs {
  tabs = [];

  constructor(context) {
    this.context = context;
  }

  async use({ index = 0 }) {
    for (let number = this.tabs.length; number <= index; number++) {
      const page = await this.context.newPage();
      const visitor = new Visitor(page);
      await page.goto(new URL(CHAT_PATH, BASE_URL).href, { timeout: DEFAULT_TIMEOUT });
      await visitor.launcher.waitFor({ timeout: DEFAULT_TIMEOUT });
      this.tabs.push(visitor);
    }
    this.visitor = this.tabs[index];
    await this.visitor.page.bringToFront();
  }
}

async function run(tabs, { cmd, timeout = DEFAULT_TIMEOUT, ...rest }) {
  const { visitor } = tabs;
  const commands = {
    open: () => visitor.open({ timeout }),
    close: () => visitor.close({ timeout }),
    send: () => visitor.send({ timeout, ...rest }),
    waitText: () => visitor.waitText({ timeout, ...rest }),
    attach: () => visitor.attach({ timeout, ...rest }),
    press: () => visitor.press({ timeout, ...rest }),
    see: () => visitor.see({ timeout, ...rest }),
    record: () => visitor.record({ timeout, ...rest }),
    waitFile: () => visitor.waitFile({ timeout, ...rest }),
    seePicture: () => visitor.seePicture({ timeout }),
    play: () => visitor.play({ timeout }),
    save: () => visitor.save({ timeout, ...rest }),
    texts: () => visitor.texts(),
    waitUnread: () => visitor.waitUnread({ timeout, ...rest }),
    unread: () => visitor.unread(),
    offline: () => visitor.offline(rest),
    waitNotice: () => visitor.waitNotice({ timeout, ...rest }),
    reload: () => visitor.reload({ timeout }),
    newConversation: () => visitor.newConversation({ timeout }),
    conversations: () => visitor.conversations({ timeout }),
    openConversation: () => visitor.openConversation({ timeout, ...rest }),
    finish: () => visitor.finish({ timeout }),
    screenshot: () => visitor.screenshot(rest),
    tab: () => tabs.use(rest),
    problems: () => visitor.takeProblems(),
  };
  if (!Object.hasOwn(commands, cmd)) throw new Error(`unknown command ${JSON.stringify(cmd)}`);
  return commands[cmd]();
}

await serve(async (context) => {
  const tabs = new Tabs(context);
  await tabs.use({});
  return (command) => run(tabs, command);
});
