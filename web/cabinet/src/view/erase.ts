// «Удалить данные» (CAB-27): what it does and that it cannot be undone (CAB-28), then the code (CAB-29).

import { button, h, setChildren, setText } from "../../../widget/src/app/view/dom";
import type { Cabinet } from "../cabinet";
import type { CodeRequest } from "../code";
import type { Texts } from "../i18n/texts";
import { explain } from "../trouble";
import { CodeForm } from "./code_form";

export function askToErase(cabinet: Cabinet, texts: Texts): void {
  const warning = h("p", { class: "warning" }, texts.loading);
  const failure = h("p", { class: "failure", role: "alert" });
  const body = h("div", { "aria-live": "polite" }, warning);
  const confirm = button({ class: "danger" }, () => void agreed(), texts.erase);
  const cancel = button({ class: "secondary" }, () => dialog.close(), texts.cancel);
  const choices = h("div", { class: "choices" }, cancel, confirm);
  const dialog = h(
    "dialog",
    { class: "erasure", "aria-labelledby": "erasure-title" },
    h("h2", { id: "erasure-title" }, texts.eraseQuestion),
    body,
    failure,
    choices,
  );
  let form: CodeForm | null = null;

  async function warn(): Promise<void> {
    confirm.disabled = true;
    try {
      setText(warning, await cabinet.warning());
      confirm.disabled = false;
    } catch (error) {
      setText(warning, explain(error, texts));
    }
  }

  async function agreed(): Promise<void> {
    confirm.disabled = true;
    setText(failure, "");
    try {
      askForCode(await cabinet.askToErase());
    } catch (error) {
      setText(failure, explain(error, texts));
      confirm.disabled = false;
    }
  }

  function askForCode(first: CodeRequest): void {
    let request = first;
    form = new CodeForm(texts, request, texts.erase, {
      async submit(code) {
        await cabinet.erase(request, code);
        dialog.close();
      },
      async again() {
        request = await cabinet.askToErase();
        return request;
      },
    });
    form.element.classList.add("dangerous");
    setChildren(body, [h("p", {}, texts.eraseCodeSent), form.element]);
    setChildren(choices, [cancel]);
    form.focus();
  }

  dialog.addEventListener("close", () => {
    form?.close();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
  void warn();
}
