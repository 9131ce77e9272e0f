// A picture in full.

import type { Texts } from "../i18n/texts";
import { button, h, icon } from "./dom";

const CLOSE = "M6 6l12 12M18 6L6 18";

export function openPicture(address: string, saving: string, name: string, texts: Texts): void {
  const close = button({ class: "tool", "aria-label": texts.fileClose }, () => dialog.close(), icon(CLOSE));
  const save = h("a", { class: "tool", href: saving, download: name }, texts.fileSaveShort);
  const title = h("span", { class: "file-name", dir: "auto" }, name);
  const picture = h("img", { src: address, alt: name });
  const bar = h("div", { class: "viewer-bar" }, title, save, close);
  const dialog = h("dialog", { class: "viewer", "aria-label": texts.fileShow(name) }, bar, picture);
  picture.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
