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

/** A size as people read it. */
export function sizeText(bytes: number, locale: Locale): string {
  const [unit, amount] =
    bytes >= 1 << 20 ? ["megabyte", bytes / (1 << 20)] : ["kilobyte", Math.max(1, bytes / 1024)];
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: unit as string,
    unitDisplay: "short",
    maximumFractionDigits: unit === "megabyte" ? 1 : 0,
  });
  return format.format(amount as number);
}

/** How long something lasted: "1:03", "1:00:00". */
export function durationText(seconds: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours === 0 ? `${minutes}:${two(rest)}` : `${hours}:${two(minutes)}:${two(rest)}`;
}
