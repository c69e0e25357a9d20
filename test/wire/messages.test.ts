import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Packr } from "msgpackr/pack";
import * as v from "valibot";
import { Fault } from "../../src/base/fault.ts";
import {
  CHUNK_BYTES,
  DEVICES_PER_ACCOUNT_MAX,
  FILE_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  FOLDER_ENTRIES_MAX,
  GREP_BYTES_MAX,
  IGNORED_MAX,
  IMPORTED_NAME_BYTES_MAX,
  INVITE_ADDRESSES_MAX,
  MANIFEST_BYTES_MAX,
  MENTIONS_MAX,
  MESSAGE_BYTES_MAX,
  MODERATION_PAGE_MAX,
  NOTE_BYTES_MAX,
  PAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
  PASSWORD_BYTES_MAX,
  PREDECESSORS_MAX,
  PROOF_HASHES_MAX,
  PROOFS_PER_REQUEST_MAX,
  SEARCHED_KINDS_MAX,
  TEXT_BYTES_MAX,
  TOPIC_BYTES_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../../src/base/limits.ts";
import { GROUP_DEVICES_MAX, KEY_PACKAGES_MAX } from "../../src/base/limits-sealed.ts";
import { decode, encode, type Outgoing } from "../../src/wire/codec.ts";
import { NOTICES, type NoticeKind, REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import { checkAnswer, checkMessage, isRequest } from "../../src/wire/messages-incoming.ts";
import { sealedBody } from "../../src/wire/messages-sealed.ts";
import { faultOf } from "../fault-code.ts";
import { sampleSize } from "../samples.ts";
import { anyOf, anyRef, largestOf } from "./any-message.ts";

const REQUEST_KINDS = Object.keys(REQUESTS) as RequestKind[];
const NOTICE_KINDS = Object.keys(NOTICES) as NoticeKind[];
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

function caught(action: () => unknown): Fault {
  const fault = faultOf(action);
  if (fault === undefined) throw new Error("nothing was thrown");
  return fault;
}

function isRefused(value: unknown): boolean {
  try {
    return decode(pack(value)).kind === "refused";
  } catch (error) {
    return error instanceof Fault && error.blame === "peer";
  }
}

describe("round trips", () => {
  const runs = { numRuns: sampleSize(50, 250) };

  test.each(REQUEST_KINDS)("request %s", (kind) => {
    const anyFields = anyOf(v.object<v.ObjectEntries>(REQUESTS[kind].fields));
    fc.assert(
      fc.property(anyRef, anyFields, (ref, fields) => {
        const message = { kind, ref, ...fields };
        const decoded = decode(encode(message as Outgoing));
        expect(decoded).toEqual({ kind: "message", message } as never);
      }),
      runs,
    );
  });

  test.each(REQUEST_KINDS)("answer to %s", (kind) => {
    const anyAnswer: fc.Arbitrary<object> = anyOf(REQUESTS[kind].answer);
    fc.assert(
      fc.property(anyRef, anyAnswer, (ref, answer) => {
        const incoming = decode(encode({ ...answer, kind: "ok", ref } as Outgoing));
        if (incoming.kind !== "message") throw new Error("no message");
        expect(incoming.message).toEqual({ kind: "ok", ref, ...answer } as never);
        expect(checkAnswer(kind, incoming.message)).toEqual(answer as never);
      }),
      runs,
    );
  });

  test.each(NOTICE_KINDS)("notice %s", (kind) => {
    const anyFields = anyOf(v.object<v.ObjectEntries>(NOTICES[kind]));
    fc.assert(
      fc.property(anyFields, (fields) => {
        const message = { kind, ...fields };
        expect(decode(encode(message as Outgoing))).toEqual({ kind: "message", message } as never);
      }),
      runs,
    );
  });
});

describe("invalid messages", () => {
  test("answers an unknown request and ignores an unknown notice", () => {
    const request = decode(pack({ kind: "teleport", ref: 3, to: "moon" }));
    expect(request).toMatchObject({ kind: "refused", ref: 3, fault: { code: "kind-unknown" } });
    expect(decode(pack({ kind: "weather", rain: true }))).toEqual({ kind: "ignored" });
    for (const kind of ["constructor", "__proto__", "toString", ""]) {
      expect(decode(pack({ kind, ref: 3 }))).toMatchObject({ kind: "refused" });
      expect(decode(pack({ kind }))).toEqual({ kind: "ignored" });
    }
  });

  test("drops unknown fields of a known kind", () => {
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
  ])("refuses and answers a request with %s", (_name, wrong) => {
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
    ["a malformed notice", { kind: "presences", room: 1 }],
    ["an ok without a ref", { kind: "ok" }],
  ])("cannot answer %s, which is malformed", (_name, value) => {
    expect(caught(() => decode(pack(value))).code).toBe("frame-malformed");
  });

  test("treats keys with a meaning in JavaScript as plain keys", () => {
    // {"kind":"who","ref":1,"__proto__":{"online":true}}
    const bytes = Uint8Array.fromHex(
      `83${"a46b696e64a377686f"}${"a372656601"}${"a95f5f70726f746f5f5f81a66f6e6c696e65c3"}`,
    );
    const incoming = decode(bytes);
    expect(incoming).toEqual({ kind: "message", message: { kind: "who", ref: 1 } });
    expect(Object.hasOwn(Object.prototype, "online")).toBe(false);
  });
});

describe("a kind that is both a request and a notice", () => {
  test("is a request with a ref and a notice without one", () => {
    const request = checkMessage({ kind: "read", ref: 7, room: "r", n: 3, later: true });
    expect(request).toEqual({
      kind: "message",
      message: { kind: "read", ref: 7, room: "r", n: 3 },
    });
    const notice = checkMessage({ kind: "read", room: "r", n: 3 });
    expect(notice).toEqual({ kind: "message", message: { kind: "read", room: "r", n: 3 } });
    if (request.kind !== "message" || notice.kind !== "message") throw new Error("no messages");
    expect([isRequest(request.message), isRequest(notice.message)]).toEqual([true, false]);
    expect(checkMessage({ kind: "ignored", ref: 7 }).kind).toBe("message");
    expect(checkMessage({ kind: "ignored", users: ["bob"] }).kind).toBe("message");
  });
});

test("is an unknown request as a notice with a ref", () => {
  const fault = { code: "kind-unknown" };
  expect(checkMessage({ kind: "presences", ref: 1 })).toMatchObject({ kind: "refused", fault });
});

describe("limits of messages", () => {
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
  const kick = (size: number) => ({
    kind: "kick",
    ref: 1,
    room: "lab",
    user: "ben",
    reason: "x".repeat(size),
  });
  const leave = (size: number) => ({
    kind: "leave",
    ref: 1,
    room: "lab",
    reason: "x".repeat(size),
  });
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
    ["a reason for a kick", kick(TOPIC_BYTES_MAX), kick(TOPIC_BYTES_MAX + 1)],
    ["a reason for leaving", leave(TOPIC_BYTES_MAX), leave(TOPIC_BYTES_MAX + 1)],
    ["a secret", admit(PASSWORD_BYTES_MAX), admit(PASSWORD_BYTES_MAX + 1)],
    ["kinds of a search", kinds(SEARCHED_KINDS_MAX), kinds(SEARCHED_KINDS_MAX + 1)],
    ["a search", grep(GREP_BYTES_MAX), grep(GREP_BYTES_MAX + 1)],
    ["mentions", mentions(MENTIONS_MAX), mentions(MENTIONS_MAX + 1)],
    ["an author", imported(IMPORTED_NAME_BYTES_MAX), imported(IMPORTED_NAME_BYTES_MAX + 1)],
  ])("answers that %s is too large", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(decode(pack(over))).toMatchObject({ kind: "refused", fault: { code: "too-large" } });
  });

  test.each([
    ["a key", register(32, 100), register(31, 100)],
    ["a key that is too long", register(32, 100), register(33, 100)],
    ["a certificate", register(32, 1024), register(32, 1025)],
    ["a page", limit(PAGE_RECORDS_MAX), limit(PAGE_RECORDS_MAX + 1)],
    ["a page of nothing", limit(1), limit(0)],
    ["records to prove", inclusion(PROOFS_PER_REQUEST_MAX), inclusion(PROOFS_PER_REQUEST_MAX + 1)],
    ["no record to prove", inclusion(1), inclusion(0)],
  ])("%s", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(decode(pack(over))).toMatchObject({ kind: "refused", ref: 1 });
  });

  test("limits the number of earlier keys in a welcome", () => {
    const bytes = (size: number) => new Uint8Array(size);
    const welcome = (count: number) => ({
      kind: "welcome",
      version: 2,
      needs: "open",
      nonce: bytes(32),
      certificate: bytes(32),
      proof: bytes(64),
      server: { name: "s", key: bytes(32) },
      limits: { messageBytes: 1, textBytes: 1 },
      predecessors: Array(count).fill({ key: bytes(32), signature: bytes(64) }),
    });
    expect(checkMessage(welcome(PREDECESSORS_MAX)).kind).toBe("message");
    expect(caught(() => checkMessage(welcome(PREDECESSORS_MAX + 1))).code).toBe("too-large");
  });

  test("limits a note and a path in an answer", () => {
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

  test("rejects an answer that does not match its request", () => {
    const answer = { kind: "ok", ref: 1, seq: 0 };
    expect(caught(() => checkAnswer("topic", answer)).code).toBe("frame-malformed");
    expect(caught(() => checkAnswer("who", { kind: "ok", ref: 1 })).blame).toBe("peer");
  });
});

