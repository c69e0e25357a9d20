/** Converts log records to text and JSON. */

import { unreachable } from "../../base/assert.ts";
import { formatUtc } from "../../base/time.ts";
import { defined, isCount } from "../../base/values.ts";
import {
  type ChatRecord,
  fieldsIn,
  groupChangeOf,
  importOriginOf,
} from "../../core/client/chat-record.ts";
import { type PollRules, pollRulesOf } from "../../core/rooms/polls.ts";
import { rulesOf } from "../../core/rooms/rules.ts";
import { type Body, isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";
import type { RoomRules } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import { NO_KEY } from "./damage.ts";
import type { Destination, DisplayRecord } from "./render.ts";

export interface RecordNames {
  readonly from: string | undefined;
  readonly destination: Destination;
}

interface PollJson extends Omit<PollRules, "until"> {
  readonly until?: string;
}

export type DisplayBody =
  | {
      readonly kind: "text" | "action";
      readonly text: string;
      readonly notice?: boolean;
      readonly re?: number;
      /** Shown only in the thread of `re`. */
      readonly thread?: boolean;
      readonly mentions?: readonly string[];
      readonly imported?: ImportOriginJson;
      readonly poll?: PollJson;
    }
  | { readonly kind: "edited"; readonly of: number; readonly text: string }
  | {
      readonly kind: "reaction";
      readonly re?: number;
      readonly react: string;
      readonly imported?: ImportOriginJson;
    }
  | { readonly kind: "room" }
  | { readonly kind: "join"; readonly addedBy?: string }
  /** `also` lists the seqs of edits and other messages that were erased with this message. */
  | { readonly kind: "erased"; readonly also?: readonly number[] }
  | { readonly kind: "retention"; readonly keepMs?: number }
  | { readonly kind: "pin"; readonly of: number; readonly on: boolean }
  /** The poll has ended. */
  | { readonly kind: "poll"; readonly of: number; readonly on: false }
  /** `voter` is the pseudonym of a voter in an anonymous poll. */
  | {
      readonly kind: "vote";
      readonly re: number;
      readonly choices: readonly number[];
      readonly voter?: string;
    }
  | { readonly kind: "receipts"; readonly on: boolean }
  /** `by` removed the member; absent if the member left. `removed`: the account was removed. */
  | {
      readonly kind: "leave";
      readonly by?: string;
      readonly removed?: boolean;
      readonly reason?: string;
    }
  | { readonly kind: "topic"; readonly topic: string }
  /** `until` is a UTC time as text; absent if the mute is permanent. */
  | { readonly kind: "mute"; readonly user: string; readonly on: boolean; readonly until?: string }
  | { readonly kind: "hand" | "knock"; readonly user: string; readonly on: boolean }
  | ({ readonly kind: "rules" } & RoomRules)
  | { readonly kind: "admission"; readonly user: string; readonly on: boolean }
  | { readonly kind: "grant"; readonly user: string; readonly on: boolean }
  | { readonly kind: "rename"; readonly was: string; readonly name: string; readonly user?: string }
  | { readonly kind: "close"; readonly on: boolean }
  | {
      readonly kind: "group";
      readonly added: number;
      readonly removed: number;
      readonly users?: readonly string[];
    }
  | { readonly kind: "remove" }
  /** Stands for `count` unreadable messages in a sealed room. JSON output never contains a gap. */
  | { readonly kind: "gap"; readonly count: number | undefined }
  | ({ readonly kind: "file" } & FileJson)
  | { readonly kind: "damaged" | "unreadable"; readonly reason: string };

/**
 * Original author and time of an imported message. The record's own `from` is the importing user.
 */
export interface ImportOriginJson {
  readonly from: string;
  readonly time: string;
}

export interface FileJson {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal SHA-256 of the checksums of all chunks. */
  readonly digest: string;
  readonly chunks: number;
  readonly folder?: { readonly entries: number };
  readonly text?: string;
}

const SERVER = "server";
const DECRYPT_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ["broken", "the encrypted message violates the protocol"],
  ["sender", "its sender may not send this"],
]);

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
export function displayBody(
  content: Pick<ChatRecord, "seq" | "kind" | "state" | "body"> & { readonly from: string },
): { seq: number; from: string } & DisplayBody {
  const { seq, from, state, body } = content;
  const kind = historyKindOf(content.kind);
  const fields = fieldsIn(content);
  const { name: user = "", on = false, seq: of = 0, text = "", was = "" } = fields;
  const reason = fields.reason || undefined;
  if (kind === "room") return { seq, from, kind };
  if (kind === "join") return { seq, from, kind, ...defined({ addedBy: fields.addedBy }) };
  if (kind === "leave") return { seq, from, kind, ...defined({ reason }) };
  if (state === "erased") return { seq, from, kind: "erased" };
  if (state === "damaged" || body === undefined) {
    return { seq, from, kind: "damaged", reason: "the stored text does not match the record" };
  }
  const origin = importOriginOf(body);
  const imported = origin && { from: origin.from, time: formatUtc(origin.timeUnixMs) };
  switch (kind) {
    case "text":
    case "action": {
      const notice = (kind === "text" && fields.notice === true) || undefined;
      const names = fields.mentions?.filter((name) => typeof name === "string");
      const mentions = names?.length === 0 ? undefined : names;
      const thread = (fields.thread === true && fields.re !== undefined) || undefined;
      const poll = kind === "text" ? pollOf(fields.poll) : undefined;
      const marks = { notice, re: fields.re, thread, mentions, imported, poll };
      return { seq, from, kind, text, ...defined(marks) };
    }
    case "reaction": {
      const { re, react = "" } = fields;
      return { seq, from, kind, ...defined({ re }), react, ...defined({ imported }) };
    }
    case "topic":
      return { seq, from, kind, topic: fields.topic ?? "" };
    case "kick": {
      const removed = fields.removed === true || undefined;
      return { seq, from: user, kind: "leave", by: from, ...defined({ removed, reason }) };
    }
    case "rename": {
      const renamed = fields.user === undefined ? undefined : was;
      return { seq, from, kind, was, name: user, ...defined({ user: renamed }) };
    }
    case "close":
    case "receipts":
      return { seq, from, kind, on };
    case "remove":
      return { seq, from, kind };
    case "edit":
      return { seq, from, kind: "edited", of, text };
    case "erase": {
      const also = fields.also?.filter(isCount) ?? [];
      return { seq: of, from, kind: "erased", also: also.length === 0 ? undefined : also };
    }
    case "retention":
      return { seq, from, kind, ...defined({ keepMs: fields.keepMs }) };
    case "pin":
      return { seq, from, kind, of, on };
    case "poll":
      return { seq, from, kind, of, on: false };
    case "vote": {
      const { re = 0, voter } = fields;
      const choices = (fields.choices ?? []).filter(isCount);
      return { seq, from, kind, re, choices, ...defined({ voter }) };
    }
    case "mute": {
      const until = fields.until === undefined ? undefined : formatUtc(fields.until);
      return { seq, from, kind, user, on, ...defined({ until }) };
    }
    case "file":
      return { seq, from, kind, ...fileBody(fields) };
    case "rules":
      return { seq, from, kind, ...rulesOf(fields) };
    case "admission":
    case "knock":
    case "hand":
    case "grant":
      return { seq, from, kind, user, on };
    case "group": {
      const { added, removed, users } = groupChangeOf(body);
      return { seq, from, kind, added, removed, users: users.length === 0 ? undefined : users };
    }
    case "sealed": {
      const failure = DECRYPT_FAILURES.get(body["reason"]) ?? NO_KEY;
      return { seq, from, kind: "unreadable", reason: failure };
    }
    case "checkpoint":
    case "fork":
    case "clock":
    case undefined: {
      const reason = `'${content.kind}' was written by a newer version; upgrade chat`;
      return { seq, from, kind: "unreadable", reason };
    }
    default:
      return unreachable(kind);
  }
}

function pollOf(value: unknown) {
  const rules = pollRulesOf(value);
  const until = rules?.until === undefined ? undefined : formatUtc(rules.until);
  return rules && defined({ ...rules, until });
}

function historyKindOf(kind: string): KindIn<"history"> | undefined {
  return isKnownKind(kind) && isOfLog(kind, "history") ? kind : undefined;
}

function fileBody(fields: Body<"file">): FileJson {
  const { file: id = "", name = "", size: sizeBytes = 0, digest = "", chunks = 0, text } = fields;
  const folder = fields.folder as { readonly entries?: unknown } | null | undefined;
  const entries = isCount(folder?.entries) ? folder.entries : 0;
  return {
    id,
    name,
    sizeBytes,
    digest,
    chunks,
    folder: folder == null ? undefined : { entries },
    text: text || undefined,
  };
}
