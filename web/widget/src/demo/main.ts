// The demo page in the language that "?lang=" or the browser asks for.

import "./style.css";
import { pickLocale } from "../shared/locale";
import { DEMO_TEXTS } from "./texts";

const locale = pickLocale([new URLSearchParams(location.search).get("lang"), ...navigator.languages]);
const texts = DEMO_TEXTS[locale];

document.documentElement.lang = locale;
for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
  const text = texts[element.dataset.text ?? ""];
  if (text) element.textContent = text;
}