describe("limits of file messages", () => {
  const FILE = "f1234567890a";
  const HASH = new Uint8Array(32);
  const offer = (fields: object) => ({
    kind: "offer",
    ref: 1,
    file: FILE,
    to: ["lobby"],
    name: "a.txt",
    ...fields,
  });
  const named = (size: number) => offer({ name: "x".repeat(size) });
  const targets = (size: number) => offer({ to: Array(size).fill("lobby") });
  const folder = (entries: number, manifestBytes: number) =>
    offer({ folder: { entries, manifestBytes } });
  const fetch = (window: number) => ({ kind: "fetch", ref: 1, file: FILE, from: 0, window });
  const finish = (digest: Uint8Array) => ({
    kind: "finish",
    ref: 1,
    file: FILE,
    size: 1,
    chunks: 1,
    digest,
  });
  const chunk = (size: number) => ({
    kind: "chunk",
    file: FILE,
    index: 0,
    sha256: HASH,
    bytes: new Uint8Array(size),
  });

  test.each([
    ["a name", named(FILE_NAME_BYTES_MAX), named(FILE_NAME_BYTES_MAX + 1)],
    ["no name", named(1), named(0)],
    ["targets", targets(FILE_TARGETS_MAX), targets(FILE_TARGETS_MAX + 1)],
    ["no target", targets(1), targets(0)],
    ["a size", offer({ size: FILE_BYTES_MAX }), offer({ size: FILE_BYTES_MAX + 1 })],
    ["a size below nothing", offer({ size: 0 }), offer({ size: -1 })],
    ["entries of a folder", folder(FOLDER_ENTRIES_MAX, 1), folder(FOLDER_ENTRIES_MAX + 1, 1)],
    ["a manifest", folder(0, MANIFEST_BYTES_MAX), folder(0, MANIFEST_BYTES_MAX + 1)],
    ["no manifest", folder(0, 1), folder(0, 0)],
    ["a window", fetch(TRANSFER_WINDOW_BYTES_MAX), fetch(TRANSFER_WINDOW_BYTES_MAX + 1)],
    ["a window that holds no chunk", fetch(CHUNK_BYTES), fetch(CHUNK_BYTES - 1)],
    ["a digest", finish(HASH), finish(new Uint8Array(31))],
    ["a chunk", chunk(CHUNK_BYTES), chunk(CHUNK_BYTES + 1)],
    ["a checksum", chunk(1), { ...chunk(1), sha256: new Uint8Array(33) }],
    [
      "a reason",
      { kind: "held", file: FILE, where: "disk" },
      { kind: "held", file: FILE, where: "moon" },
    ],
  ])("%s", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(isRefused(over)).toBe(true);
  });
});

