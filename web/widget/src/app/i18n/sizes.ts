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

/** How long something lasts: "1:07", "1:00:07". */
export function lengthText(milliseconds: number): string {
  const all = Math.round(milliseconds / 1_000);
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  return hours === 0 ? `${minutes}:${two(seconds)}` : `${hours}:${two(minutes)}:${two(seconds)}`;
}
