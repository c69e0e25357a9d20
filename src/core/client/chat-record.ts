/** Records that a client has received and checked against their heads. */

import { isDisplayName } from "../../base/display-names.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { boxNames } from "../../base/names.ts";
import { UNIX_MS_MAX } from "../../base/time.ts";
import { isCount } from "../../base/values.ts";
import { type Body, fieldsOf, isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";
import type { Answer, RoomEntry, WireRecord } from "../../wire/messages.ts";
import { commitment, parseObject } from "../../wire/record.ts";
import { withErasedFiles } from "../rooms/files.ts";

export interface RoomView {
  /** `person`: a direct conversation, named after the other user. */
  readonly kind: "room" | "person";
  readonly name: string;
  readonly id: RoomId;
  /** Display name of a room, or of the assignment room of a box. */
  readonly title?: string | undefined;
  readonly topic: string;
  readonly keepMs?: number | undefined;
  readonly isSealed?: boolean;
  /** The other members of a group; `undefined` in rooms and direct conversations. */
  readonly people?: readonly string[] | undefined;
  /** Whether the user's posts belong in a box, because only moderators post in this room. */
  readonly isBoxed?: boolean;
  /** Names that lead to the room unless another one has them. */
  readonly formerNames?: readonly string[];
}

export interface ChatRecord {
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** RecordKind (wire/kinds), or a kind that only later versions know. */
  readonly kind: string;
  readonly room: RoomView;
  /** `undefined` if the server itself caused the record. */
  readonly from: string | undefined;
  /** Id of the author's account. */
  readonly by?: string | undefined;
  /** The author's key has changed, and the user has not accepted it. */
  readonly hasNewKey?: boolean;
  readonly id: string;
  /** Salted hash of the body, which identifies the record; absent if this device archived it. */
  readonly commit?: string | undefined;
  /**
   * `damaged`: the body does not match the commitment in the head. Erased and damaged records have
   * no body.
   */
  readonly state: "whole" | "erased" | "damaged";
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Erased and, when it was read, older than its room keeps messages. */
  readonly hasExpired?: true | undefined;
  /** For a sealed room: whether this device could decrypt the record. */
  readonly sealed?: "open" | "closed";
  readonly withheld?: number;
  /** User about whose key the reader must decide before this device reads the record. */
  readonly waitsFor?: string;
}

interface WireHead {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
  readonly kind: string;
  readonly room: string;
  readonly by?: string;
  readonly id: string;
  readonly commit: string;
}

export type HeadedRecord = { readonly head: WireHead; readonly record: WireRecord };

export function roomViewOf(entry: RoomEntry): RoomView {
  const kind = entry.with === undefined ? "room" : "person";
  const name = entry.with ?? entry.name;
  if (name === undefined)
    throw new Fault("frame-malformed", "the server sent a room without a name or user");
  return {
    kind,
    name,
    id: entry.room as RoomId,
    title: shownTitle(entry.title),
    topic: entry.topic ?? "",
    keepMs: entry.keepMs,
    isSealed: entry.sealed || undefined,
    people: entry.people,
    formerNames: entry.was,
  };
}

/** Display name that a server has sent, unless it could imitate something else. */
export function shownTitle(title: string | undefined): string | undefined {
  return title !== undefined && isDisplayName(title) ? title : undefined;
}

/**
 * Name of a room on a screen: its display name or, failing that, its name; for a group, the title
 * that a member set, or the other members.
 */
export function titleOf({ name, title, topic, people }: Omit<RoomView, "id" | "kind">): string {
  if (people !== undefined) return topic || people.join(", ") || name;
  if (title === undefined) return name;
  const box = boxNames(name);
  return box === undefined ? title : `${title}@${box.user}`;
}

/** Line below the title: the topic or, in a group with a topic as its title, the other members. */
export function subtitleOf({ topic, people }: Pick<RoomView, "topic" | "people">): string {
  if (people === undefined) return topic;
  return topic === "" ? "" : people.join(", ");
}

export function readHead(record: WireRecord): HeadedRecord {
  const head = parseObject(record.head);
  if (head === undefined || !isHead(head)) {
    throw new Fault("frame-malformed", "the server sent an invalid record head");
  }
  return { head, record };
}

/** @param nowUnixMs tells which erased records have expired */
export function resolveRecord(
  headed: HeadedRecord,
  room: RoomView,
  sha256: Sha256,
  nowUnixMs = 0,
): ChatRecord {
  const { head, record } = headed;
  const body = verifiedBody(headed, sha256);
  return {
    seq: head.seq,
    n: head.n,
    timeUnixMs: head.time,
    kind: head.kind,
    room,
    from: record.from,
    by: head.by,
    id: head.id,
    commit: head.commit,
    hasExpired: body.state === "erased" ? hasExpired(head.time, room.keepMs, nowUnixMs) : undefined,
    ...body,
  };
}

/** Records do not tell why they were erased, so the age decides. */
export function hasExpired(
  sentUnixMs: number,
  keepMs: number | undefined,
  nowUnixMs: number,
): true | undefined {
  return (keepMs !== undefined && sentUnixMs + keepMs <= nowUnixMs) || undefined;
}

export function verifiedBody(
  { head, record }: HeadedRecord,
  sha256: Sha256,
): Pick<ChatRecord, "state" | "body"> {
  if (record.damaged === true) return { state: "damaged", body: undefined };
  if (record.erased !== undefined) return { state: "erased", body: undefined };
  const { salt, body: bytes } = record;
  if (salt === undefined || bytes === undefined) return { state: "damaged", body: undefined };
  if (commitment(salt, bytes, sha256) !== head.commit) return { state: "damaged", body: undefined };
  const body = parseObject(bytes);
  if (body === undefined) return { state: "damaged", body };
  return { state: "whole", body: withErasedFiles(body, record.erasedFiles ?? []) };
}

export function readPage(
  page: Answer<"history">,
  sha256: Sha256,
  nowUnixMs?: number,
): ChatRecord[] {
  const rooms = new Map(page.rooms.map((entry) => [entry.room, roomViewOf(entry)]));
  return page.records.map((record) => {
    const headed = readHead(record);
    const room = rooms.get(headed.head.room);
    if (room === undefined)
      throw new Fault(
        "frame-malformed",
        "a page of history refers to a room that it does not list",
      );
    return resolveRecord(headed, room, sha256, nowUnixMs);
  });
}

function isHead(value: unknown): value is WireHead {
  const head = value as Readonly<Record<keyof WireHead, unknown>>;
  return (
    isCount(head.seq) &&
    isCount(head.n) &&
    isCount(head.time) &&
    Number(head.time) <= UNIX_MS_MAX &&
    typeof head.kind === "string" &&
    typeof head.room === "string" &&
    typeof head.id === "string" &&
    typeof head.commit === "string"
  );
}

export interface ImportOrigin {
  /** Author's name in the original program: any text, never an account of this server. */
  readonly from: string;
  readonly timeUnixMs: number;
}

export function importOriginOf(
  body: Readonly<Record<string, unknown>> | undefined,
): ImportOrigin | undefined {
  const value = body?.["imported"];
  if (typeof value !== "object" || value === null) return undefined;
  const { from, time } = value as { readonly from?: unknown; readonly time?: unknown };
  const isMoment = isCount(time) && Number(time) <= UNIX_MS_MAX;
  // A malformed origin still marks the message as imported, so that the importing user never
  // appears as its author.
  return {
    from: typeof from === "string" && from !== "" ? from : "?",
    timeUnixMs: isMoment ? Number(time) : 0,
  };
}

/** Returns the fields that have the type of the record's kind: none if the kind is unknown. */
export function fieldsIn({
  kind,
  body,
}: Pick<ChatRecord, "kind" | "body">): Body<KindIn<"history">> {
  const isKnown = body !== undefined && isKnownKind(kind) && isOfLog(kind, "history");
  return isKnown ? fieldsOf<KindIn<"history">>(kind, body) : {};
}

export interface GroupChangeFacts {
  readonly isCreation: boolean;
  /** Numbers of devices. */
  readonly added: number;
  readonly removed: number;
  /** Known only if this device decrypted the change; the server's record contains user ids. */
  readonly users: readonly string[];
}

export function groupChangeOf(body: ChatRecord["body"]): GroupChangeFacts {
  const { change, epoch, added, removed } = body ?? {};
  const users = [...listOf(added), ...listOf(removed)].map(
    (device) => (device as { readonly user?: unknown } | null)?.user,
  );
  return {
    isCreation: change === "create" || epoch === 0,
    added: listOf(added).length,
    removed: listOf(removed).length,
    users: [...new Set(users.filter((user) => typeof user === "string"))],
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
