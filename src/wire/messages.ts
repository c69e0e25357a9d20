import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import {
  GREP_BYTES_MAX,
  MENTIONS_MAX,
  MESSAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PASSWORD_BYTES_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  WELCOME_BYTES_MAX,
} from "../base/limits.ts";

/**
 * Every message of the protocol, once: types, checks, documentation and fuzzers come from here.
 * One msgpack map a message, `kind` first. Requests carry `ref` and get exactly one `ok` or `fault`
 * with that `ref`. Names are checked by the machines, so that a bad one is the user's fault.
 */

export const VERSION = 1;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const ref = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(0xffffffff));
const text = (bytesMax: number) => v.pipe(v.string(), v.maxBytes(bytesMax));
const name = text(64);
const target = text(65);
const id = text(64);
const secret = text(PASSWORD_BYTES_MAX);
const bytes = (sizeMax: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= sizeMax);
const exactBytes = (size: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === size);

const KEY = exactBytes(32);
const HASH = exactBytes(32);
const NONCE = exactBytes(32);
const SIGNATURE = exactBytes(64);

/** What a post says. `re` (seq of what it answers) and `mentions` are kept as sent. */
export const postBody = v.object({
  text: text(TEXT_BYTES_MAX),
  action: v.optional(v.boolean()),
  re: v.optional(positive),
  mentions: v.optional(v.pipe(v.array(name), v.maxLength(MENTIONS_MAX))),
});

/** How a record travels: head and body as the JSON bytes that stand in the log. */
const recordFields = {
  head: bytes(4096),
  salt: v.optional(exactBytes(16)),
  body: v.optional(bytes(MESSAGE_BYTES_MAX)),
  erased: v.optional(positive),
  damaged: v.optional(v.boolean()),
  /** Name of the account that `by` in the head stands for; absent for the server itself. */
  from: v.optional(name),
};
const record = v.object(recordFields);

/** A room as its reader knows it: `name`, or for a direct conversation `with`. */
const roomEntry = v.object({
  room: id,
  name: v.optional(name),
  with: v.optional(name),
  topic: v.optional(text(TOPIC_BYTES_MAX)),
});

const fault = {
  code: text(64),
  message: text(4096),
  remedy: v.optional(text(4096)),
  retryAfterMs: v.optional(count),
};

const account = v.object({ account: id, user: name, seq: count });
const accepted = v.object({});

/** Requests, each with the fields it carries beside `kind` and `ref`, and those of its `ok`. */
export const REQUESTS = {
  admit: { fields: { secret }, answer: accepted },
  register: {
    fields: {
      user: name,
      password: v.optional(secret),
      deviceKey: KEY,
      accountKey: KEY,
      deviceCert: bytes(1024),
    },
    answer: account,
  },
  login: {
    fields: {
      user: name,
      deviceKey: KEY,
      signature: v.optional(SIGNATURE),
      password: v.optional(secret),
      /** Seq of the last record that this device has seen; left out: never here before. */
      after: v.optional(count),
      pinnedSize: v.optional(count),
    },
    answer: account,
  },
  logout: { fields: { forget: v.optional(v.boolean()) }, answer: accepted },
  passwd: { fields: { password: secret }, answer: accepted },
  join: {
    fields: { room: name, password: v.optional(secret), create: v.optional(v.boolean()) },
    answer: v.object({ room: id, name, created: v.boolean(), joined: v.boolean() }),
  },
  leave: { fields: { room: name }, answer: accepted },
  topic: {
    fields: { room: name, topic: text(TOPIC_BYTES_MAX) },
    answer: v.object({ seq: positive }),
  },
  rooms: {
    /** `after`: the last room of the page before. */
    fields: { after: v.optional(name) },
    answer: v.object({
      rooms: v.array(
        v.object({
          room: name,
          topic: v.string(),
          members: count,
          joined: v.boolean(),
          sealed: v.boolean(),
          locked: v.boolean(),
        }),
      ),
      more: v.boolean(),
    }),
  },
  who: {
    /** `room` left out: every account. */
    fields: { room: v.optional(name), after: v.optional(name) },
    answer: v.object({
      users: v.array(v.object({ user: name, online: v.boolean(), role: v.string() })),
      more: v.boolean(),
    }),
  },
  post: {
    fields: { outbox: id, counter: positive, to: target, body: postBody },
    answer: v.object({ seq: positive, n: positive, time: count, queued: v.optional(v.boolean()) }),
  },
  history: {
    fields: {
      /** A room, or `@name`; left out: all that the account may read. */
      target: v.optional(target),
      from: v.optional(name),
      since: v.optional(count),
      until: v.optional(count),
      grep: v.optional(text(GREP_BYTES_MAX)),
      ignoreCase: v.optional(v.boolean()),
      files: v.optional(v.boolean()),
      /** Exclusive bounds; with `after` a page starts at the oldest, else it ends at the newest. */
      after: v.optional(count),
      before: v.optional(positive),
      limit: v.pipe(positive, v.maxValue(PAGE_RECORDS_MAX)),
    },
    answer: v.object({ records: v.array(record), rooms: v.array(roomEntry), more: v.boolean() }),
  },
} as const;

