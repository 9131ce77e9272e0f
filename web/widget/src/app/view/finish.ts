// «Завершить беседу» asks first: the conversation disappears from the visitor's list.

import type { Texts } from "../i18n/texts";
import { button, h, setText } from "./dom";

/** Opens the question; `finish` answers whether it worked. */
export function askToFinish(texts: Texts, finish: () => Promise<boolean>): void {
  const failure = h("p", { class: "failure", role: "alert" });
  const confirm = button({ class: "primary" }, () => void act(), texts.finish);
  const cancel = button({ class: "secondary" }, () => dialog.close(), texts.cancel);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "finish-question" },
    h("h2", { id: "finish-question" }, texts.finishQuestion),
    h("p", {}, texts.finishExplanation),
    failure,
    h("div", { class: "choices" }, cancel, confirm),
  );

  async function act(): Promise<void> {
    confirm.disabled = true;
    setText(failure, "");
    if (await finish()) dialog.close();
    else setText(failure, texts.finishFailed);
    confirm.disabled = false;
  }

  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
