// What happened to a deal: read when somebody looks, the newest first, with the authors (CAB-13, CAB-14).

import type { Times } from "../../../widget/src/app/i18n/times";
import { button, h, setText } from "../../../widget/src/app/view/dom";
import type { Cabinet } from "../cabinet";
import type { CabinetEvent } from "../gen/beseda/cabinet/v1/cabinet_service_pb";
import { CabinetEventKind as Kind } from "../gen/beseda/cabinet/v1/cabinet_settings_service_pb";
import type { Texts } from "../i18n/texts";
import { toDate } from "../talk";
import { explain } from "../trouble";
import { fieldName } from "./values";

export class EventsView {
  readonly element: HTMLDetailsElement;
  readonly #list = h("ol", { class: "events" });
  readonly #note = h("p", { class: "hint", role: "status" });
  readonly #more: HTMLButtonElement;
  #next = "";
  #isLoading = false;

  constructor(
    private readonly cabinet: Cabinet,
    private readonly dealId: string,
    private readonly texts: Texts,
    private readonly times: Times,
  ) {
    this.#more = button({ class: "link" }, () => void this.#load(), texts.more);
    this.#more.hidden = true;
    this.element = h(
      "details",
      { class: "history" },
      h("summary", {}, texts.history),
      this.#list,
      this.#note,
      this.#more,
    );
    // Opened again it is read anew: it may have grown.
    this.element.addEventListener("toggle", () => {
      if (!this.element.open) return;
      this.#next = "";
      this.#list.replaceChildren();
      void this.#load();
    });
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    setText(this.#note, this.texts.loading);
    try {
      const { events, nextPageToken } = await this.cabinet.events(this.dealId, this.#next);
      this.#list.append(...events.map((event) => this.#item(event)));
      this.#next = nextPageToken;
      setText(
        this.#note,
        this.#list.childElementCount === 0 && this.#next === "" ? this.texts.noHistory : "",
      );
    } catch (error) {
      setText(this.#note, explain(error, this.texts));
    }
    this.#more.hidden = this.#next === "";
    this.#isLoading = false;
  }

  #item(event: CabinetEvent): HTMLElement {
    const date = toDate(event.createTime);
    const when = h(
      "time",
      { datetime: date.toISOString() },
      `${this.times.day(date)}, ${this.times.time(date)}`,
    );
    const author = h("span", { class: "author" }, event.authorName || this.texts.program);
    return h(
      "li",
      {},
      h("p", { class: "what" }, this.#title(event)),
      this.#change(event),
      h("p", { class: "when" }, when, " · ", author),
    );
  }

  #title({ kind, fieldName: name, standard }: CabinetEvent): string {
    switch (kind) {
      case Kind.DEAL_CREATED:
        return this.texts.dealCreated;
      case Kind.FIELD_CHANGED:
        return fieldName(name, standard, false, this.texts);
      case Kind.STATUS_CHANGED:
        return this.texts.statusChanged;
      case Kind.RESPONSIBLE_CHANGED:
        return this.texts.responsibleChanged;
      case Kind.TASK_ADDED:
        return this.texts.taskAdded;
      case Kind.TASK_COMPLETED:
        return this.texts.taskCompleted;
      default:
        return this.texts.otherEvent;
    }
  }

  /** From what to what; said in words to those who do not see the arrow. */
  #change({ before, after }: CabinetEvent): HTMLElement | null {
    if (before === "" && after === "") return null;
    const { was, became, nothing } = this.texts;
    return h(
      "p",
      { class: "change", dir: "auto" },
      h("span", { class: "unseen" }, `${was}: ${before || nothing}, ${became}: ${after || nothing}`),
      h("span", { "aria-hidden": "true" }, `${before || "—"} → ${after || "—"}`),
    );
  }
}
