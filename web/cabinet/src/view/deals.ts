// The client's deals: status and colour beside the name, shown fields, history (CAB-15 … CAB-22); below, the colours of all statuses
// (CAB-23), the client's own fields, and «Удалить данные» (CAB-27).

import type { Times } from "../../../widget/src/app/i18n/times";
import { button, h, setChildren, setText } from "../../../widget/src/app/view/dom";
import type { Cabinet } from "../cabinet";
import type { CabinetDeal, CabinetField } from "../gen/beseda/cabinet/v1/cabinet_service_pb";
import type { Texts } from "../i18n/texts";
import { toDate } from "../talk";
import { explain } from "../trouble";
import { askToErase } from "./erase";
import { EventsView } from "./events";
import { statusMark } from "./status";
import { fieldName, type Values } from "./values";

export class DealsView {
  readonly element: HTMLElement;
  readonly #notice = h("p", { class: "notice", role: "status" });
  readonly #retry: HTMLButtonElement;
  readonly #empty: HTMLElement;
  readonly #deals = h("ul", { class: "deals" });
  readonly #legend: HTMLElement;
  readonly #colors = h("ul", { class: "legend" });
  readonly #own: HTMLElement;
  readonly #ownFields = h("dl", { class: "fields" });
  readonly #erase: HTMLElement;
  readonly #cards = new Map<string, DealCard>();

  constructor(
    private readonly cabinet: Cabinet,
    private readonly texts: Texts,
    private readonly times: Times,
    private readonly values: Values,
  ) {
    this.#retry = button({ class: "secondary" }, () => void cabinet.loadHome(), texts.tryAgain);
    this.#empty = h("p", { class: "empty" }, texts.noDeals);
    this.#legend = section("legend-title", texts.statuses, this.#colors);
    this.#own = section("own-title", texts.yourData, this.#ownFields);
    this.#erase = h(
      "p",
      { class: "erase" },
      button({ class: "danger-link" }, () => askToErase(cabinet, texts), texts.erase),
    );
    this.element = h(
      "section",
      { class: "overview", "aria-labelledby": "deals-title" },
      h("h2", { id: "deals-title", class: "unseen" }, texts.deals),
      this.#notice,
      this.#retry,
      this.#empty,
      this.#deals,
      this.#legend,
      this.#own,
      this.#erase,
    );
  }

  render(): void {
    const { home, homeError } = this.cabinet;
    const loading = home ? "" : this.texts.loading;
    setText(this.#notice, homeError ? explain(homeError, this.texts) : loading);
    this.#notice.classList.toggle("quiet", homeError === null);
    this.#retry.hidden = homeError === null;
    this.#empty.hidden = !home || home.deals.length > 0;
    setChildren(
      this.#deals,
      (home?.deals ?? []).map((deal) => this.#card(deal)),
    );
    this.#legend.hidden = !home || home.statuses.length === 0;
    setChildren(
      this.#colors,
      (home?.statuses ?? []).map((status) => h("li", {}, statusMark(status))),
    );
    this.#own.hidden = !home || home.contactFields.length === 0;
    setChildren(this.#ownFields, fieldRows(home?.contactFields ?? [], true, this.texts, this.values));
    this.#erase.hidden = !home?.erasureEnabled;
  }

  close(): void {
    for (const card of this.#cards.values()) card.close();
  }

  #card(deal: CabinetDeal): HTMLElement {
    let card = this.#cards.get(deal.id);
    if (!card) {
      const events = new EventsView(this.cabinet, deal.id, this.texts, this.times);
      card = new DealCard(events, this.texts, this.values);
      this.#cards.set(deal.id, card);
    }
    card.update(deal, this.cabinet.home?.eventsShown ?? false);
    return card.element;
  }
}

/** One deal. Its history stays open while the rest is read anew. */
class DealCard {
  readonly element = h("li", { class: "deal" });
  readonly #name = h("h3", { dir: "auto" });
  readonly #status = h("p", { class: "deal-status" });
  readonly #fields = h("dl", { class: "fields" });
  readonly #updated = h("p", { class: "when" });

  constructor(
    private readonly events: EventsView,
    private readonly texts: Texts,
    private readonly values: Values,
  ) {
    const head = h("div", { class: "deal-head" }, this.#name, this.#status);
    this.element.append(head, this.#updated, this.#fields, events.element);
  }

  close(): void {
    this.events.clear();
  }

  update(deal: CabinetDeal, eventsShown: boolean): void {
    setText(this.#name, deal.name);
    const marks: Node[] = deal.status
      ? [h("span", { class: "unseen" }, `${this.texts.status}: `), statusMark(deal.status)]
      : [];
    if (deal.closed) marks.push(h("span", { class: "closed" }, this.texts.closed));
    setChildren(this.#status, marks);
    this.#status.hidden = marks.length === 0;
    setText(this.#updated, this.texts.updated(this.values.day(toDate(deal.updateTime))));
    setChildren(this.#fields, fieldRows(deal.fields, false, this.texts, this.values));
    this.#fields.hidden = deal.fields.length === 0;
    this.events.element.hidden = !eventsShown;
  }
}

function fieldRows(
  fields: readonly CabinetField[],
  isContact: boolean,
  texts: Texts,
  values: Values,
): Node[] {
  return fields.map((field) =>
    h(
      "div",
      {},
      h("dt", {}, fieldName(field.name, field.standard, isContact, texts)),
      h("dd", { dir: "auto" }, values.text(field)),
    ),
  );
}

function section(id: string, title: string, contents: HTMLElement): HTMLElement {
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, title), contents);
}
