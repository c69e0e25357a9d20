import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Packr } from "msgpackr/pack";
import * as v from "valibot";
import { Fault } from "../../src/base/fault.ts";
import {
  DEVICE_LABEL_BYTES_MAX,
  DEVICES_PER_ACCOUNT_MAX,
  FILE_TARGETS_MAX,
  GREP_BYTES_MAX,
  HOUSE_PAGE_MAX,
  IGNORED_MAX,
  IMPORTED_NAME_BYTES_MAX,
  INVITE_PLACES_MAX,
  KINDS_ASKED_MAX,
  MENTIONS_MAX,
  MESSAGE_BYTES_MAX,
  NOTE_BYTES_MAX,
  PAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PASSWORD_BYTES_MAX,
  PROOF_HASHES_MAX,
  PROOFS_TOGETHER_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
} from "../../src/base/limits.ts";
import {
  CLIENTS_PAGE_MAX,
  PUSH_ENDPOINT_BYTES_MAX,
  TRANSFERS_LISTED_MAX,
} from "../../src/base/limits-page.ts";
import { MOMENT_UNIX_MS_MAX } from "../../src/base/time.ts";
import { decode, encode, type Outgoing } from "../../src/wire/codec.ts";
import { NOTICES, type NoticeKind, REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { checkAnswer, checkMessage } from "../../src/wire/messages-incoming.ts";
import { ANY_ANSWER, ANY_NOTICE, ANY_REQUEST, REF } from "./any-message.ts";

const REQUEST_KINDS = Object.keys(REQUESTS) as RequestKind[];
const NOTICE_KINDS = Object.keys(NOTICES) as NoticeKind[];
/** What another program might send; it checks nothing. */
const foreign = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown) => new Uint8Array(foreign.pack(value));

const POST = {
  kind: "post",
  ref: 7,
  outbox: "abcdefghijk",
  counter: 1,
  to: "lobby",
  body: { text: "hi" },
} as const;

