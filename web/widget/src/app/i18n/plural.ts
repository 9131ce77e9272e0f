import type { Locale } from "../../shared/locale";

export type PluralForms = { readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string };

/** Texts that depend on a number: "#" in the form that the language's rules choose stands for the number. */
export function plural(locale: Locale, forms: PluralForms): (count: number) => string {
  const rules = new Intl.PluralRules(locale);
  const format = new Intl.NumberFormat(locale);
  return (count) => (forms[rules.select(count)] ?? forms.other).replace("#", format.format(count));
}
