/** Converts log records to text and JSON. */

import { unreachable } from "../../base/assert.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { importOriginOf } from "../../core/client/chat-record.ts";
import { isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";
import type { LogRecord } from "../../wire/record.ts";
import { parseBody } from "../../wire/record.ts";
import type { Destination, DisplayBody, DisplayRecord, FileBody } from "./render.ts";
import { NO_KEY } from "./unreadable-runs.ts";

export interface RecordNames {
  readonly from: string | undefined;
  readonly destination: Destination;
}

export interface RecordContent {
  readonly seq: number;
  readonly kind: string;
  readonly from: string;
  readonly state: "whole" | "erased" | "damaged";
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const SERVER = "server";
const DECRYPT_FAILURES: Readonly<Record<string, string>> = {
  broken: "the encrypted message violates the protocol",
  sender: "its sender may not send this",
};

export function displayRecord(
  record: LogRecord,
  { from, destination }: RecordNames,
): DisplayRecord {
  const { seq, time, kind } = record.head;
  const body = parseBody(record);
  const state = record.erased !== undefined ? "erased" : body === undefined ? "damaged" : "whole";
  return {
    timeUnixMs: time,
    destination,
    ...displayBody({ seq, kind, from: from ?? SERVER, state, body }),
  };
}

/**
 * Returns the displayed body and author. For some kinds, the displayed author differs from the
 * author in the record's head.
 */
export function displayBody(content: RecordContent): { seq: number; from: string } & DisplayBody {
  const { seq, from, state } = content;
  const kind = historyKindOf(content.kind);
  if (kind === "room" || kind === "join") return { seq, from, kind };
  if (kind === "leave") return { seq, from, kind, ...reasonIn(content.body) };
  if (state === "erased") return { seq, from, kind: "erased" };
  const body = content.body ?? {};
  if (state === "damaged" || content.body === undefined) {
    return { seq, from, kind: "damaged", reason: "the stored text does not match the record" };
  }
  const textOf = (key: string): string => (typeof body[key] === "string" ? body[key] : "");
  const numberOf = (key: string): number => (typeof body[key] === "number" ? body[key] : 0);
  switch (kind) {
    case "text":
    case "action":
    case "reaction":
      return { seq, from, ...messageBody(kind, body) };
    case "topic":
      return { seq, from, kind, topic: textOf("topic") };
    case "kick": {
      const removed = body["removed"] === true || undefined;
      const reason = reasonIn(body);
      return {
        seq,
        from: textOf("name"),
        kind: "leave",
        by: from,
        ...defined({ removed }),
        ...reason,
      };
    }
    case "rename": {
      const user = body["user"] === undefined ? undefined : textOf("was");
      return { seq, from, kind, was: textOf("was"), name: textOf("name"), ...defined({ user }) };
    }
    case "close":
      return { seq, from, kind, on: body["on"] === true };
    case "remove":
      return { seq, from, kind };
    case "edit":
      return { seq, from, kind: "edited", of: numberOf("seq"), text: textOf("text") };
    case "erase":
      return { seq: numberOf("seq"), from, kind: "erased", ...alsoErased(body["also"]) };
    case "retention": {
      const keepMs = body["keepMs"] === undefined ? undefined : numberOf("keepMs");
      return { seq, from, kind, ...defined({ keepMs }) };
    }
    case "pin":
      return { seq, from, kind, of: numberOf("seq"), on: body["on"] === true };
    case "receipts":
      return { seq, from, kind, on: body["on"] === true };
    case "mute": {
      const until = body["until"] === undefined ? undefined : formatUtc(numberOf("until"));
      const on = body["on"] === true;
      return { seq, from, kind, user: textOf("name"), on, ...defined({ until }) };
    }
    case "file":
      return { seq, from, kind, ...fileBody(body) };
    case "admission":
    case "grant":
      return { seq, from, kind, user: textOf("name"), on: body["on"] === true };
    case "group":
      return { seq, from, kind, ...groupBody(body) };
    case "sealed":
      return {
        seq,
        from,
        kind: "unreadable",
        reason: DECRYPT_FAILURES[textOf("reason")] ?? NO_KEY,
      };
    case "checkpoint":
    case "fork":
    case "clock":
    case undefined: {
      const reason = `'${content.kind}' needs a later version`;
      return { seq, from, kind: "unreadable", reason };
    }
    default:
      return unreachable(kind);
  }
}

function reasonIn(body: RecordContent["body"]): { readonly reason?: string } {
  const reason = body?.["reason"];
  return typeof reason === "string" && reason !== "" ? { reason } : {};
}

function historyKindOf(kind: string): KindIn<"history"> | undefined {
  return isKnownKind(kind) && isOfLog(kind, "history") ? kind : undefined;
}

function groupBody(body: Readonly<Record<string, unknown>>) {
  const { added, removed } = body;
  const devices = [added, removed].flatMap((list) => (Array.isArray(list) ? list : []));
  // Decrypted records contain user names; the server's records contain only ids.
  const users = devices.map((device: { readonly user?: unknown } | null) => device?.user);
  const uniqueNames = [...new Set(users.filter((user) => typeof user === "string"))];
  return {
    added: lengthOf(added),
    removed: lengthOf(removed),
    ...(uniqueNames.length === 0 ? {} : { users: uniqueNames }),
  };
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function alsoErased(also: unknown): { readonly also?: readonly number[] } {
  const seqs = Array.isArray(also) ? also.filter((seq) => Number.isSafeInteger(seq)) : [];
  return seqs.length === 0 ? {} : { also: seqs };
}

function messageBody(
  kind: "text" | "action" | "reaction",
  body: Readonly<Record<string, unknown>> | undefined,
): DisplayBody {
  const { text, re, react, mentions } = body ?? {};
  const origin = importOriginOf(body);
  const repliedSeq = Number.isSafeInteger(re) ? Number(re) : undefined;
  const imported = origin && { from: origin.from, time: formatUtc(origin.timeUnixMs) };
  if (kind === "reaction") {
    const sign = typeof react === "string" ? react : "";
    return { kind, ...defined({ re: repliedSeq }), react: sign, ...defined({ imported }) };
  }
  const names = Array.isArray(mentions) ? mentions.filter((name) => typeof name === "string") : [];
  const named = names.length === 0 ? undefined : names;
  const notice = (kind === "text" && body?.["notice"] === true) || undefined;
  const fields = defined({ notice, re: repliedSeq, mentions: named, imported });
  return { kind, text: typeof text === "string" ? text : "", ...fields };
}

/** Clients write bodies, so any field may be missing or malformed. */
export function fileBody(body: Readonly<Record<string, unknown>>): FileBody {
  const textOf = (value: unknown) => (typeof value === "string" ? value : "");
  const folder = body["folder"] as { readonly entries?: unknown } | null | undefined;
  return {
    id: textOf(body["file"]),
    name: textOf(body["name"]),
    sizeBytes: countIn(body["size"]),
    digest: textOf(body["digest"]),
    chunks: countIn(body["chunks"]),
    ...(folder == null ? {} : { folder: { entries: countIn(folder.entries) } }),
    ...(textOf(body["text"]) === "" ? {} : { text: textOf(body["text"]) }),
  };
}

function countIn(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
}