describe("limits of sealed messages", () => {
  const { added, removed } = REQUESTS["group-commit"].fields;
  const { packages } = REQUESTS["key-packages"].fields;
  const device = new Uint8Array(32);
  const ciphertext = Uint8Array.of(1);
  const times = (count: number, one: unknown) => Array(count).fill(one);

  test.each<[string, v.GenericSchema, unknown, unknown]>([
    [
      "ciphertext",
      sealedBody,
      { epoch: 0, ciphertext },
      { epoch: 0, ciphertext: device.slice(32) },
    ],
    ["an epoch", sealedBody, { epoch: 0, ciphertext }, { epoch: -1, ciphertext }],
    ["no epoch", sealedBody, { epoch: 0, ciphertext }, { ciphertext }],
    [
      "devices to add",
      added,
      times(GROUP_DEVICES_MAX, { user: "ana", device }),
      times(GROUP_DEVICES_MAX + 1, { user: "ana", device }),
    ],
    [
      "devices to remove",
      removed,
      times(GROUP_DEVICES_MAX, device),
      times(GROUP_DEVICES_MAX + 1, device),
    ],
    [
      "key packages",
      packages,
      times(KEY_PACKAGES_MAX, ciphertext),
      times(KEY_PACKAGES_MAX + 1, ciphertext),
    ],
  ])("%s", (_name, schema, fits, over) => {
    expect([v.is(schema, fits), v.is(schema, over)]).toEqual([true, false]);
  });
});