/** Messages without an answer. */
export const NOTICES = {
  hello: {
    versions: v.pipe(v.array(positive), v.minLength(1), v.maxLength(16)),
    client: text(128),
    nonce: NONCE,
  },
  welcome: {
    version: positive,
    server: v.object({ name: text(128), key: KEY }),
    nonce: NONCE,
    certificate: HASH,
    proof: SIGNATURE,
    needs: v.picklist(["password", "open"]),
    text: v.optional(text(WELCOME_BYTES_MAX)),
    limits: v.object({ messageBytes: positive, textBytes: positive }),
  },
  ok: { ref },
  fault: { ref: v.optional(ref), ...fault },
  /** Before the first record of a room, and whenever what is known of it changes. */
  room: {
    ...roomEntry.entries,
    /** `n` of the next record that will be sent. */
    n: positive,
    /** Records that this device has not seen and is not sent, since they are too many. */
    skipped: count,
    /** Records of the past follow, while other rooms go on; told again, without this, then. */
    behind: v.optional(v.boolean()),
  },
  /** The account reads this room no longer, on any of its devices. */
  "room-gone": { room: id },
  record: recordFields,
  /** All that was missed has been sent, up to this seq. */
  "caught-up": { seq: count },
  presence: { room: id, user: name, online: v.boolean() },
  ping: {},
  pong: {},
  bye: fault,
} as const;

export type RequestKind = keyof typeof REQUESTS;
export type NoticeKind = keyof typeof NOTICES;

type Fields<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;
export type RequestFields<Kind extends RequestKind> = Fields<(typeof REQUESTS)[Kind]["fields"]>;
export type Answer<Kind extends RequestKind> = v.InferOutput<(typeof REQUESTS)[Kind]["answer"]>;

export type Request = {
  [Kind in RequestKind]: { readonly kind: Kind; readonly ref: number } & Readonly<
    RequestFields<Kind>
  >;
}[RequestKind];
export type RequestOf<Kind extends RequestKind> = Extract<Request, { kind: Kind }>;

export type Notice = {
  [Kind in NoticeKind]: { readonly kind: Kind } & Readonly<Fields<(typeof NOTICES)[Kind]>>;
}[NoticeKind];
export type NoticeOf<Kind extends NoticeKind> = Extract<Notice, { kind: Kind }>;

export type Message = Request | Notice;
export type PostBody = v.InferOutput<typeof postBody>;
export type WireRecord = v.InferOutput<typeof record>;
export type RoomEntry = v.InferOutput<typeof roomEntry>;

/** What a decoded value turned out to be. */
export type Incoming =
  | { readonly kind: "message"; readonly message: Message }
  /** A request that cannot be served, but can be answered. */
  | { readonly kind: "refused"; readonly ref: number; readonly fault: Fault }
  /** A notice of a later version. */
  | { readonly kind: "ignored" };

const schemas = new Map<string, v.GenericSchema<unknown, Message>>([
  ...Object.entries(REQUESTS).map(([kind, { fields }]) => schema(kind, { ref, ...fields })),
  ...Object.entries(NOTICES).map(([kind, fields]) => schema(kind, fields)),
]);

function schema(
  kind: string,
  fields: v.ObjectEntries,
): [string, v.GenericSchema<unknown, Message>] {
  const entries = { kind: v.literal(kind), ...fields };
  // An answer's own fields are checked by `checkAnswer`, which knows the question.
  const built = kind === "ok" ? v.looseObject(entries) : v.object(entries);
  return [kind, built as unknown as v.GenericSchema<unknown, Message>];
}

/** @throws Fault frame-malformed when nothing in the value can be answered */
export function checkMessage(value: unknown): Incoming {
  const { kind, ref: question } = envelope(value);
  const isRequest = question !== undefined && kind !== "ok" && kind !== "fault";
  const known = schemas.get(kind);
  if (known === undefined) {
    if (!isRequest) return { kind: "ignored" };
    const fault = new Fault("kind-unknown", `a request of version ${VERSION} has another kind`);
    return { kind: "refused", ref: question, fault };
  }
  const checked = v.safeParse(known, value);
  if (checked.success) return { kind: "message", message: checked.output };
  const fault = explain(kind, checked.issues[0]);
  if (isRequest) return { kind: "refused", ref: question, fault };
  throw fault;
}

function envelope(value: unknown): { kind: string; ref: number | undefined } {
  if (typeof value !== "object" || value === null || !("kind" in value)) {
    throw new Fault("frame-malformed", "a message has no kind");
  }
  if (typeof value.kind !== "string") throw new Fault("frame-malformed", "a kind is not a text");
  const given = "ref" in value ? v.safeParse(ref, value.ref) : undefined;
  if (given?.success === false) throw new Fault("frame-malformed", "a ref is not a small integer");
  return { kind: value.kind, ref: given?.output };
}

function explain(kind: string, issue: v.BaseIssue<unknown>): Fault {
  const path = v.getDotPath(issue) ?? "?";
  if (issue.type === "max_bytes" || issue.type === "max_size" || issue.type === "max_length") {
    return new Fault("too-large", `'${path}' of '${kind}' is too long (at most ${issue.expected})`);
  }
  return new Fault("frame-malformed", `'${path}' of '${kind}' is not what the protocol says`);
}

/** @throws Fault frame-malformed when the answer does not fit its question */
export function checkAnswer<Kind extends RequestKind>(kind: Kind, value: unknown): Answer<Kind> {
  const checked = v.safeParse(REQUESTS[kind].answer, value);
  if (checked.success) return checked.output as Answer<Kind>;
  throw new Fault("frame-malformed", `the answer to '${kind}' is not what the protocol says`);
}
