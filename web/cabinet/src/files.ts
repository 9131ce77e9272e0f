// Files of the correspondence and recordings of calls. Their contents come with the session's token over the API: no address opens them.

import type { CallOptions, Client } from "@connectrpc/connect";
import { type Shape, shapeOf as shape } from "../../widget/src/app/files/file";
import type { CabinetService } from "./gen/beseda/cabinet/v1/cabinet_service_pb";
import {
  type Attachment,
  AttachmentKind,
  AttachmentState,
} from "./gen/beseda/conversations/v1/attachment_pb";

export function shapeOf({ kind, mediaType }: Attachment): Shape {
  return shape(mediaType, kind === AttachmentKind.VOICE);
}

export function isReady({ state }: Attachment): boolean {
  return state === AttachmentState.READY;
}

export function isPending({ state }: Attachment): boolean {
  return state === AttachmentState.PENDING;
}

/** Reads a file as a whole. Only what is shown keeps its type: nothing else is to be opened by the browser itself. */
export async function download(
  client: Client<typeof CabinetService>,
  attachment: Attachment,
  preview: boolean,
  options: CallOptions,
): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const { part } of client.downloadCabinetFile(
    { attachmentId: attachment.id, preview },
    options,
  )) {
    if (part.case === "chunk") chunks.push(new Uint8Array(part.value));
  }
  const type = shapeOf(attachment) === "document" ? "application/octet-stream" : attachment.mediaType;
  return new Blob(chunks, { type });
}

/** Reads the recording of a call as a whole (CAB-03). */
export async function downloadRecording(
  client: Client<typeof CabinetService>,
  dealId: string,
  eventId: string,
  options: CallOptions,
): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let type = "application/octet-stream";
  for await (const { part } of client.downloadCabinetRecording({ dealId, eventId }, options)) {
    if (part.case === "mediaType" && part.value.startsWith("audio/")) type = part.value;
    if (part.case === "chunk") chunks.push(new Uint8Array(part.value));
  }
  return new Blob(chunks, { type });
}
