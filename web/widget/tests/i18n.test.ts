import { describe, expect, test } from "vitest";
import { plural } from "../src/app/i18n/plural";
import { TEXTS } from "../src/app/i18n/texts";
import { Times } from "../src/app/i18n/times";
import { DEMO_TEXTS } from "../src/demo/texts";
import { LOADER_TEXTS } from "../src/loader/texts";
import { LOCALES, pickLocale } from "../src/shared/locale";

describe.each(LOCALES)("%s", (locale) => {
  test("says everything, and nothing twice from another language", () => {
    expect(Object.keys(TEXTS[locale])).toEqual(Object.keys(TEXTS.en));
    const texts = [...Object.values(TEXTS[locale]), ...Object.values(LOADER_TEXTS[locale])].map((text) =>
      typeof text === "function" ? text(2) : text,
    );
    for (const text of texts) expect(text.trim()).not.toBe("");
    const english = new Set<unknown>(Object.values(TEXTS.en));
    if (locale !== "en") expect(texts.filter((text) => english.has(text))).toEqual([]);
  });

  test("puts the number into each form", () => {
    for (const count of [0, 1, 2, 5, 11, 21, 22, 25, 101]) {
      expect(TEXTS[locale].unread(count)).toContain(String(count));
    }
  });
});

test("Russian and Spanish translate the whole demo page", () => {
  expect(Object.keys(DEMO_TEXTS.es)).toEqual(Object.keys(DEMO_TEXTS.ru));
});

test("Russian has three forms", () => {
  const forms = [1, 3, 5, 21, 112].map(TEXTS.ru.charactersLeft);
  expect(forms).toEqual([
    "Остался 1 символ",
    "Осталось 3 символа",
    "Осталось 5 символов",
    "Остался 21 символ",
    "Осталось 112 символов",
  ]);
});

test("a form that a language has and a text has not falls back to the general one", () => {
  expect(plural("es", { other: "# cosas" })(1)).toBe("1 cosas");
});

test.each([
  [["es-MX"], "es"],
  [[undefined, "", "ru_RU"], "ru"],
  [["de", "ES", "ru"], "es"],
  [["fr", "rural"], "en"],
  [[], "en"],
])("of %j the widget speaks %s", (tags, expected) => expect(pickLocale(tags)).toBe(expected));

test("days are named as people name them", () => {
  const times = new Times("ru", TEXTS.ru, () => new Date(2026, 2, 10, 12));
  expect(times.day(new Date(2026, 2, 10, 1))).toBe("Сегодня");
  expect(times.day(new Date(2026, 2, 9, 23))).toBe("Вчера");
  expect(times.day(new Date(2026, 0, 5))).toBe("5 января");
  expect(times.day(new Date(2025, 0, 5))).toContain("2025");
});
