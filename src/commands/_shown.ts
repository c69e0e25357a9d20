import { bodyOf } from "../core/room.ts";
import type { LogRecord } from "../wire/record.ts";
import type { Place, ShownBody, ShownRecord } from "./_render.ts";

/** Names that a record's ids stand for, at whoever shows it. */
export interface Names {
  /** Undefined: nobody, as for what the server itself recorded. */
  readonly from: string | undefined;
  readonly place: Place;
}

const SERVER = "server";

/** A record of the log as people see it. */
export function shownRecord(record: LogRecord, { from, place }: Names): ShownRecord {
  const { seq, time } = record.head;
  return { seq, timeUnixMs: time, place, from: from ?? SERVER, ...shownBody(record) };
}

function shownBody(record: LogRecord): ShownBody {
  const { kind } = record.head;
  if (kind === "room" || kind === "join" || kind === "leave") return { kind };
  if (record.erased !== undefined) return { kind: "erased" };
  const body = bodyOf(record);
  if (body === undefined) {
    return { kind: "damaged", reason: "what is stored is not what was recorded" };
  }
  const { text, topic } = body;
  if (kind === "topic") return { kind, topic: typeof topic === "string" ? topic : "" };
  if (kind === "action") return { kind, text: typeof text === "string" ? text : "" };
  return { kind: "text", text: typeof text === "string" ? text : "" };
}
