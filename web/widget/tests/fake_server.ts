// A server of the visitor's contract in memory: enough of its promises to prove what the window does with them.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  Code,
  ConnectError,
  createClient,
  createRouterTransport,
  type HandlerContext,
} from "@connectrpc/connect";
import type { VisitorClient } from "../src/app/session";
import {
  type Attachment,
  AttachmentKind,
  AttachmentSchema,
  AttachmentState,
} from "../src/gen/beseda/conversations/v1/attachment_pb";
import {
  OnlineChatMode,
  type SendVisitorMessageRequest,
  type UploadVisitorFilePartRequest,
  type VisitorConversationSchema,
  type VisitorMessage,
  VisitorMessageSchema,
  VisitorService,
  type WatchVisitorResponseSchema,
} from "../src/gen/beseda/onlinechat/v1/visitor_service_pb";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb";

type Event = MessageInitShape<typeof WatchVisitorResponseSchema>["event"];
type ConversationInit = MessageInitShape<typeof VisitorConversationSchema>;

/** A refusal with its reason, as the server sends it. */
export function refusal(code: Code, reason: string): ConnectError {
  return new ConnectError(reason, code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "beseda" } },
  ]);
}

export class FakeServer {
  mode = OnlineChatMode.ONE_ACTIVE;
  visitorId = "vis_1";
  /** Streams say nothing. */
  isSilent = false;
  sessions = 0;
  /** Tokens that are no longer known. */
  readonly expired = new Set<string>();
  readonly messages: VisitorMessage[] = [];
  readonly finished = new Set<string>();
  /** What arrived, in order, with repetitions. */
  readonly sends: SendVisitorMessageRequest[] = [];
  readonly watches: number[] = [];
  readonly reads: { threadId: string; seq: number }[] = [];
  readonly resumeTokens: string[] = [];
  /** Files as far as they have come, by the browser's ids. */
  readonly files = new Map<string, Uint8Array>();
  readonly attachments = new Map<string, Attachment>();
  /** Places of the parts that came. */
  readonly parts: number[] = [];
  /** Called before a part is kept; throws to break the connection. */
  beforePart: (request: UploadVisitorFilePartRequest) => void = () => undefined;
  /** Called after a part is kept; throws to lose the answer. */
  afterPart: (request: UploadVisitorFilePartRequest) => void = () => undefined;
  /** Called before a message is stored; throws to refuse it. */
  beforeStore: (request: SendVisitorMessageRequest) => void = () => undefined;
  /** Called after a message is stored; throws to lose the answer. */
  afterStore: (request: SendVisitorMessageRequest) => void = () => undefined;
  /** Called when a session is asked for; throws to refuse it. */
  beforeSession: () => void = () => undefined;
  readonly #streams = new Set<(event: Event | null) => void>();

  readonly client: VisitorClient = createClient(
    VisitorService,
    createRouterTransport(({ service }) =>
      service(VisitorService, {
        startVisitorSession: (request) => this.#startSession(request.resumeToken),
        listVisitorConversations: (_, context) =>
          this.#known(context, { conversations: this.#conversations() }),
        listVisitorMessages: ({ threadId, beforeSeq, pageSize }, context) =>
          this.#known(context, this.#page(threadId, Number(beforeSeq), pageSize || 50)),
        uploadVisitorFilePart: (request, context) => this.#known(context, this.#takePart(request)),
        sendVisitorMessage: (request, context) => this.#known(context, this.#send(request)),
        markRead: ({ threadId, seq }) => {
          this.reads.push({ threadId, seq: Number(seq) });
          return {};
        },
        finishConversation: ({ threadId }) => {
          this.finished.add(threadId);
          return {};
        },
        watchVisitor: ({ afterSeq }, context) => this.#watch(Number(afterSeq), context),
      }),
    ),
  );

  /** The company writes. */
  answer(text: string, threadId = "", authorName = "Anna"): VisitorMessage {
    return this.#store({ mine: false, text, threadId, authorName, clientMessageId: "" });
  }

