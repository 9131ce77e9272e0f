// The company's colour on the window. Its variables are set on the page by script: the page's policy allows no style in markup.

const DARK_TEXT = "#1b1f30";
const LIGHT_TEXT = "#ffffff";
/** From this relative luminance on, dark text stands out better than white (WCAG 2). */
const LIGHT_SURFACE = 0.179;
const COLOR = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/;

/** Gives the window this colour, "#rrggbb"; anything else means the usual one. */
export function paint(page: HTMLElement, color: string): void {
  const text = textOn(color);
  const variables = {
    "--header": color,
    "--accent": color,
    "--on-accent": text,
    "--on-accent-soft": text,
  };
  for (const [name, value] of Object.entries(variables)) {
    if (text) page.style.setProperty(name, value);
    else page.style.removeProperty(name);
  }
}

/** Colour of text on this colour; empty when it is none. */
export function textOn(color: string): string {
  const parts = COLOR.exec(color)?.slice(1);
  if (!parts) return "";
  const [red = 0, green = 0, blue = 0] = parts.map((part) => linear(Number.parseInt(part, 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > LIGHT_SURFACE ? DARK_TEXT : LIGHT_TEXT;
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
