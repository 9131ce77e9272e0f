import type { Locale } from "../../shared/locale";

/** A size as people of a language read it. */
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

/** How long a sound is: "1:07". */
export function lengthText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
