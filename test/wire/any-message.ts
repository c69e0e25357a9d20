import fc from "fast-check";
import { PASSWORD_BYTES_MAX, TOPIC_BYTES_MAX, WELCOME_BYTES_MAX } from "../../src/base/limits.ts";
import type {
  Answer,
  NoticeKind,
  NoticeOf,
  RequestFields,
  RequestKind,
} from "../../src/wire/messages.ts";

/** Arbitrary messages: one of each kind, as the compiler sees to. */

const text = (bytesMax: number) =>
  fc
    .string({ unit: "binary", maxLength: Math.min(24, bytesMax >> 2) })
    .map((drawn) => drawn.toWellFormed());
const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const positive = fc.oneof(
  fc.integer({ min: 1 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) || 1),
);
const bytes = (sizeMax: number) => fc.uint8Array({ maxLength: sizeMax });
const exact = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const name = text(64);
const secret = text(PASSWORD_BYTES_MAX);
const topic = text(TOPIC_BYTES_MAX);

type Fields<Value> = { [Key in keyof Required<Value>]: fc.Arbitrary<Required<Value>[Key]> };

/** Fields outside `needed` may be absent. */
function fields<Value>(
  all: Fields<Value>,
  needed: readonly (keyof Value & string)[],
): fc.Arbitrary<Value> {
  const record = fc.record(all as Fields<object>, { requiredKeys: needed as never[] });
  return record as unknown as fc.Arbitrary<Value>;
}

const room = fields<Answer<"history">["rooms"][number]>({ room: name, name, with: name, topic }, [
  "room",
]);
const record = fields<Answer<"history">["records"][number]>(
  {
    head: bytes(300),
    salt: exact(16),
    body: bytes(300),
    erased: positive,
    damaged: fc.boolean(),
    from: name,
  },
  ["head"],
);
const fault = { code: name, message: name, remedy: name, retryAfterMs: count };
const account = fields<Answer<"login">>({ account: name, user: name, seq: count }, [
  "account",
  "user",
  "seq",
]);
const accepted = fc.constant({});

export const ANY_REQUEST: { [Kind in RequestKind]: fc.Arbitrary<RequestFields<Kind>> } = {
  admit: fc.record({ secret }),
  register: fields<RequestFields<"register">>(
    {
      user: name,
      password: secret,
      deviceKey: exact(32),
      accountKey: exact(32),
      deviceCert: bytes(1024),
    },
    ["user", "deviceKey", "accountKey", "deviceCert"],
  ),
  login: fields<RequestFields<"login">>(
    {
      user: name,
      deviceKey: exact(32),
      signature: exact(64),
      password: secret,
      after: count,
      pinnedSize: count,
    },
    ["user", "deviceKey"],
  ),
  logout: fields<RequestFields<"logout">>({ forget: fc.boolean() }, []),
  passwd: fc.record({ password: secret }),
  join: fields<RequestFields<"join">>({ room: name, password: secret, create: fc.boolean() }, [
    "room",
  ]),
  leave: fc.record({ room: name }),
  topic: fc.record({ room: name, topic }),
  rooms: fields<RequestFields<"rooms">>({ after: name }, []),
  who: fields<RequestFields<"who">>({ room: name, after: name }, []),
  post: fc.record({
    outbox: name,
    counter: positive,
    to: name,
    body: fields<RequestFields<"post">["body"]>(
      { text: text(200), action: fc.boolean(), re: positive, mentions: fc.array(name) },
      ["text"],
    ),
  }),
  history: fields<RequestFields<"history">>(
    {
      target: name,
      from: name,
      since: count,
      until: count,
      grep: name,
      ignoreCase: fc.boolean(),
      files: fc.boolean(),
      after: count,
      before: positive,
      limit: fc.integer({ min: 1, max: 1_000 }),
    },
    ["limit"],
  ),
};

export const ANY_ANSWER: { [Kind in RequestKind]: fc.Arbitrary<Answer<Kind>> } = {
  admit: accepted,
  register: account,
  login: account,
  logout: accepted,
  passwd: accepted,
  join: fc.record({ room: name, name, created: fc.boolean(), joined: fc.boolean() }),
  leave: accepted,
  topic: fc.record({ seq: positive }),
  rooms: fc.record({
    rooms: fc.array(
      fc.record({
        room: name,
        topic,
        members: count,
        joined: fc.boolean(),
        sealed: fc.boolean(),
        locked: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
    more: fc.boolean(),
  }),
  who: fc.record({
    users: fc.array(fc.record({ user: name, online: fc.boolean(), role: name })),
    more: fc.boolean(),
  }),
  post: fields<Answer<"post">>({ seq: positive, n: positive, time: count, queued: fc.boolean() }, [
    "seq",
    "n",
    "time",
  ]),
  history: fc.record({
    records: fc.array(record, { maxLength: 5 }),
    rooms: fc.array(room, { maxLength: 5 }),
    more: fc.boolean(),
  }),
};

type NoticeFields<Kind extends NoticeKind> = Omit<NoticeOf<Kind>, "kind">;

export const ANY_NOTICE: { [Kind in NoticeKind]: fc.Arbitrary<NoticeFields<Kind>> } = {
  hello: fc.record({
    versions: fc.array(positive, { minLength: 1, maxLength: 16 }),
    client: name,
    nonce: exact(32),
  }),
  welcome: fields<NoticeFields<"welcome">>(
    {
      version: positive,
      server: fc.record({ name, key: exact(32) }),
      nonce: exact(32),
      certificate: exact(32),
      proof: exact(64),
      needs: fc.constantFrom("password", "open"),
      text: text(WELCOME_BYTES_MAX),
      limits: fc.record({ messageBytes: positive, textBytes: positive }),
    },
    ["version", "server", "nonce", "certificate", "proof", "needs", "limits"],
  ),
  ok: fc.record({ ref: fc.integer({ min: 1, max: 0xffffffff }) }),
  fault: fields<NoticeFields<"fault">>({ ref: fc.integer({ min: 1, max: 0xffffffff }), ...fault }, [
    "code",
    "message",
  ]),
  room: fields<NoticeFields<"room">>(
    {
      room: name,
      name,
      with: name,
      topic,
      n: positive,
      skipped: count,
      behind: fc.boolean(),
    },
    ["room", "n", "skipped"],
  ),
  "room-gone": fc.record({ room: name }),
  record,
  "caught-up": fc.record({ seq: count }),
  presence: fc.record({ room: name, user: name, online: fc.boolean() }),
  ping: accepted,
  pong: accepted,
  bye: fields<NoticeFields<"bye">>(fault, ["code", "message"]),
};

export const REF = fc.integer({ min: 1, max: 0xffffffff });