  /** All streams end, as when the server is restarted. */
  endStreams(): void {
    for (const push of [...this.#streams]) push(null);
  }

  announce(conversation: ConversationInit): void {
    for (const push of this.#streams) push({ case: "conversation", value: conversation });
  }

  #startSession(resumeToken: string) {
    this.beforeSession();
    this.sessions += 1;
    this.resumeTokens.push(resumeToken);
    return {
      sessionToken: `vst_${this.sessions}`,
      sessionExpireTime: timestampFromMs(Date.now() + 3_600_000),
      resumeToken: `vrt_${this.visitorId}`,
      visitorId: this.visitorId,
      fileTicket: `vft_${this.sessions}`,
      settings: {
        title: "Demo",
        mode: this.mode,
        showSenderName: true,
        maxTextLength: 4096,
        maxFileSize: 1_000_000n,
        maxFiles: 3,
        refusedFileEndings: ["exe"],
      },
    };
  }

  #known<T>(context: HandlerContext, answer: T): T {
    const token = context.requestHeader.get("authorization")?.replace("Bearer ", "") ?? "";
    if (!token.startsWith("vst_") || this.expired.has(token))
      throw refusal(Code.Unauthenticated, "TOKEN_EXPIRED");
    return answer;
  }

  #send(request: SendVisitorMessageRequest) {
    this.sends.push(request);
    this.beforeStore(request);
    const { clientMessageId, text, threadId, attachmentIds } = request;
    const attachments = attachmentIds
      .map((id) => this.attachments.get(id))
      .filter((file) => file !== undefined);
    const known = this.messages.find((message) => message.clientMessageId === clientMessageId);
    const message =
      known ?? this.#store({ mine: true, text, threadId, clientMessageId, authorName: "", attachments });
    this.afterStore(request);
    return { message, conversation: this.#conversation(threadId) };
  }

  #takePart(request: UploadVisitorFilePartRequest) {
    const { clientFileId, size, offset, chunk, fileName, kind, durationMs } = request;
    this.parts.push(chunk.length === 0 ? -1 : Number(offset));
    this.beforePart(request);
    const before = this.files.get(clientFileId) ?? new Uint8Array();
    const bytes = before.length === Number(offset) ? new Uint8Array([...before, ...chunk]) : before;
    this.files.set(clientFileId, bytes);
    this.afterPart(request);
    if (bytes.length < Number(size)) return { nextOffset: BigInt(bytes.length) };
    const id = `att_${clientFileId}`;
    const state = AttachmentState.READY;
    const isVoice = kind === AttachmentKind.VOICE;
    const mediaType = isVoice ? "audio/webm" : "image/png";
    const path = `/visitor-files/${id}`;
    const fields = { id, fileName, kind, durationMs, size, state, path, mediaType, hasPreview: !isVoice };
    const attachment = this.attachments.get(id) ?? create(AttachmentSchema, fields);
    this.attachments.set(id, attachment);
    return { nextOffset: size, attachment };
  }

  #store(fields: Omit<MessageInitShape<typeof VisitorMessageSchema>, "$typeName">): VisitorMessage {
    const seq = this.messages.length + 1;
    const createTime = timestampFromMs(1_700_000_000_000 + seq * 1_000);
    const message = create(VisitorMessageSchema, {
      ...fields,
      id: `msg_${seq}`,
      seq: BigInt(seq),
      createTime,
    });
    this.messages.push(message);
    if (!this.isSilent) for (const push of this.#streams) push({ case: "message", value: message });
    return message;
  }

  #conversations() {
    const threads = new Set(this.messages.map(({ threadId }) => threadId));
    return [...threads]
      .filter((threadId) => !this.finished.has(threadId))
      .map((id) => this.#conversation(id));
  }

  #conversation(threadId: string): ConversationInit {
    const messages = this.messages.filter((message) => message.threadId === threadId);
    const last = messages.at(-1);
    const readUpTo = Math.max(
      0,
      ...this.reads.filter((read) => read.threadId === threadId).map(({ seq }) => seq),
    );
    return {
      threadId,
      number: BigInt(1 + [...new Set(this.messages.map((message) => message.threadId))].indexOf(threadId)),
      lastSeq: last?.seq ?? 0n,
      lastText: last?.text ?? "",
      unreadCount: messages.filter(({ mine, seq }) => !mine && Number(seq) > readUpTo).length,
      canFinish: this.mode === OnlineChatMode.MULTIPLE,
      open: true,
      ...(last?.createTime && { updateTime: last.createTime }),
    };
  }

  #page(threadId: string, before: number, size: number) {
    const all = this.messages.filter(
      (message) => message.threadId === threadId && (before === 0 || Number(message.seq) < before),
    );
    return { messages: all.slice(-size), hasMore: all.length > size };
  }

  async *#watch(after: number, context: HandlerContext) {
    this.#known(context, null);
    this.watches.push(after);
    const queue: (Event | null)[] = this.messages
      .filter(({ seq }) => Number(seq) > after)
      .map((value) => ({ case: "message", value }));
    let wake: () => void = () => undefined;
    const push = (event: Event | null) => {
      queue.push(event);
      wake();
    };
    this.#streams.add(push);
    context.signal.addEventListener("abort", () => push(null));
    yield { event: { case: "heartbeat" as const, value: {} } };
    for (;;) {
      const event = queue.shift();
      if (event === null) break;
      if (event) yield { event };
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    this.#streams.delete(push);
  }
}