function caught(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("round trips", () => {
  test.each(REQUEST_KINDS)("request %s", (kind) => {
    const arbitrary: fc.Arbitrary<object> = ANY_REQUEST[kind];
    fc.assert(
      fc.property(REF, arbitrary, (ref, fields) => {
        const message = { kind, ref, ...fields };
        const decoded = decode(encode(message as Outgoing));
        expect(decoded).toEqual({ kind: "message", message } as never);
      }),
      { numRuns: 50 },
    );
  });

  test.each(REQUEST_KINDS)("answer to %s", (kind) => {
    const arbitrary: fc.Arbitrary<object> = ANY_ANSWER[kind];
    fc.assert(
      fc.property(REF, arbitrary, (ref, answer) => {
        const incoming = decode(encode({ ...answer, kind: "ok", ref } as Outgoing));
        if (incoming.kind !== "message") throw new Error("no message");
        expect(incoming.message).toEqual({ kind: "ok", ref, ...answer } as never);
        expect(checkAnswer(kind, incoming.message)).toEqual(answer as never);
      }),
      { numRuns: 50 },
    );
  });

  test.each(NOTICE_KINDS)("notice %s", (kind) => {
    const arbitrary: fc.Arbitrary<object> = ANY_NOTICE[kind];
    fc.assert(
      fc.property(arbitrary, (fields) => {
        const message = { kind, ...fields };
        expect(decode(encode(message as Outgoing))).toEqual({ kind: "message", message } as never);
      }),
      { numRuns: 50 },
    );
  });
});

describe("what cannot be served", () => {
  test("an unknown request is answered, an unknown notice ignored", () => {
    const request = decode(pack({ kind: "teleport", ref: 3, to: "moon" }));
    expect(request).toMatchObject({ kind: "refused", ref: 3, fault: { code: "kind-unknown" } });
    expect(decode(pack({ kind: "weather", rain: true }))).toEqual({ kind: "ignored" });
    for (const kind of ["constructor", "__proto__", "toString", ""]) {
      expect(decode(pack({ kind, ref: 3 }))).toMatchObject({ kind: "refused" });
      expect(decode(pack({ kind }))).toEqual({ kind: "ignored" });
    }
  });

  test("unknown fields of a known kind are dropped", () => {
    const incoming = decode(pack({ ...POST, colour: "red", body: { text: "hi", font: 3 } }));
    expect(incoming).toEqual({ kind: "message", message: POST });
  });

  test.each([
    ["a text for a number", { counter: "1" }],
    ["a fraction", { counter: 1.5 }],
    ["zero for a positive", { counter: 0 }],
    ["a negative", { counter: -1 }],
    ["above 2^53", { counter: 2 ** 53 }],
    ["not a number", { counter: Number.NaN }],
    ["infinity", { counter: Number.POSITIVE_INFINITY }],
    ["nil for a text", { to: null }],
    ["bytes for a text", { to: Uint8Array.of(97) }],
    ["a list for a map", { body: ["hi"] }],
    ["nil in an optional field", { body: { text: "hi", action: null } }],
    ["a number for a flag", { body: { text: "hi", action: 1 } }],
    ["mentions that are no texts", { body: { text: "hi", mentions: [1] } }],
    ["a missing field", { body: {} }],
  ])("a request with %s is refused and answered", (_name, wrong) => {
    const incoming = decode(pack({ ...POST, ...wrong }));
    expect(incoming).toMatchObject({
      kind: "refused",
      ref: POST.ref,
      fault: { code: "frame-malformed" },
    });
  });

  test.each([
    ["no map", 5],
    ["nil", null],
    ["a list", [{ kind: "ping" }]],
    ["no kind", { ref: 1 }],
    ["a kind that is no text", { kind: 5 }],
    ["a ref that is no number", { kind: "who", ref: "1" }],
    ["ref 0", { kind: "who", ref: 0 }],
    ["a ref above 2^32", { kind: "who", ref: 2 ** 32 }],
    ["a ref that is nil", { kind: "who", ref: null }],
    ["a request without a ref", { kind: "who" }],
    ["a malformed notice", { kind: "presence", room: 1 }],
    ["an ok without a ref", { kind: "ok" }],
  ])("%s is malformed: nothing can be answered", (_name, value) => {
    expect(caught(() => decode(pack(value))).code).toBe("frame-malformed");
  });

  test("keys that mean something to JavaScript are only keys", () => {
    // {"kind":"who","ref":1,"__proto__":{"online":true}}
    const bytes = Uint8Array.fromHex(
      `83${"a46b696e64a377686f"}${"a372656601"}${"a95f5f70726f746f5f5f81a66f6e6c696e65c3"}`,
    );
    const incoming = decode(bytes);
    expect(incoming).toEqual({ kind: "message", message: { kind: "who", ref: 1 } });
    expect(Object.hasOwn(Object.prototype, "online")).toBe(false);
  });

  test("of a key that comes twice the last one counts", () => {
    // {"kind":"who","ref":1,"ref":2}
    const bytes = Uint8Array.fromHex("83a46b696e64a377686fa372656601a372656602");
    expect(decode(bytes)).toEqual({ kind: "message", message: { kind: "who", ref: 2 } });
  });
});

describe("bounds, at the edge", () => {
  const body = (text: string) => ({ ...POST, body: { text } });
  const register = (deviceKey: number, deviceCert: number) => ({
    kind: "register",
    ref: 1,
    user: "ana",
    deviceKey: new Uint8Array(deviceKey),
    accountKey: new Uint8Array(32),
    deviceCert: new Uint8Array(deviceCert),
  });
  const limit = (value: number) => ({ kind: "history", ref: 1, limit: value });
  const kinds = (length: number) => ({ ...limit(1), kinds: Array(length).fill("text") });
  const grep = (size: number) => ({ ...limit(1), grep: "x".repeat(size) });
  const mentions = (size: number) => ({
    ...POST,
    body: { text: "hi", mentions: Array(size).fill("ana") },
  });
  const imported = (size: number) => ({
    ...POST,
    body: { text: "hi", imported: { from: "x".repeat(size), time: 0 } },
  });
  const topic = (text: string) => ({ kind: "topic", ref: 1, room: "lobby", topic: text });
  const inclusion = (count: number) => ({
    kind: "inclusion",
    ref: 1,
    size: 100,
    seqs: Array.from({ length: count }, (_, i) => i + 1),
  });
  const admit = (size: number) => ({ kind: "admit", ref: 1, secret: "x".repeat(size) });

  test.each([
    ["a text", body("x".repeat(TEXT_BYTES_MAX)), body("x".repeat(TEXT_BYTES_MAX + 1))],
    [
      "a text in bytes, not characters",
      body("é".repeat(TEXT_BYTES_MAX / 2)),
      body(`${"é".repeat(TEXT_BYTES_MAX / 2)}x`),
    ],
    ["a topic", topic("x".repeat(TOPIC_BYTES_MAX)), topic("x".repeat(TOPIC_BYTES_MAX + 1))],
    ["a secret", admit(PASSWORD_BYTES_MAX), admit(PASSWORD_BYTES_MAX + 1)],
    ["kinds of a search", kinds(KINDS_ASKED_MAX), kinds(KINDS_ASKED_MAX + 1)],
    ["a search", grep(GREP_BYTES_MAX), grep(GREP_BYTES_MAX + 1)],
    ["mentions", mentions(MENTIONS_MAX), mentions(MENTIONS_MAX + 1)],
    ["an author", imported(IMPORTED_NAME_BYTES_MAX), imported(IMPORTED_NAME_BYTES_MAX + 1)],
  ])("%s: too large is said, and answered", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(decode(pack(over))).toMatchObject({ kind: "refused", fault: { code: "too-large" } });
  });

  test.each([
    ["a key", register(32, 100), register(31, 100)],
    ["a key that is too long", register(32, 100), register(33, 100)],
    ["a certificate", register(32, 1024), register(32, 1025)],
    ["a page", limit(PAGE_RECORDS_MAX), limit(PAGE_RECORDS_MAX + 1)],
    ["a page of nothing", limit(1), limit(0)],
    ["records to prove", inclusion(PROOFS_TOGETHER_MAX), inclusion(PROOFS_TOGETHER_MAX + 1)],
    ["no record to prove", inclusion(1), inclusion(0)],
  ])("%s", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(decode(pack(over))).toMatchObject({ kind: "refused", ref: 1 });
  });

  test("a note and a path, of an answer", () => {
    const answer = (noteBytes: number, hashes: number) => ({
      note: "x".repeat(noteBytes),
      path: Array(hashes).fill(new Uint8Array(32)),
    });
    const check = (fields: object) => checkAnswer("checkpoint", { kind: "ok", ref: 1, ...fields });
    const longest = answer(NOTE_BYTES_MAX, PROOF_HASHES_MAX);
    expect(check(longest)).toEqual(longest);
    for (const over of [answer(NOTE_BYTES_MAX + 1, 1), answer(1, PROOF_HASHES_MAX + 1)]) {
      expect(caught(() => check(over)).blame).toBe("peer");
    }
  });

  test("an answer that does not fit its question is malformed", () => {
    const answer = { kind: "ok", ref: 1, seq: 0 };
    expect(caught(() => checkAnswer("topic", answer)).code).toBe("frame-malformed");
    expect(caught(() => checkAnswer("who", { kind: "ok", ref: 1 })).blame).toBe("peer");
  });
});

