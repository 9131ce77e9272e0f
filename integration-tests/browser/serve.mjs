// A browser that is told what to do by a test: commands come as JSON lines on stdin, each is answered by one JSON line on
// stdout, {"ok":true,…} or {"ok":false,"error":"…"}. It ends when stdin does.
//
// Environment: BASE_URL (required), CHROMIUM (the program, /usr/bin/chromium), LOCALE (en-US), VIEWPORT (1280x800),
// COLOR_SCHEME (light), MICROPHONE (given: a beep in place of a voice; refused: the person does not allow it).

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** How long a command waits for its condition unless it says otherwise. */
export const DEFAULT_TIMEOUT = 10_000;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const { BASE_URL, CHROMIUM = "/usr/bin/chromium" } = process.env;
const { COLOR_SCHEME = "light", LOCALE = "en-US", MICROPHONE = "given", VIEWPORT = "1280x800" } = process.env;

/** A device that beeps, and somebody who allows every page to hear it; otherwise nobody does. */
const BEEPING = "--use-fake-device-for-media-stream";
const ALLOWED = "--use-fake-ui-for-media-stream";

/** Errors of a page and of its console, as they come. */
export function watchProblems(page) {
  const problems = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  return problems;
}

/** `open` makes ready what is told to do something, in a browser of its own, and answers what does one command. */
export async function serve(open) {
  try {
    await run(open);
  } catch (error) {
    answer({ ok: false, error: error.message });
    process.exitCode = 1;
  }
}

async function run(open) {
  if (!BASE_URL) throw new Error("BASE_URL is not set: give the address of the gateway, as http://127.0.0.1:8080");
  const [width, height] = VIEWPORT.split("x").map(Number);
  const args = [...ARGUMENTS, BEEPING, ...(MICROPHONE === "given" ? [ALLOWED] : [])];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    const options = { locale: LOCALE, viewport: { width, height }, colorScheme: COLOR_SCHEME };
    const act = await open(await browser.newContext(options));
    answer({ ok: true, ready: true });
    for await (const line of createInterface({ input: process.stdin })) {
      try {
        answer({ ok: true, ...(await act(JSON.parse(line))) });
      } catch (error) {
        answer({ ok: false, error: error.message });
      }
    }
  } finally {
    await browser.close();
  }
}

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
