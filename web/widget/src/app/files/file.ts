// Files as the window keeps them: picked but not sent, in the outbox, and stored by the server.

import {
  type Attachment,
  AttachmentKind,
  AttachmentState,
} from "../../gen/beseda/conversations/v1/attachment_pb";
import type { Settings } from "../model";
import { randomUuid } from "../uuid";

/** What is known of a file before the server has it. */
export interface LocalFile {
  /** The client_file_id: the server makes one file of it, however often it is uploaded. */
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly mediaType: string;
  readonly isVoice: boolean;
  readonly durationMs: number;
}

/** One that the visitor has chosen or recorded. */
export interface Picked extends LocalFile {
  readonly blob: Blob;
}

/** One of a message that the server has. */
export interface StoredFile extends LocalFile {
  readonly width: number;
  readonly height: number;
  readonly hasPreview: boolean;
  /** Where it is fetched, without the ticket; empty: it is not there. */
  readonly path: string;
}

/** How a file is shown. */
export type Shape = "picture" | "sound" | "film" | "document";

/** Types that browsers show without running anything in them. */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function shapeOf(mediaType: string, isVoice: boolean): Shape {
  if (PICTURES.has(mediaType)) return "picture";
  if (mediaType.startsWith("audio/")) return "sound";
  if (mediaType.startsWith("video/")) return isVoice ? "sound" : "film";
  return "document";
}

export function pick(file: File): Picked {
  const { name, size, type } = file;
  return { id: randomUuid(), name, size, mediaType: type, isVoice: false, durationMs: 0, blob: file };
}

export function toStoredFile(wire: Attachment): StoredFile {
  return {
    id: wire.id,
    name: wire.fileName,
    size: Number(wire.size),
    mediaType: wire.mediaType,
    isVoice: wire.kind === AttachmentKind.VOICE,
    durationMs: Number(wire.durationMs),
    width: wire.width,
    height: wire.height,
    hasPreview: wire.hasPreview,
    path: wire.state === AttachmentState.READY ? wire.path : "",
  };
}

/** Why a file cannot be sent. */
export type Objection = "empty" | "tooLarge" | "wrongType" | "tooMany";

/** What the server would refuse is said before anything is sent. */
export function objectionTo(file: LocalFile, others: number, settings: Settings): Objection | null {
  if (others >= settings.maxFiles) return "tooMany";
  if (file.size === 0) return "empty";
  if (file.size > settings.maxFileSize) return "tooLarge";
  const ending = file.name.toLowerCase().split(".").slice(1).at(-1) ?? "";
  return settings.refusedFileEndings.includes(ending) ? "wrongType" : null;
}
