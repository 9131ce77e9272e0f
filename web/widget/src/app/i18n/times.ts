import type { Locale } from "../../shared/locale";
import type { Texts } from "./texts";

/** Times and days as people of a language write them. */
export class Times {
  readonly #time: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayAndYear: Intl.DateTimeFormat;

  constructor(
    locale: Locale,
    private readonly texts: Texts,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.#time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.#day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" });
    this.#dayAndYear = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  }

  time(date: Date): string {
    return this.#time.format(date);
  }

  day(date: Date): string {
    const today = this.now();
    const yesterday = new Date(today);
    yesterday.setDate(today.getDate() - 1);
    if (isSameDay(date, today)) return this.texts.today;
    if (isSameDay(date, yesterday)) return this.texts.yesterday;
    const format = date.getFullYear() === today.getFullYear() ? this.#day : this.#dayAndYear;
    return format.format(date);
  }

  /** The time for what happened today, the day for what is older. */
  short(date: Date): string {
    return isSameDay(date, this.now()) ? this.time(date) : this.day(date);
  }
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}
