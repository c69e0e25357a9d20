/** Converts log records to text and JSON. */

import { unreachable } from "../../base/assert.ts";
import type { FileId } from "../../base/ids.ts";
import { formatUtc } from "../../base/time.ts";
import { defined, isCount } from "../../base/values.ts";
import {
  type ChatRecord,
  fieldsIn,
  hasExpired,
  importOriginOf,
} from "../../core/client/chat-record.ts";
import {
  type EventFacts,
  type EventKind,
  eventFactsOf,
  isEventKind,
} from "../../core/client/event-facts.ts";
import { isHiddenEvent } from "../../core/model/item.ts";
import { erasedFilesIn, type FileBody, filesIn } from "../../core/rooms/files.ts";
import { type PollRules, pollRulesOf } from "../../core/rooms/polls.ts";
import { knownStamp } from "../../core/rooms/stamps.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import { type Body, isKnownKind, isOfLog, type KindIn, type KindWith } from "../../wire/kinds.ts";
import type { Stamp } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { Destination, DisplayRecord } from "./render.ts";

export interface RecordNames {
  readonly from: string | undefined;
  readonly destination: Destination;
  /** How long the room keeps messages, and the time that tells which erased ones have expired. */
  readonly keepMs?: number | undefined;
  readonly nowUnixMs?: number;
}

interface PollJson extends Omit<PollRules, "until"> {
  readonly until?: string;
}

interface ReplyJson {
  readonly re?: number;
  /** Shown only in the thread of `re`. */
  readonly thread?: boolean;
}

export type DisplayBody =
  | ({
      readonly kind: "text" | "action";
      readonly text: string;
      readonly notice?: boolean;
      /** A moderator's answer to the work in a box. */
      readonly stamp?: Stamp;
      readonly mentions?: readonly string[];
      readonly imported?: ImportOriginJson;
      readonly poll?: PollJson;
    } & ReplyJson)
  | { readonly kind: "edited"; readonly of: number; readonly text: string }
  | {
      readonly kind: "reaction";
      readonly re?: number;
      readonly react: string;
      readonly imported?: ImportOriginJson;
    }
  | { readonly kind: "room" | "remove" | "wall" }
  | { readonly kind: EventKind; readonly event: EventFacts }
  /**
   * `also` lists the seqs of edits and other messages that were erased with this message.
   * `isHidden`: it was an event, and only JSON output has a line for it.
   */
  | {
      readonly kind: "erased";
      readonly also?: readonly number[];
      /** Erased because its room keeps messages for a limited time. */
      readonly expired?: true;
      readonly isHidden?: true;
    }
  /** Files of the message `seq`, which stays. */
  | { readonly kind: "erased-files"; readonly files: readonly string[] }
  /** The poll has ended. `key` opens the ballots of a poll that has hidden its votes. */
  | { readonly kind: "poll"; readonly of: number; readonly on: false; readonly key?: string }
  /**
   * `voter` is the pseudonym of a voter in an anonymous poll. A poll that hides its votes until its
   * end has a `ballot` in place of `choices`; `hidden`: shown only to people who have voted.
   */
  | {
      readonly kind: "vote";
      readonly re: number;
      readonly choices?: readonly number[];
      readonly ballot?: string;
      readonly hidden?: true;
      readonly voter?: string;
    }
  /** Stands for `count` unreadable messages in a sealed room. JSON output never contains a gap. */
  | {
      readonly kind: "gap";
      readonly count: number | undefined;
      /** As in `unreadable`. */
      readonly waitsFor?: string | undefined;
    }
  | ({
      readonly kind: "file";
      /** Caption. */
      readonly text?: string;
      readonly mentions?: readonly string[];
      readonly files: readonly FileFacts[];
      /** Files that were erased without the message. */
      readonly erasedFiles?: readonly Pick<FileJson, "id" | "name">[];
    } & ReplyJson)
  | { readonly kind: "damaged"; readonly reason: string }
  | {
      readonly kind: "unreadable";
      readonly reason: string;
      /** User about whose key the reader must decide first. */
      readonly waitsFor?: string;
    };

/**
 * Original author and time of an imported message. The record's own `from` is the importing user.
 */
export interface ImportOriginJson {
  readonly from: string;
  readonly time: string;
}

export interface FileJson {
  readonly id: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal SHA-256 of the checksums of all chunks. */
  readonly digest: string;
  readonly chunks: number;
  readonly folder?: { readonly entries: number };
}

