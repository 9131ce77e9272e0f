// A status: its colour and its name, never the colour alone.

import { h } from "../../../widget/src/app/view/dom";
import type { CabinetStatus } from "../gen/beseda/cabinet/v1/cabinet_service_pb";

const COLOR = /^#[0-9a-f]{6}$/i;

export function statusMark({ name, color }: CabinetStatus): HTMLElement {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  // Set by script: the page's policy allows no style in markup.
  if (COLOR.test(color)) dot.style.setProperty("--status", color);
  return h("span", { class: "status" }, dot, name);
}
