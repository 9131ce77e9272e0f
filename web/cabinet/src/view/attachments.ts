// Files of a message (CAB-03): pictures are seen, sounds and recordings are played, documents are saved.

import type { Shape } from "../../../widget/src/app/files/file";
import { sizeText } from "../../../widget/src/app/i18n/sizes";
import { button, h, icon, setChildren } from "../../../widget/src/app/view/dom";
import type { Locale } from "../../../widget/src/shared/locale";
import type { Cabinet } from "../cabinet";
import { isPending, isReady, shapeOf } from "../files";
import type { Attachment } from "../gen/beseda/conversations/v1/attachment_pb";
import type { Texts } from "../i18n/texts";

const PLAY = "M8 5l11 7-11 7z";
const SAVE = "M12 4v11m-5-5l5 5 5-5M5 20h14";
const LOOK = "M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4";
const ICONS: Record<Shape, string> = { picture: LOOK, sound: PLAY, film: PLAY, document: SAVE };

/** The files that are on the page, as addresses of this page alone. */
export class Shelf {
  readonly #urls = new Map<string, Promise<string>>();

  constructor(private readonly cabinet: Cabinet) {}

  url(attachment: Attachment, preview = false): Promise<string> {
    const key = `${attachment.id} ${preview}`;
    const known = this.#urls.get(key);
    if (known) return known;
    const made = this.cabinet.file(attachment, preview).then((blob) => URL.createObjectURL(blob));
    this.#urls.set(key, made);
    // A failed one is tried anew.
    made.catch(() => this.#urls.delete(key));
    return made;
  }

  /** Nothing of the client stays behind. */
  clear(): void {
    for (const made of this.#urls.values()) made.then(URL.revokeObjectURL, () => undefined);
    this.#urls.clear();
  }
}

export function attachmentList(
  attachments: readonly Attachment[],
  shelf: Shelf,
  texts: Texts,
  locale: Locale,
): HTMLElement | null {
  if (attachments.length === 0) return null;
  const items = attachments.map((attachment) => h("li", {}, item(attachment, shelf, texts, locale)));
  return h("ul", { class: "files" }, ...items);
}

function item(attachment: Attachment, shelf: Shelf, texts: Texts, locale: Locale): HTMLElement {
  const { fileName, size } = attachment;
  if (!isReady(attachment)) {
    const why = isPending(attachment) ? texts.filePending : texts.fileFailed;
    return h("p", { class: "file absent" }, `${fileName} — ${why}`);
  }
  const shape = shapeOf(attachment);
  const place = h("div", { class: `file ${shape}` });
  const open = button(
    { class: "open", "aria-label": label(shape, fileName, texts) },
    () => void act(),
    icon(ICONS[shape]),
    h("span", { class: "file-name", dir: "auto" }, fileName),
    h("span", { class: "file-size" }, sizeText(Number(size), locale)),
  );
  place.append(open);

  async function act(): Promise<void> {
    open.disabled = true;
    try {
      const url = await shelf.url(attachment);
      if (shape === "document") save(url, fileName);
      else setChildren(place, [player(shape, url, fileName)]);
    } catch {
      setChildren(place, [open, h("p", { class: "failure", role: "alert" }, texts.fileFailed)]);
    }
    open.disabled = false;
  }

  if (attachment.hasPreview) void preview(attachment, shelf, open);
  return place;
}

/** The small picture comes by itself; where it does not, the name stands there. */
async function preview(attachment: Attachment, shelf: Shelf, open: HTMLElement): Promise<void> {
  const url = await shelf.url(attachment, true).catch(() => null);
  if (url) setChildren(open, [h("img", { src: url, alt: "" })]);
}

function label(shape: Shape, name: string, texts: Texts): string {
  if (shape === "document") return texts.download(name);
  return shape === "picture" ? texts.show(name) : texts.play(name);
}

function player(shape: Shape, url: string, name: string): HTMLElement {
  if (shape === "picture") return h("img", { src: url, alt: name });
  const controls = { src: url, controls: true, autoplay: true, "aria-label": name };
  return shape === "sound" ? h("audio", controls) : h("video", { ...controls, playsinline: true });
}

function save(url: string, name: string): void {
  const link = h("a", { href: url, download: name });
  link.click();
}
