// The chat as the window keeps it, and how it is made of the contract's messages.

import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  OnlineChatMode,
  type VisitorChatSettings,
  type VisitorConversation,
  type VisitorMessage,
} from "../gen/beseda/onlinechat/v1/visitor_service_pb";
import { type StoredFile, toStoredFile } from "./files/file";
import { pictureAddress } from "./picture";

/** The conversation everything is in while the online chat has a single one. */
export const ONLY_THREAD = "";

export interface Settings {
  readonly title: string;
  readonly isMultiple: boolean;
  readonly maxTextLength: number;
  /** Address of the picture in the header; empty: none. */
  readonly avatar: string;
  /** "#rrggbb"; empty: the usual colour. */
  readonly accentColor: string;
  /** What the bot says to somebody who has not written yet; null while it is off. */
  readonly greeting: Greeting | null;
  /** The largest file, in bytes. */
  readonly maxFileSize: number;
  /** Files of one message at most. */
  readonly maxFiles: number;
  /** Endings of names of files that are not taken. */
  readonly refusedFileEndings: readonly string[];
}

export interface Greeting {
  /** Empty: the title of the window. */
  readonly name: string;
  readonly text: string;
}

export interface Message {
  readonly id: string;
  /** Place in the visitor's chat. */
  readonly seq: number;
  readonly isMine: boolean;
  readonly clientMessageId: string;
  readonly authorName: string;
  readonly text: string;
  readonly time: Date;
  readonly threadId: string;
  readonly files: readonly StoredFile[];
}

export interface Conversation {
  readonly threadId: string;
  readonly number: number;
  readonly lastSeq: number;
  readonly lastText: string;
  readonly time: Date;
  readonly unreadCount: number;
  readonly canFinish: boolean;
  readonly isOpen: boolean;
}

const DEFAULT_TEXT_LENGTH = 4096;

export function toSettings(wire: VisitorChatSettings | undefined): Settings {
  return {
    title: wire?.title ?? "",
    isMultiple: wire?.mode === OnlineChatMode.MULTIPLE,
    maxTextLength: wire?.maxTextLength || DEFAULT_TEXT_LENGTH,
    avatar: wire ? pictureAddress(wire.avatar) : "",
    accentColor: wire?.accentColor ?? "",
    greeting: wire?.greeting ? { name: wire.greeting.name, text: wire.greeting.text } : null,
    maxFileSize: Number(wire?.maxFileSize ?? 0),
    maxFiles: wire?.maxFiles ?? 0,
    refusedFileEndings: wire?.refusedFileEndings ?? [],
  };
}

export function toMessage(wire: VisitorMessage): Message {
  return {
    id: wire.id,
    seq: Number(wire.seq),
    isMine: wire.mine,
    clientMessageId: wire.clientMessageId,
    authorName: wire.authorName,
    text: wire.text,
    time: toDate(wire.createTime),
    threadId: wire.threadId,
    files: wire.attachments.map(toStoredFile),
  };
}

export function toConversation(wire: VisitorConversation): Conversation {
  return {
    threadId: wire.threadId,
    number: Number(wire.number),
    lastSeq: Number(wire.lastSeq),
    lastText: wire.lastText,
    time: toDate(wire.updateTime),
    unreadCount: wire.unreadCount,
    canFinish: wire.canFinish,
    isOpen: wire.open,
  };
}

function toDate(wire: Timestamp | undefined): Date {
  return wire ? timestampDate(wire) : new Date();
}
