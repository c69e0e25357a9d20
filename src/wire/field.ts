/** Schemas that messages and files share. They check sizes; the state machines check meanings. */

import * as v from "valibot";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import {
  FILE_ID_LENGTH,
  FILES_PER_POST_MAX,
  MESSAGE_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  POST_BYTES,
  POST_LINES,
  ROOM_CHALKS,
  ROOM_MARK_BYTES_MAX,
  SLOW_SECONDS_MAX,
  TOPIC_BYTES_MAX,
  WALL_ROUND_MAX,
} from "../base/limits.ts";
import { UNIX_MS_MAX } from "../base/time.ts";

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** Unix milliseconds within the range of `Date`, so that a reader can format the time. */
export const unixMs = v.pipe(count, v.maxValue(UNIX_MS_MAX));
export const text = (bytesMax: number) => v.pipe(v.string(), v.maxBytes(bytesMax));
export const name = text(64);
export const target = text(65);
export const id = text(64);
export const secret = text(PASSWORD_BYTES_MAX);
export const bytes = (sizeMax: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= sizeMax);
export const exactBytes = (size: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === size);

export const KEY = exactBytes(32);
export const HASH = exactBytes(32);
export const NONCE = exactBytes(32);
export const SIGNATURE = exactBytes(64);

export const fileId = v.pipe(v.string(), v.length(FILE_ID_LENGTH), v.regex(/^f[A-Za-z0-9_-]+$/));

export const list = <Item extends v.GenericSchema>(item: Item, countMax: number, countMin = 0) =>
  v.pipe(v.array(item), v.minLength(countMin), v.maxLength(countMax));

export const addressList = (countMax: number) =>
  list(v.object({ host: text(255), port: positive }), countMax);

export const recordFields = {
  head: bytes(4096),
  salt: v.optional(exactBytes(16)),
  body: v.optional(bytes(MESSAGE_BYTES_MAX)),
  erased: v.optional(positive),
  /** Files that the body lists and that were erased without the message. */
  erasedFiles: v.optional(list(fileId, FILES_PER_POST_MAX)),
  damaged: v.optional(v.boolean()),
  /** Name of the account `by` in the head; absent if the server caused the record. */
  from: v.optional(name),
};

export interface RequestRow {
  readonly fields: v.ObjectEntries;
  readonly answer: v.GenericSchema;
  readonly phase?: "entering" | "lane";
  readonly nextPhase?: "entering" | "member" | "lane";
  /** A link has at most one unanswered exclusive request. */
  readonly isExclusive?: true;
  /** The server may delay its answer, because a client may guess the request's secret. */
  readonly isGuess?: true;
  readonly role?: "operator";
  /** `false`: also served before log-in, on a link that has presented the operator's token. */
  readonly needsAccount?: false;
  /** Cost of the request in posts, for the account's rate limit. */
  readonly postCount?: 1 | ((request: never) => number);
  /** The room engine applies the rate limit, so that posts keep their order. */
  readonly isLimitedByEngine?: true;
}

export function postCountOf(bytes: number, lines = 1): number {
  return Math.max(1, Math.ceil(bytes / POST_BYTES), Math.ceil(lines / POST_LINES));
}

/** The longest form of a UTF-16 code unit in JSON: `\u0000`. */
const UNIT_BYTES_MAX = 6;
const TEXT_FIELD_BYTES = 11;

/** @param body what the log stores with the text */
export function postCountOfText(text: string, body: object | string = text): number {
  const isTextOnly = typeof body === "string" || Object.keys(body).length === 1;
  const isShort = TEXT_FIELD_BYTES + UNIT_BYTES_MAX * text.length <= POST_BYTES;
  const json = isTextOnly && isShort ? "" : JSON.stringify(body);
  // UTF-8 needs at most three bytes per unit, so most texts need not be encoded.
  const bytes = 3 * json.length <= POST_BYTES ? 0 : utf8Encode(json).length;
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return postCountOf(bytes, lines);
}

/** Size of the value in a record's body. */
export function jsonBytes(value: unknown): number {
  return utf8Encode(JSON.stringify(value)).length;
}

