// Entry of the cabinet's page, served under /cabinet/{cabinet id}.

import "../../widget/src/app/talk.css";
import "./style.css";
import { TEXTS as CHAT_TEXTS } from "../../widget/src/app/i18n/texts";
import { Times } from "../../widget/src/app/i18n/times";
import { SafeStorage } from "../../widget/src/app/storage";
import { type Locale, pickLocale } from "../../widget/src/shared/locale";
import { createApi, gateway } from "./api";
import { Cabinet } from "./cabinet";
import { TEXTS } from "./i18n/texts";
import type { Speech } from "./view/home";
import { PageView } from "./view/page";
import { Values } from "./view/values";

function speech(locale: Locale): Speech {
  const [texts, chatTexts] = [TEXTS[locale], CHAT_TEXTS[locale]];
  const times = new Times(locale, chatTexts);
  return { locale, texts, chatTexts, times, values: new Values(locale, texts) };
}

async function main(): Promise<void> {
  let locale = pickLocale(navigator.languages);
  document.documentElement.lang = locale;
  const cabinetId = location.pathname.split("/")[2] ?? "";
  const api = createApi(gateway(() => locale));
  const cabinet = new Cabinet(api, new SafeStorage(), cabinetId);
  const page = new PageView(cabinet, speech(locale));
  await cabinet.start(
    () => page.render(),
    (language) => {
      // A browser of none of our languages gets the account's.
      locale = pickLocale([...navigator.languages, language]);
      document.documentElement.lang = locale;
      page.speak(speech(locale));
    },
  );
}

void main();
