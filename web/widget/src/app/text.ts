// Text as the server takes it. It refuses control characters, which people paste without seeing them.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS_AND_BREAKS = /[\u0000-\u001f\u007f-\u009f]+/g;

/** A message: line breaks and tabs stay. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "").trim();
}

/** One line of at most so many characters. */
export function cleanLine(text: string, characters: number): string {
  const line = text.replace(CONTROLS_AND_BREAKS, " ").trim();
  return line.length > characters ? [...line].slice(0, characters).join("") : line;
}

/** Characters as the server counts them: one outside the basic plane is one. */
export function countCharacters(text: string): number {
  return [...text].length;
}