/** `undefined` if the bytes are not UTF-8, the text is not JSON or the schema rejects the value. */
export function parseJson<Schema extends v.GenericSchema>(
  schema: Schema,
  json: Uint8Array | string,
): v.InferOutput<Schema> | undefined {
  try {
    const value: unknown = decodeJson(typeof json === "string" ? json : utf8Decode(json));
    const result = v.safeParse(schema, value);
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

/** A text of which the schema checks no more, such as an id that this server wrote. */
export const brandedText = <Text extends string>() =>
  v.custom<Text>((value) => typeof value === "string");

/** An object with any keys. Unlike `v.record`, rejects arrays. */
export const tableOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(
    v.custom<Readonly<Record<string, unknown>>>((value) => !Array.isArray(value)),
    v.record(v.string(), item),
  );

export const WHO = ["everyone", "moderators"] as const;
/** `private`: each member posts in a box of their own, which only the moderators read as well. */
export const POSTERS = [...WHO, "private"] as const;
/** Whether members still post in their boxes after the end of an assignment. */
export const BOX_RULES = ["closed", "open"] as const;
export const JOIN_RULES = ["open", "password", "approval"] as const;

const who = v.picklist(WHO);

export const WHO_ON_SERVER = ["everyone", "moderators", "operators"] as const;
export const ROOM_CREATORS = ["everyone", "operators"] as const;

export const serverRules = v.object({
  /** Users to and from whom direct messages are permitted: everyone if omitted. */
  direct: v.optional(v.picklist(WHO_ON_SERVER)),
  /** Users who may create rooms, and users who may send files: everyone if omitted. */
  rooms: v.optional(v.picklist(ROOM_CREATORS)),
  files: v.optional(v.picklist(WHO_ON_SERVER)),
});

/** A `scene` or `names` that older programs may not know, so that they still read the rest. */
const wallFields = {
  scene: v.optional(id),
  names: v.optional(id),
  /** An empty one removes it. */
  line: v.optional(text(TOPIC_BYTES_MAX)),
  /** Time that remains on the timer. In a request, 0 removes it. */
  leftMs: v.optional(count),
  /** People who speak one after the other. In a request, an empty list ends the round. */
  round: v.optional(list(name, WALL_ROUND_MAX)),
  /** Number of people in the round who have spoken. */
  turn: v.optional(count),
};

/** Fields of a wall that change. Omitted ones stay. */
export const wallChange = {
  on: v.optional(v.boolean()),
  /** Whether the timer runs. */
  runs: v.optional(v.boolean()),
  ...wallFields,
};

/**
 * Content of the walls of a room. There is a timer if it has a length, and it runs if it has an end
 * in Unix ms by the server's clock.
 */
export const wallState = v.object({
  lengthMs: v.optional(count),
  until: v.optional(unixMs),
  ...wallFields,
});

/** Face of a room: its sign on the colour of its id, except for what somebody has chosen. */
export const faceFields = {
  /** An emoji, or one or two letters or digits. In a request, an empty one removes it. */
  mark: v.optional(text(ROOM_MARK_BYTES_MAX)),
  /** Colour of the palette, from 1 on. In a request, 0 gives the room the colour of its id. */
  chalk: v.optional(v.pipe(count, v.maxValue(ROOM_CHALKS))),
};

export const roomFace = v.object(faceFields);

export const roomRules = v.object({
  /** Users who may post, and users who may set the topic: everyone if omitted. */
  post: v.optional(v.picklist(POSTERS)),
  topic: v.optional(who),
  /** Seconds between two messages of a member. */
  slow: v.optional(v.pipe(count, v.maxValue(SLOW_SECONDS_MAX))),
  /** `open` if omitted. */
  join: v.optional(v.picklist(JOIN_RULES)),
  /** Users who may mention everyone. If omitted, moderators, and everyone in small rooms. */
  everyone: v.optional(who),
  /** New accounts join the room. Only operators change this. */
  newcomers: v.optional(v.boolean()),
  /** `closed` if omitted. */
  boxes: v.optional(v.picklist(BOX_RULES)),
  /** Only in an assignment: Unix ms when work is due; 0 in a request removes it. */
  due: v.optional(unixMs),
});
