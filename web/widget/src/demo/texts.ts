import type { Locale } from "../shared/locale";

/** Texts by the `data-text` of their element; English stands in the page itself. */
export const DEMO_TEXTS: Record<Locale, Readonly<Record<string, string>>> = {
  ru: {
    heading: "Веломастерская за углом",
    lead: "Чиним, настраиваем и храним велосипеды. Есть вопрос? Кнопка внизу страницы открывает чат.",
    repairTitle: "Ремонт",
    repair: "Тормоза, передачи, колёса: обычно готово на следующий день.",
    tuneTitle: "Настройка",
    tune: "Подгоним велосипед под вас и ваши дороги.",
    storeTitle: "Хранение",
    store: "Сухое место на зиму и проверка весной.",
    note: "Эта страница показывает, как чат работает на сайте. Компания вымышлена.",
  },
  es: {
    heading: "Un taller de bicicletas a la vuelta de la esquina",
    lead: "Reparamos, ajustamos y guardamos bicicletas. ¿Preguntas? El botón de abajo abre el chat.",
    repairTitle: "Reparación",
    repair: "Frenos, cambios, ruedas: normalmente listo al día siguiente.",
    tuneTitle: "Ajuste",
    tune: "Adaptamos la bicicleta a usted y a sus caminos.",
    storeTitle: "Almacenaje",
    store: "Un lugar seco para el invierno y una revisión en primavera.",
    note: "Esta página muestra cómo funciona el chat en un sitio. La empresa es inventada.",
  },
  en: {},
};
