// Finds addresses in the text of a message.

export interface Piece {
  readonly text: string;
  /** Set when the piece is an address. */
  readonly href: string | null;
}

const CANDIDATE = /\b(?:https?:\/\/|www\.)[^\s<>"'`«»“”]+/giu;
/** Punctuation that ends the sentence and not the address. */
const TRAILING = /[.,:;!?…\])}]$/u;
const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Splits a text into plain pieces and addresses; put together again they are the text. */
export function splitLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = trimAddress(match[0]);
    const href = toHref(address);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), href: null });
    pieces.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), href: null });
  return pieces;
}

function trimAddress(candidate: string): string {
  let address = candidate;
  while (TRAILING.test(address)) {
    const last = address.slice(-1);
    const opening = CLOSING[last];
    // "(see https://example.org/a_(b))": a bracket belongs to the address when it was opened there.
    if (opening && count(address, opening) >= count(address, last)) break;
    address = address.slice(0, -1);
  }
  return address;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** Only http and https, and only with a host: nothing that could run in the page. */
function toHref(address: string): string | null {
  const withScheme = /^www\./i.test(address) ? `https://${address}` : address;
  try {
    const url = new URL(withScheme);
    const isWeb = url.protocol === "http:" || url.protocol === "https:";
    return isWeb && url.hostname.includes(".") ? url.href : null;
  } catch {
    return null;
  }
}
