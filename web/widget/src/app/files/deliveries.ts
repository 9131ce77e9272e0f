// The files of the message that is on its way: their contents go first, and the message names them.

import { Code, ConnectError } from "@connectrpc/connect";
import { AttachmentKind } from "../../gen/beseda/conversations/v1/attachment_pb";
import type { Entry } from "../outbox";
import type { Session, VisitorClient } from "../session";
import { FileGone } from "../trouble";
import type { Blobs } from "./blobs";
import type { LocalFile } from "./file";
import { type Part, upload } from "./uploader";

/** The server cuts every call off then; a part is so small that it arrives over the slowest connection. */
const PART_TIMEOUT = 30_000;

interface Going {
  readonly entryId: string;
  readonly cancel: AbortController;
  readonly total: number;
  sent: number;
}

export class Deliveries {
  #going: Going | null = null;

  constructor(
    private readonly client: VisitorClient,
    private readonly session: Session,
    private readonly blobs: Blobs,
    private readonly changed: () => void,
  ) {}

  progress(entryId: string): number | null {
    const going = this.#going;
    return going?.entryId === entryId ? going.sent / going.total : null;
  }

  /** The visitor does not want it any more. */
  giveUp(entryId: string): void {
    if (this.#going?.entryId === entryId) this.#going.cancel.abort();
  }

  /** Brings the files of a message to the server; answers the ids under which it has them, in their order. */
  async upload({ id, files }: Entry): Promise<string[]> {
    if (files.length === 0) return [];
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const going: Going = { entryId: id, cancel: new AbortController(), total, sent: 0 };
    this.#going = going;
    const ids: string[] = [];
    try {
      let before = 0;
      for (const file of files) {
        ids.push(await this.#bring(file, going, before));
        before += file.size;
        this.#sent(going, before);
      }
    } finally {
      this.#going = null;
    }
    return ids;
  }

  async #bring(file: LocalFile, going: Going, before: number): Promise<string> {
    const contents = await this.blobs.read(file.id);
    if (!contents) throw new FileGone();
    const progress = (bytes: number) => this.#sent(going, before + bytes);
    return upload(file, contents, (part) => this.#part(file, part, going.cancel.signal), progress);
  }

  #part(file: LocalFile, { offset, chunk }: Part, signal: AbortSignal) {
    if (signal.aborted) throw new ConnectError("given up", Code.Canceled);
    const request = {
      clientFileId: file.id,
      fileName: file.name,
      kind: file.isVoice ? AttachmentKind.VOICE : AttachmentKind.UNSPECIFIED,
      durationMs: BigInt(file.durationMs),
      size: BigInt(file.size),
      offset: BigInt(offset),
      chunk,
    };
    return this.session.call((options) =>
      this.client.uploadVisitorFilePart(request, { ...options, timeoutMs: PART_TIMEOUT, signal }),
    );
  }

  #sent(going: Going, bytes: number): void {
    going.sent = bytes;
    this.changed();
  }
}
