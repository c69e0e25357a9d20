import { formatUtc } from "../base/time.ts";
import { bodyOf } from "../core/room.ts";
import type { LogRecord } from "../wire/record.ts";
import type { FileBody, Place, ShownBody, ShownRecord } from "./_render.ts";
import { saidBody } from "./_said.ts";

/** Names that a record's ids stand for, at whoever shows it. */
export interface Names {
  /** Undefined: nobody, as for what the server itself recorded. */
  readonly from: string | undefined;
  readonly place: Place;
}

/** A record as far as both a client and a folder know it. */
export interface Told {
  readonly seq: number;
  readonly kind: string;
  readonly from: string;
  readonly state: "whole" | "erased" | "damaged";
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const SERVER = "server";

/** A record of the log as people see it. */
export function shownRecord(record: LogRecord, { from, place }: Names): ShownRecord {
  const { seq, time, kind } = record.head;
  const body = bodyOf(record);
  const state = record.erased !== undefined ? "erased" : body === undefined ? "damaged" : "whole";
  return {
    timeUnixMs: time,
    place,
    ...shownWords({ seq, kind, from: from ?? SERVER, state, body }),
  };
}

/** Who and what: of some records another one than stands in their head. */
export function shownWords(told: Told): { seq: number; from: string } & ShownBody {
  const { seq, from, kind, state } = told;
  if (kind === "room" || kind === "join" || kind === "leave") return { seq, from, kind };
  if (state === "erased") return { seq, from, kind: "erased" };
  const body = told.body ?? {};
  if (state === "damaged" || told.body === undefined) {
    return { seq, from, kind: "damaged", reason: "what is stored is not what was recorded" };
  }
  const word = (key: string): string => (typeof body[key] === "string" ? body[key] : "");
  const count = (key: string): number => (typeof body[key] === "number" ? body[key] : 0);
  switch (kind) {
    case "text":
    case "action":
    case "reaction":
      return { seq, from, ...saidBody(kind, body) };
    case "topic":
      return { seq, from, kind, topic: word("topic") };
    case "kick":
      return { seq, from: word("name"), kind: "leave", by: from };
    case "edit":
      return { seq, from, kind: "edited", of: count("seq"), text: word("text") };
    case "erase":
      return { seq: count("seq"), from, kind: "erased" };
    case "mute": {
      const until = body["until"] === undefined ? {} : { until: formatUtc(count("until")) };
      return { seq, from, kind, user: word("name"), on: body["on"] === true, ...until };
    }
    case "file":
      return { seq, from, kind, ...fileBody(body) };
    case "grant":
      return { seq, from, kind, user: word("name"), on: body["on"] === true };
    default:
      return { seq, from, kind: "unreadable", reason: `'${kind}' is of a later version` };
  }
}

/** Of the body of a `file` record: other people's programs wrote it, so nothing is sure. */
export function fileBody(body: Readonly<Record<string, unknown>>): FileBody {
  const word = (value: unknown) => (typeof value === "string" ? value : "");
  const folder = body["folder"] as { readonly entries?: unknown } | null | undefined;
  return {
    id: word(body["file"]),
    name: word(body["name"]),
    sizeBytes: countIn(body["size"]),
    digest: word(body["digest"]),
    chunks: countIn(body["chunks"]),
    ...(folder == null ? {} : { folder: { entries: countIn(folder.entries) } }),
  };
}

function countIn(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
}
