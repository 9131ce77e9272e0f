// Brings a file to the server part by part. A connection that breaks costs one part; the server says where to go on, also after a restart
// of the browser.

import type { UploadVisitorFilePartResponse } from "../../gen/beseda/onlinechat/v1/visitor_service_pb";
import { FileGone } from "../trouble";
import type { LocalFile } from "./file";

/** Bytes of a part. */
export const PART_SIZE = 131_072;
/** A server that asks for the same part so often will never have enough. */
const MOST_REPETITIONS = 5;

export interface Part {
  readonly offset: number;
  readonly chunk: Uint8Array<ArrayBuffer>;
}

/** Answers the id under which the server has the file. */
export async function upload(
  file: LocalFile,
  contents: Blob,
  bring: (part: Part) => Promise<UploadVisitorFilePartResponse>,
  progress: (bytes: number) => void,
): Promise<string> {
  let offset = 0;
  let repetitions = 0;
  // A single part is as quickly sent as asked for.
  const isAsked = file.size > PART_SIZE;
  let chunk = isAsked ? new Uint8Array() : await read(contents, 0);
  for (;;) {
    const { attachment, nextOffset } = await bring({ offset, chunk });
    if (attachment) return attachment.id;
    const next = Number(nextOffset);
    if (next <= offset && chunk.length > 0) repetitions += 1;
    if (repetitions > MOST_REPETITIONS) throw new Error("the server asks for the same part again and again");
    offset = next;
    progress(offset);
    chunk = await read(contents, offset);
  }
}

async function read(contents: Blob, offset: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await contents.slice(offset, offset + PART_SIZE).arrayBuffer());
  } catch {
    // The file was moved or changed on the visitor's disk.
    throw new FileGone();
  }
}