/** File of a message. */
export interface FileFacts extends FileJson {
  readonly details?: FileDetails | undefined;
}

const SERVER = "server";
/** Reason given for messages whose key this device can never receive. */
export const NO_KEY = "encrypted, and this device does not have the key";
const DECRYPT_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ["broken", "the encrypted message violates the protocol"],
  ["refused", "sent after a change of the room that this device has refused"],
  ["sender", "its sender may not send this"],
]);

export function displayRecord(
  record: LogRecord,
  { from, destination, keepMs, nowUnixMs = 0 }: RecordNames,
): DisplayRecord {
  const { seq, time, kind } = record.head;
  const body = parseBody(record);
  const state = record.erased !== undefined ? "erased" : body === undefined ? "damaged" : "whole";
  const expired = state === "erased" ? hasExpired(time, keepMs, nowUnixMs) : undefined;
  return {
    timeUnixMs: time,
    destination,
    ...displayBody({ seq, kind, from: from ?? SERVER, state, body, hasExpired: expired }),
  };
}

function waitingBody(seq: number, from: string, waitsFor: string) {
  const reason = `encrypted, and waits for your decision about ${waitsFor}'s key`;
  return { seq, from, kind: "unreadable", reason, waitsFor } as const;
}

/** Returns the displayed body. The displayed `seq` of an erasure is that of the erased message. */
export function displayBody(
  content: Pick<ChatRecord, "seq" | "kind" | "state" | "body" | "hasExpired" | "waitsFor"> & {
    readonly from: string;
  },
): { seq: number; from: string } & DisplayBody {
  const { seq, from, state, body } = content;
  const kind = historyKindOf(content.kind);
  const fields = fieldsIn(content);
  const { seq: of = 0, text = "" } = fields;
  if (kind === "room") return { seq, from, kind };
  if (kind === "join" || kind === "leave") {
    return { seq, from, kind, event: eventFactsOf(content, fields) };
  }
  if (state === "erased") {
    const isHidden = isHiddenEvent({ kind: content.kind, state }) || undefined;
    const expired = content.hasExpired;
    return { seq, from, kind: "erased", ...defined({ expired, isHidden }) };
  }
  if (state === "damaged" || body === undefined) {
    return { seq, from, kind: "damaged", reason: "the stored text does not match the record" };
  }
  if (kind !== undefined && isEventKind(kind)) {
    return { seq, from, kind, event: eventFactsOf(content, fields) };
  }
  const origin = importOriginOf(body);
  const imported = origin && { from: origin.from, time: formatUtc(origin.timeUnixMs) };
  switch (kind) {
    case "text":
    case "action": {
      const notice = (kind === "text" && fields.notice === true) || undefined;
      const mentions = mentionsOf(fields);
      const poll = kind === "text" ? pollOf(fields.poll) : undefined;
      const stamp = kind === "text" ? knownStamp(fields.stamp) : undefined;
      const marks = { notice, stamp, ...replyOf(fields), mentions, imported, poll };
      return { seq, from, kind, text, ...defined(marks) };
    }
    case "reaction": {
      const { re, react = "" } = fields;
      return { seq, from, kind, ...defined({ re }), react, ...defined({ imported }) };
    }
    case "remove":
    case "wall":
      return { seq, from, kind };
    case "edit":
      return { seq, from, kind: "edited", of, text };
    case "erase": {
      if (fields.seq === undefined && fields.of !== undefined) {
        const files = (fields.files ?? []).filter((file) => typeof file === "string");
        return { seq: fields.of, from, kind: "erased-files", files };
      }
      const also = fields.also?.filter(isCount) ?? [];
      const expired = body["retention"] === true || undefined;
      const others = also.length === 0 ? undefined : also;
      const by = expired === true ? SERVER : from;
      return { seq: of, from: by, kind: "erased", also: others, ...defined({ expired }) };
    }
    case "poll":
      return { seq, from, kind, of, on: false, ...defined({ key: fields.key }) };
    case "vote": {
      const { re = 0, voter, ballot } = fields;
      const choices = ballot === undefined ? (fields.choices ?? []).filter(isCount) : undefined;
      const hidden = fields.hidden || undefined;
      return { seq, from, kind, re, ...defined({ choices, ballot, hidden, voter }) };
    }
    case "file": {
      const text = fields.text || undefined;
      const mentions = mentionsOf(fields);
      const files = filesIn(body).map(fileFacts);
      const erased = erasedFilesIn(body).map(({ file: id, name }) => ({ id, name }));
      const erasedFiles = erased.length === 0 ? undefined : erased;
      const message = defined({ text, ...replyOf(fields), mentions });
      return { seq, from, kind, ...message, files, ...defined({ erasedFiles }) };
    }
    case "sealed": {
      if (content.waitsFor !== undefined) return waitingBody(seq, from, content.waitsFor);
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

type Json = Readonly<Record<string, unknown>>;

const affected = ({ subject: user = "", on = false }: EventFacts) => ({ user, on });
const reasonOf = ({ text }: EventFacts) => (text === "" ? undefined : text);

/** Fields of each event in JSON, in the order on which scripts depend. */
const EVENT_JSON: Readonly<Record<EventKind, (event: EventFacts, from: string) => Json>> = {
  join: ({ subject: addedBy }) => ({ addedBy }),
  leave: (event) => ({ reason: reasonOf(event) }),
  // The removed member is the author of a departure with `by`.
  kick: (event, by) => ({
    kind: "leave",
    from: event.subject ?? "",
    by,
    removed: event.isRemoved || undefined,
    reason: reasonOf(event),
  }),
  topic: ({ text: topic }) => ({ topic }),
  mute: (event) => {
    const { untilUnixMs } = event;
    const until = untilUnixMs === undefined ? undefined : formatUtc(untilUnixMs);
    return { ...affected(event), until };
  },
  admission: affected,
  grant: affected,
  hand: (event) => ({ ...affected(event), call: event.isCall }),
  knock: affected,
  rename: ({ oldName, oldRoomName = "", subject: name = "" }) => ({
    was: oldName ?? oldRoomName,
    name,
    user: oldName,
  }),
  close: ({ on = false }) => ({ on }),
  receipts: ({ on = false }) => ({ on }),
  pin: ({ re: of = 0, on = false }) => ({ of, on }),
  retention: ({ keepMs }) => ({ keepMs }),
  rules: ({ rules = {} }) => ({ ...rules }),
  profile: ({ text, on }) => ({ title: on === undefined ? undefined : text }),
  group: ({ group }) => {
    const { added = 0, removed = 0, users = [] } = group ?? {};
    return { added, removed, users: users.length === 0 ? undefined : users };
  },
};

/** Names of the details of a file in JSON; `undefined` for one that scripts do not get. */
const DETAIL_NAMES: Readonly<Record<keyof AllFileDetails, string | undefined>> = {
  mode: undefined,
  mtimeMs: undefined,
  durationMs: "durationMs",
  peaks: undefined,
};

function detailsJson(details: FileDetails = {}): Json {
  const named = (Object.keys(DETAIL_NAMES) as (keyof FileDetails)[]).flatMap((detail) => {
    const name = DETAIL_NAMES[detail];
    return name === undefined ? [] : [[name, details[detail]]];
  });
  return Object.fromEntries(named);
}

/** Body and author in JSON. */
export function bodyJson(
  body: { readonly from: string } & DisplayBody,
): Json & { readonly kind: string; readonly from: string } {
  if (body.kind === "file") {
    const { files, ...message } = body;
    return { ...message, files: files.map(fileJson) };
  }
  if (body.kind === "erased") {
    const { isHidden: _, ...erased } = body;
    return erased;
  }
  if (!("event" in body)) return { ...body };
  const { kind, from, event, ...marks } = body;
  return { kind, from, ...EVENT_JSON[kind](event, from), ...marks };
}

function pollOf(value: unknown) {
  const rules = pollRulesOf(value);
  const until = rules?.until === undefined ? undefined : formatUtc(rules.until);
  return rules && defined({ ...rules, until });
}

function historyKindOf(kind: string): KindIn<"history"> | undefined {
  return isKnownKind(kind) && isOfLog(kind, "history") ? kind : undefined;
}

function mentionsOf({ mentions }: Body<KindWith<"message">>): readonly string[] | undefined {
  const names = mentions?.filter((name) => typeof name === "string");
  return names?.length === 0 ? undefined : names;
}

function replyOf({ re, thread }: Body<KindWith<"message">>) {
  return { re, thread: (thread === true && re !== undefined) || undefined };
}

function fileFacts({ file: id, size: sizeBytes, folder, ...file }: FileBody): FileFacts {
  const { name, digest, chunks, details } = file;
  const entries = folder && { entries: folder.entries };
  return { id, name, sizeBytes, digest, chunks, folder: entries, details };
}

/** Scripts depend on the field order. */
export function fileJson({ details, ...file }: FileFacts): Json {
  return { ...file, ...detailsJson(details) };
}
