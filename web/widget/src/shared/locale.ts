// Which of the widget's languages a person gets.

export const LOCALES = ["ru", "es", "en"] as const;
export type Locale = (typeof LOCALES)[number];

/** The first of the given BCP 47 tags that the widget speaks, or English. */
export function pickLocale(tags: readonly (string | null | undefined)[]): Locale {
  for (const tag of tags) {
    const language = tag?.trim().toLowerCase().split(/[-_]/)[0];
    const known = LOCALES.find((locale) => locale === language);
    if (known) return known;
  }
  return "en";
}
