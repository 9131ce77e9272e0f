// A server of the cabinet's contracts in memory: enough of their promises to prove what the page does with them.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import { ErrorInfoSchema, LocalizedMessageSchema } from "../../widget/src/gen/google/rpc/error_details_pb";
import { createApi } from "../src/api";
import { CabinetErasureService } from "../src/gen/beseda/cabinet/v1/cabinet_erasure_service_pb";
import {
  type CabinetEventSchema,
  type CabinetMessage,
  CabinetMessageSchema,
  CabinetService,
  type GetHomeResponseSchema,
  type SendCabinetMessageRequest,
} from "../src/gen/beseda/cabinet/v1/cabinet_service_pb";
import { CabinetSessionService } from "../src/gen/beseda/cabinet/v1/cabinet_session_service_pb";

export const CODE = "123456";

/** A refusal with its reason and its words, as the server sends it. */
export function refusal(code: Code, reason: string, message = ""): ConnectError {
  return new ConnectError(reason, code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "beseda" } },
    { desc: LocalizedMessageSchema, value: { locale: "en", message } },
  ]);
}

export class FakeServer {
  home: MessageInitShape<typeof GetHomeResponseSchema> = {
    title: "Windows",
    correspondence: true,
    erasureEnabled: true,
  };
  /** Sessions that are open. */
  readonly sessions = new Set<string>();
  readonly messages: CabinetMessage[] = [];
  events: MessageInitShape<typeof CabinetEventSchema>[] = [];
  /** What arrived, in order, with repetitions. */
  readonly sends: SendCabinetMessageRequest[] = [];
  /** From which places streams were asked for. */
  readonly watches: number[] = [];
  /** Codes that were sent. */
  codes = 0;
  erasures = 0;
  /** Small pictures that were asked for. */
  previews = 0;
  retryAfter = 0;
  /** Called before a message is stored; throws to refuse it. */
  beforeStore: () => void = () => undefined;
  /** Called after a message is stored; throws to lose the answer. */
  afterStore: () => void = () => undefined;
  /** Called when a code is asked for; throws to refuse it. */
  beforeCode: () => void = () => undefined;
  /** Streams say nothing. */
  isSilent = false;
  readonly #streams = new Set<(message: CabinetMessage | null) => void>();

  readonly api = createApi(
    createRouterTransport(({ service }) => {
      service(CabinetSessionService, {
        getCabinet: () => ({ title: "Windows", language: "ru" }),
        requestCode: () => this.#sendCode(),
        confirmCode: ({ code }) => this.#logIn(code),
        signOut: (_, context) => {
          this.sessions.delete(token(context));
          return {};
        },
      });
      service(CabinetService, {
        getHome: (_, context) => this.#known(context, this.home),
        listDealEvents: (_, context) => this.#known(context, { events: this.events }),
        listCabinetMessages: ({ beforeSeq, pageSize }, context) =>
          this.#known(context, this.#page(Number(beforeSeq), pageSize || 50)),
        downloadCabinetFile: ({ preview }, context) => this.#file(preview, context),
        downloadCabinetRecording: (_, context) => this.#recording(context),
        sendCabinetMessage: (request, context) => {
          this.#known(context, {});
          return { message: this.#send(request) };
        },
        watchCabinetMessages: ({ afterSeq }, context) => this.#watch(Number(afterSeq), context),
      });
      service(CabinetErasureService, {
        requestErasure: ({ confirmed }, context) =>
          this.#known(context, { warning: "This cannot be undone.", ...(confirmed ? this.#sendCode() : {}) }),
        confirmErasure: ({ code }, context) => {
          this.#known(context, {});
          if (code !== CODE) throw refusal(Code.Unauthenticated, "CODE_INVALID", "The code is wrong.");
          this.erasures += 1;
          this.sessions.clear();
          this.endStreams();
          return { erasureId: "ers_1" };
        },
      });
    }),
  );

  /** The manager writes, with files. */
  answer(text: string, attachments: CabinetMessage["attachments"] = []): void {
    this.#store(text, false, "", attachments);
  }

  /** All streams end, as when the server is restarted. */
  endStreams(): void {
    for (const push of [...this.#streams]) push(null);
  }

  #sendCode() {
    this.beforeCode();
    this.codes += 1;
    return {
      requestToken: `crq_${this.codes}`,
      codeLength: CODE.length,
      retryTime: timestampFromMs(Date.now() + this.retryAfter),
    };
  }

  #logIn(code: string) {
    if (code !== CODE) throw refusal(Code.Unauthenticated, "CODE_INVALID", "The code is wrong.");
    const sessionToken = `cst_${this.codes}`;
    this.sessions.add(sessionToken);
    return { sessionToken };
  }

  #known<T>(context: HandlerContext, answer: T): T {
    if (!this.sessions.has(token(context))) throw refusal(Code.Unauthenticated, "TOKEN_INVALID");
    return answer;
  }

  #page(before: number, size: number) {
    const older = this.messages.filter(({ seq }) => before === 0 || Number(seq) < before);
    return { messages: older.slice(-size), hasMore: older.length > size };
  }

  async *#file(preview: boolean, context: HandlerContext) {
    this.#known(context, {});
    this.previews += preview ? 1 : 0;
    yield { part: { case: "chunk" as const, value: new Uint8Array([1, 2, 3]) } };
  }

  async *#recording(context: HandlerContext) {
    this.#known(context, {});
    yield { part: { case: "mediaType" as const, value: "audio/mpeg" } };
    yield { part: { case: "chunk" as const, value: new Uint8Array([1, 2, 3]) } };
  }

  #send(request: SendCabinetMessageRequest): CabinetMessage {
    this.sends.push(request);
    this.beforeStore();
    const { clientMessageId, text } = request;
    const known = this.messages.find((message) => message.clientMessageId === clientMessageId);
    const message = known ?? this.#store(text, true, clientMessageId);
    this.afterStore();
    return message;
  }

  #store(
    text: string,
    mine: boolean,
    clientMessageId: string,
    attachments: CabinetMessage["attachments"] = [],
  ): CabinetMessage {
    const seq = this.messages.length + 1;
    const message = create(CabinetMessageSchema, {
      id: `msg_${seq}`,
      seq: BigInt(seq),
      mine,
      clientMessageId,
      authorName: mine ? "" : "Anna",
      text,
      createTime: timestampFromMs(Date.now()),
      attachments,
    });
    this.messages.push(message);
    if (!this.isSilent) for (const push of this.#streams) push(message);
    return message;
  }

  async *#watch(after: number, context: HandlerContext) {
    this.#known(context, {});
    this.watches.push(after);
    // A server over HTTP sends its headers at once; this transport sends them with the first word.
    yield { event: { case: "heartbeat" as const, value: {} } };
    const queue: (CabinetMessage | null)[] = this.messages.filter(({ seq }) => Number(seq) > after);
    let wake: () => void = () => undefined;
    const push = (message: CabinetMessage | null) => {
      queue.push(message);
      wake();
    };
    this.#streams.add(push);
    context.signal.addEventListener("abort", () => push(null));
    try {
      for (;;) {
        while (queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const message = queue.shift();
        if (!message) return;
        yield { event: { case: "message" as const, value: message } };
      }
    } finally {
      this.#streams.delete(push);
    }
  }
}

function token(context: HandlerContext): string {
  return context.requestHeader.get("authorization")?.replace("Bearer ", "") ?? "";
}