test("any value is a message, refused, ignored, or the peer's fault", () => {
  const kinds = fc.constantFrom(...REQUEST_KINDS, ...NOTICE_KINDS, "other");
  const field = fc.constantFrom("user", "room", "body", "ref", "to", "versions", "text", "records");
  const loose = fc.dictionary(field, fc.anything({ maxDepth: 2, withNullPrototype: false }));
  fc.assert(
    fc.property(kinds, loose, fc.option(REF), (kind, fields, ref) => {
      const value = { kind, ...fields, ...(ref === null ? {} : { ref }) };
      try {
        checkMessage(value);
      } catch (error) {
        return error instanceof Fault && error.blame === "peer";
      }
      return true;
    }),
    { numRuns: 1_000 },
  );
});

describe("lists at their longest fit one message", () => {
  const long = (sizeBytes: number) => "\u00e9".repeat(sizeBytes / 2);
  const times = <One>(count: number, one: One): One[] => Array.from({ length: count }, () => one);
  const most = Number.MAX_SAFE_INTEGER;
  const room = { room: long(64), name: long(64), topic: long(TOPIC_BYTES_MAX) };
  const listed = {
    topic: room.topic,
    room: room.name,
    members: most,
    joined: true,
    sealed: true,
    locked: true,
    unread: most,
  };
  // A page counts lines as they stand in the log; even an empty one takes more than this.
  const record = { head: new Uint8Array(340), salt: new Uint8Array(16), from: long(64) };
  const recordsMax = Math.floor(PAGE_BYTES_MAX / record.head.length);
  const longest: Partial<Record<RequestKind, object>> = {
    rooms: { rooms: times(PAGE_RECORDS_MAX, listed), more: true },
    who: {
      users: times(PAGE_RECORDS_MAX, { user: long(64), online: true, role: "moderator" }),
      more: true,
    },
    bans: {
      bans: times(HOUSE_PAGE_MAX, {
        user: long(64),
        address: long(64),
        until: MOMENT_UNIX_MS_MAX,
        reason: long(TOPIC_BYTES_MAX),
      }),
      next: most,
    },
    invite: {
      invite: long(64),
      token: long(64),
      places: times(INVITE_PLACES_MAX, { host: long(255), port: most }),
    },
    invites: {
      invites: times(HOUSE_PAGE_MAX, {
        invite: long(64),
        by: long(64),
        usesLeft: most,
        expires: MOMENT_UNIX_MS_MAX,
        room: long(64),
        post: long(64),
      }),
      next: most,
    },
    devices: {
      devices: times(DEVICES_PER_ACCOUNT_MAX, {
        device: long(64),
        since: MOMENT_UNIX_MS_MAX,
        certified: true,
        current: true,
        online: true,
        client: long(DEVICE_LABEL_BYTES_MAX),
        seen: MOMENT_UNIX_MS_MAX,
      }),
    },
    ignored: { users: times(IGNORED_MAX, long(64)) },
    finish: {
      posted: [],
      refused: times(FILE_TARGETS_MAX, { to: long(64), code: long(64), message: long(4096) }),
    },
    history: {
      records: times(recordsMax, record),
      rooms: times(recordsMax, room),
      more: true,
    },
    inclusion: {
      proofs: times(PROOFS_TOGETHER_MAX, {
        seq: most,
        leaf: new Uint8Array(32),
        path: times(PROOF_HASHES_MAX, new Uint8Array(32)),
      }),
    },
    clients: {
      clients: times(CLIENTS_PAGE_MAX, {
        client: most,
        user: long(64),
        program: long(128),
        address: long(80),
        transport: long(32),
        since: MOMENT_UNIX_MS_MAX,
        lane: true,
        operator: true,
        roundTripMs: most,
        sentMessages: most,
        sentBytes: most,
        receivedMessages: most,
        receivedBytes: most,
        queuedBytes: most,
        acknowledged: most,
        retransmitted: most,
        lost: most,
      }),
      more: true,
    },
    transfers: {
      transfers: times(TRANSFERS_LISTED_MAX, {
        file: "f0123456789A",
        name: long(1024),
        direction: "down",
        user: long(64),
        address: long(80),
        since: MOMENT_UNIX_MS_MAX,
        doneBytes: most,
        sizeBytes: 2 ** 44,
        web: true,
      }),
      more: most,
    },
  };

  test.each(Object.entries(longest))("%s", (kind, answer) => {
    // Two-byte letters make names longer than any is: what a name is bounds them to 32.
    const bytes = encode({ kind: "ok", ref: 1, ...answer } as Outgoing);
    expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    expect(decode(bytes).kind).toBe("message");
    expect(() => checkAnswer(kind as RequestKind, { ...answer })).not.toThrow();
  });
});

test("where a device takes pushes has its bound, and keys have one length", () => {
  const schema = v.object(REQUESTS["push-subscribe"].fields);
  const endpoint = "e".repeat(PUSH_ENDPOINT_BYTES_MAX);
  const [key, auth] = [new Uint8Array(65), new Uint8Array(16)];
  expect(v.is(schema, { endpoint, key, auth })).toBe(true);
  expect(v.is(schema, { endpoint: `${endpoint}e`, key, auth })).toBe(false);
  expect(v.is(schema, { endpoint, key: new Uint8Array(64), auth })).toBe(false);
  expect(v.is(schema, { endpoint, key, auth: new Uint8Array(17) })).toBe(false);
});
