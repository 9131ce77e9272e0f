// What happened to a deal: read when somebody looks, the newest first, with the authors (CAB-13, CAB-14).

import { lengthText } from "../../../widget/src/app/i18n/sizes";
import type { Times } from "../../../widget/src/app/i18n/times";
import { button, h, setChildren, setText } from "../../../widget/src/app/view/dom";
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
  /** Recordings on the page, as addresses of this page alone. */
  readonly #urls: string[] = [];
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
      this.clear();
      if (!this.element.open) return;
      this.#next = "";
      void this.#load();
    });
  }

  /** Nothing of the client stays behind. */
  clear(): void {
    for (const url of this.#urls.splice(0)) URL.revokeObjectURL(url);
    this.#list.replaceChildren();
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
    const date = toDate(event.call?.startTime ?? event.createTime);
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
      event.call?.recorded ? this.#recording(event.id) : null,
      h("p", { class: "when" }, when, " · ", author),
    );
  }

  #title({ kind, fieldName: name, standard, call }: CabinetEvent): string {
    switch (kind) {
      case Kind.CALL: {
        const which = call?.incoming ? this.texts.callIncoming : this.texts.callOutgoing;
        const seconds = call?.durationSeconds ?? 0;
        return `${which}, ${seconds === 0 ? this.texts.callUnanswered : lengthText(seconds * 1_000)}`;
      }
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

  /** A recording is fetched when somebody wants to hear it. */
  #recording(eventId: string): HTMLElement {
    const place = h("div", { class: "file sound" });
    const open = button({ class: "open" }, () => void play(), this.texts.callPlay);
    const play = async () => {
      open.disabled = true;
      try {
        const url = URL.createObjectURL(await this.cabinet.recording(this.dealId, eventId));
        this.#urls.push(url);
        const label = this.texts.callPlay;
        setChildren(place, [h("audio", { src: url, controls: true, autoplay: true, "aria-label": label })]);
      } catch {
        setChildren(place, [open, h("p", { class: "failure", role: "alert" }, this.texts.callFailed)]);
      }
      open.disabled = false;
    };
    place.append(open);
    return place;
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