test("accepts, refuses or ignores any value, or throws the peer's fault", () => {
  const kinds = fc.constantFrom(...REQUEST_KINDS, ...NOTICE_KINDS, "other");
  const field = fc.constantFrom("user", "room", "body", "ref", "to", "versions", "text", "records");
  const loose = fc.dictionary(field, fc.anything({ maxDepth: 2, withNullPrototype: false }));
  fc.assert(
    fc.property(kinds, loose, fc.option(anyRef), (kind, fields, ref) => {
      const value = { kind, ...fields, ...(ref === null ? {} : { ref }) };
      try {
        checkMessage(value);
      } catch (error) {
        return error instanceof Fault && error.blame === "peer";
      }
      return true;
    }),
    { numRuns: sampleSize(200, 1_000) },
  );
});

describe("the longest list of an answer fits one message", () => {
  // A page counts bytes of log lines, which exceed this even if empty.
  const record = { head: new Uint8Array(340), salt: new Uint8Array(16), from: "é".repeat(32) };
  const room = { room: "é".repeat(32), name: "é".repeat(32), topic: "x".repeat(TOPIC_BYTES_MAX) };
  const recordsMax = Math.floor(PAGE_BYTES_MAX / record.head.length);
  const history = {
    records: Array(recordsMax).fill(record),
    rooms: Array(recordsMax).fill(room),
    more: true,
  };
  const entriesMax: Partial<Record<RequestKind, number>> = {
    rooms: PAGE_RECORDS_MAX,
    who: PAGE_RECORDS_MAX,
    ignored: IGNORED_MAX,
    bans: MODERATION_PAGE_MAX,
    invites: MODERATION_PAGE_MAX,
    invite: INVITE_ADDRESSES_MAX,
    devices: DEVICES_PER_ACCOUNT_MAX,
    inclusion: 0,
    clients: 0,
    transfers: 0,
    accounts: 0,
    "all-rooms": 0,
    "all-files": 0,
  };
  const answers = Object.entries(entriesMax).map(([kind, most]) => {
    const answer = largestOf(REQUESTS[kind as RequestKind].answer, most);
    return [kind, answer as Record<string, unknown[]>] as const;
  });

  test.each([...answers, ["history", history] as const])("%s", (kind, answer) => {
    const bytes = encode({ kind: "ok", ref: 1, ...answer } as Outgoing);
    expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    expect(decode(bytes).kind).toBe("message");
    expect(() => checkAnswer(kind as RequestKind, { ...answer })).not.toThrow();
  });

  test.each(["clients", "transfers"] as const)("%s, but no longer one", (kind) => {
    const answer = Object.fromEntries(answers)[kind] ?? {};
    const over = { ...answer, [kind]: [...(answer[kind] ?? []), answer[kind]?.[0]] };
    expect(caught(() => checkAnswer(kind, over)).code).toBe("frame-malformed");
  });
});
