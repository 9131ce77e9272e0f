// A picture that came as bytes, as an address that an image can show.

/** Its kind is told by the first byte; only these three are ever sent. */
const KINDS: Readonly<Record<number, string>> = { 137: "image/png", 255: "image/jpeg", 82: "image/webp" };

/** A data address, which the page's policy allows and the browser can keep; empty without a picture. */
export function pictureAddress(bytes: Uint8Array): string {
  const kind = KINDS[bytes[0] ?? 0];
  if (!kind) return "";
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte));
  return `data:${kind};base64,${btoa(letters.join(""))}`;
}
