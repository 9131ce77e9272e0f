// A person on a page, who finds things by what they are called, as one does with a screen reader. See serve.mjs for how it is told
// what to do; BASE_URL is the page.
//
// Commands wait for their condition and give up after "timeout" milliseconds (10,000). "within" narrows them to a part of the page,
// a CSS selector.
//   {"cmd":"fill","label":"…","text":"…"}   types into the field with this label
//   {"cmd":"press","name":"…"}              presses the button or link, or opens the part, of this name
//   {"cmd":"see","text":"…"}                waits until the text is to be seen; "count": exactly so often
//   {"cmd":"miss","text":"…"}               waits until it is not
//   {"cmd":"save","name":"…"}               presses a button that saves a file: {"name","bytes"}
//   {"cmd":"play"}                          waits until a sound has its length: {"seconds"}
//   {"cmd":"offline","on":true}             cuts the browser's network, or joins it again
//   {"cmd":"storage"}                       what the page keeps in the browser: {"keys"}
//   {"cmd":"reload"}                        loads the page anew
//   {"cmd":"screenshot","path":"…"}         a picture of the page
//   {"cmd":"problems"}                      errors of the page and of its console since the last time

import { readFile } from "node:fs/promises";
import { DEFAULT_TIMEOUT, serve, watchProblems } from "./serve.mjs";

class Person {
  constructor(page) {
    this.page = page;
    this.problems = watchProblems(page);
  }

  #part(within) {
    return within ? this.page.locator(within) : this.page;
  }

  #named(within, name) {
    const part = this.#part(within);
    const [button, link] = ["button", "link"].map((role) => part.getByRole(role, { name, exact: true }));
    // Where browsers differ in what they call a summary.
    return button.or(link).or(part.locator("summary", { hasText: name })).first();
  }

  async fill({ label, text, within, timeout }) {
    await this.#part(within).getByLabel(label, { exact: true }).fill(text, { timeout });
  }

  async press({ name, within, timeout }) {
    await this.#named(within, name).click({ timeout });
  }

  async see({ text, within, count, timeout }) {
    const found = this.#part(within).getByText(text).filter({ visible: true });
    await found.first().waitFor({ timeout });
    const times = await found.count();
    if (count !== undefined && times !== count) throw new Error(`wanted ${count} × ${text}, found ${times}`);
  }

  async miss({ text, within, timeout }) {
    await this.#part(within).getByText(text).filter({ visible: true }).first().waitFor({ state: "detached", timeout });
  }

  async save({ name, within, timeout }) {
    const saving = this.page.waitForEvent("download", { timeout });
    await this.press({ name, within, timeout });
    const download = await saving;
    return { name: download.suggestedFilename(), bytes: (await readFile(await download.path())).length };
  }

  async play({ timeout }) {
    const sound = this.page.locator("audio").first();
    await sound.waitFor({ timeout });
    const lasts = (element) =>
      new Promise((resolve, reject) => {
        if (element.readyState > 0) return resolve(element.duration);
        element.onloadedmetadata = () => resolve(element.duration);
        element.onerror = () => reject(new Error(element.error.message));
      });
    return { seconds: await sound.evaluate(lasts) };
  }

  async offline({ on }) {
    await this.page.context().setOffline(on);
  }

  async storage() {
    return { keys: await this.page.evaluate(() => Object.keys(localStorage)) };
  }

  async reload({ timeout }) {
    await this.page.reload({ timeout });
  }

  async screenshot({ path }) {
    await this.page.screenshot({ path, animations: "disabled" });
  }

  async takeProblems() {
    return { problems: this.problems.splice(0) };
  }
}

await serve(async (context) => {
  const page = await context.newPage();
  const person = new Person(page);
  await page.goto(process.env.BASE_URL, { timeout: DEFAULT_TIMEOUT });
  const commands = {
    fill: (command) => person.fill(command),
    press: (command) => person.press(command),
    see: (command) => person.see(command),
    miss: (command) => person.miss(command),
    save: (command) => person.save(command),
    play: (command) => person.play(command),
    offline: (command) => person.offline(command),
    storage: () => person.storage(),
    reload: (command) => person.reload(command),
    screenshot: (command) => person.screenshot(command),
    problems: () => person.takeProblems(),
  };
  return ({ cmd, ...rest }) => {
    if (!Object.hasOwn(commands, cmd)) throw new Error(`unknown command ${JSON.stringify(cmd)}`);
    return commands[cmd]({ timeout: DEFAULT_TIMEOUT, ...rest });
  };
});
