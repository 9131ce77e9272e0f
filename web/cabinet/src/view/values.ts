// Values of fields as people of a language write them.

import type { Locale } from "../../../widget/src/shared/locale";
import type { CabinetField } from "../gen/beseda/cabinet/v1/cabinet_service_pb";
import type { Standard, Texts } from "../i18n/texts";

/** What the field is called: by the company, or as every card calls it. */
export function fieldName(name: string, standard: string, isContact: boolean, texts: Texts): string {
  if (name !== "") return name;
  const known = isContact && standard === "name" ? "contactName" : standard;
  return texts.standard[known as Standard] ?? "";
}

export class Values {
  readonly #date: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;

  constructor(
    private readonly locale: Locale,
    private readonly texts: Texts,
  ) {
    // A date without a time is the same everywhere.
    this.#date = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
    this.#day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  }

  text(field: CabinetField): string {
    if (field.currency !== "") return this.#money(field.amountMinor, field.currency);
    if (field.checkbox !== 0) return field.checkbox === 2 ? this.texts.yes : this.texts.no;
    if (!field.date) return field.value;
    const day = new Date(`${field.value}T00:00:00Z`);
    return Number.isNaN(day.getTime()) ? field.value : this.#date.format(day);
  }

  /** The day of a moment, where this browser is. */
  day(date: Date): string {
    return this.#day.format(date);
  }

  #money(minor: bigint, currency: string): string {
    try {
      const format = new Intl.NumberFormat(this.locale, { style: "currency", currency });
      const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
      const amount = Number(minor) / 10 ** digits;
      if (!Number.isInteger(amount)) return format.format(amount);
      const whole = { style: "currency", currency, minimumFractionDigits: 0 } as const;
      return new Intl.NumberFormat(this.locale, whole).format(amount);
    } catch {
      // No currency that browsers know of.
      return `${Number(minor) / 100} ${currency}`;
    }
  }
}
