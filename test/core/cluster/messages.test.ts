import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { LINE_BYTES_MAX } from "../../../src/base/limits.ts";
import {
  packCopied,
  packCopyEnd,
  packDigested,
  packNodeMessage,
  packProposals,
  packRestored,
  readNodeMessage,
  readStream,
} from "../../../src/core/cluster/messages.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import {
  type Draft,
  LINE_FRAME_BYTES_MAX,
  SALT_BYTES,
  sealDraft,
} from "../../../src/wire/record.ts";
import { faultCode, faultOf } from "../../fault-code.ts";
import { blanked, lineAt } from "../../io/log-fixture.ts";
import { plantVersion } from "../../plant.ts";

plantVersion();

const DRAFT: Draft = {
  kind: "text",
  room: "rLLLLLLLLLLL" as RoomId,
  by: "uAAAAAAAAAAA" as UserId,
  id: "AAAAAAAAAAA.1",
  body: { text: "größer" },
};
const sealed = sealDraft(DRAFT, new Uint8Array(SALT_BYTES).fill(7), sha256);
const MESSAGE = {
  id: "m",
  proposals: [{ history: 3, accounts: 4, drafts: [{ sealed, follows: 9 }, { sealed }] }],
};

const SCOPE = { id: "chat 12 34", sha256 };

const fault = (bytes: Uint8Array) => faultCode(() => readStream(bytes, SCOPE));

test("round-trips proposals with the commitment that each node computes", () => {
  const read = readStream(packProposals(MESSAGE, SCOPE), SCOPE);
  expect(read).toEqual({ kind: "proposals", message: MESSAGE });
});

test("rejects any message that nodes cannot parse", () => {
  const row = ["text", DRAFT.room, DRAFT.by, DRAFT.id, 0, sealed.salt, sealed.bodyBytes];
  const of = (drafts: unknown) =>
    packDigested({ v: 4, id: "m", proposals: [[0, 0, drafts]] }, SCOPE);
  expect(fault(of([row]))).toBe("none");
  const with_ = (at: number, value: unknown) => of([row.map((one, i) => (i === at ? value : one))]);
  const longest = LINE_BYTES_MAX - LINE_FRAME_BYTES_MAX;
  const body = (length: number) => with_(6, utf8Encode(`"${"x".repeat(length - 2)}"`));
  expect([fault(body(longest)), fault(body(longest + 1))]).toEqual(["none", "frame-malformed"]);
  for (const bytes of [
    new Uint8Array(0),
    Uint8Array.of(0xc1),
    packDigested({ v: 4, id: 3, proposals: [] }, SCOPE),
    of([]),
    of("no list"),
    of([7]),
    packDigested({ v: 4, id: "m", proposals: [7] }, SCOPE),
    packDigested({ v: 4, id: "m", proposals: [[-1, 0, [row]]] }, SCOPE),
    packDigested({ v: 4, id: "m", proposals: [[0, -1, [row]]] }, SCOPE),
    with_(0, "toString"),
    with_(1, "a b"),
    with_(3, "x\n"),
    with_(4, -1),
    with_(5, new Uint8Array(3)),
    with_(6, Uint8Array.of(0x7b)),
    with_(6, new TextEncoder().encode('{"text":\n"two lines"}')),
  ]) {
    expect(fault(bytes)).toBe("frame-malformed");
  }
});

test.each([
  ["a byte", utf8Encode("x")],
  ["nil", Uint8Array.of(0xc0)],
  ["a text", Uint8Array.of(0xa4, ...utf8Encode("news"))],
  ["a list", Uint8Array.of(0x91, 1)],
  ["no version", packValue({ id: "m", proposals: [] })],
  ["version 0", packValue({ v: 0, id: "m", proposals: [] })],
  ["a negative version", packValue({ v: -1, id: "m", proposals: [] })],
  ["a fractional version", packValue({ v: 4.5, id: "m", proposals: [] })],
  ["a version as text", packValue({ v: "4", id: "m", proposals: [] })],
  ["proposals as a copy", packValue({ v: 5, id: "m", proposals: [] })],
  ["no needed version", packValue({ v: 6, id: "m", proposals: [] })],
])("ignores a message with %s, which no version wrote", (_name, bytes) => {
  expect(fault(bytes)).toBe("frame-malformed");
});

test("stops at messages of later versions", () => {
  const row = ["text", DRAFT.room, DRAFT.by, DRAFT.id, 0, sealed.salt, sealed.bodyBytes];
  const unknown = ["song", ...row.slice(1)];
  const line = utf8Encode(lineAt(1, 1, 0).replace('"kind":"text"', '"kind":"song"'));
  const digested = (fields: Readonly<Record<string, unknown>>) => packDigested(fields, SCOPE);
  for (const bytes of [
    digested({ v: 7 }),
    digested({ v: Number.MAX_SAFE_INTEGER }),
    digested({ v: 6, needs: "99.0.0", id: "m", proposals: [[0, 0, [row]]] }),
    digested({ v: 4, id: "m", proposals: [[0, 0, [row, unknown]]] }),
    digested({ v: 6, needs: "0.5.0", id: "m", proposals: [[0, 0, [unknown]]] }),
    digested({ v: 5, place: "history", lines: line }),
    digested({ v: 5, id: "m", restored: [[1, 7, unknown]] }),
  ]) {
    expect(fault(bytes)).toBe("version-unsupported");
  }
  // An unknown kind in an invalid draft is no sign of a later version.
  const wrong = digested({ v: 4, id: "m", proposals: [[0, 0, [["song", ...row.slice(2)]]]] });
  expect(fault(wrong)).toBe("frame-malformed");
});

const LINE = utf8Encode(lineAt(1, 1, 0).replace('"durable":1', '"durable":0'));
const LOG_END = { size: 2, root: new Uint8Array(32).fill(1) };
const DIGESTED: readonly (readonly [string, Uint8Array])[] = [
  ["proposals", packProposals(MESSAGE, SCOPE)],
  ["copied lines", packCopied("history", LINE, SCOPE)],
  ["the end of a copy", packCopyEnd({ history: LOG_END, accounts: LOG_END }, SCOPE)],
  ["restored records", packRestored("m", [{ seq: 1, time: 7, sealed }], SCOPE)],
];

test.each(DIGESTED)(
  "ignores %s with a changed bit, a missing end or more bytes",
  (_name, bytes) => {
    expect(fault(bytes)).toBe("none");
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = new Uint8Array(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(fault(flipped)).toBe("frame-malformed");
      }
      expect(fault(bytes.subarray(0, at))).toBe("frame-malformed");
    }
    expect(fault(Uint8Array.of(...bytes, 0))).toBe("frame-malformed");
    expect(fault(Uint8Array.of(...bytes, ...bytes))).toBe("frame-malformed");
  },
);

test.each(DIGESTED)("ignores %s of another cluster", (_name, bytes) => {
  for (const id of ["chat 12 35", "lab 12 34", "chat 12 34 ", ""])
    expect(faultCode(() => readStream(bytes, { id, sha256 }))).toBe("frame-malformed");
});

test("stops at messages of 0.1 to 0.3, with a digest or without", () => {
  const row = ["text", DRAFT.room, DRAFT.by, DRAFT.id, 0, sealed.salt, sealed.bodyBytes];
  const proposals = [[0, 0, [row]]];
  const former = [
    { v: 1, id: "m", proposals },
    { v: 3, needs: "0.3.0", id: "m", proposals },
    { v: 2, place: "history", lines: LINE },
    { v: 2, id: "m", restored: [[1, 7, row]] },
  ];
  for (const fields of former)
    for (const bytes of [packValue(fields), packDigested(fields, SCOPE)])
      expect(faultOf(() => readStream(bytes, SCOPE))).toMatchObject({
        code: "version-unsupported",
        message: "the stream was written by chat 0.3.0 or earlier",
        remedy: "use another --cluster name",
      });
});

const VERSIONED: readonly (readonly [string, Pick<Draft, "kind" | "body">, number])[] = [
  ["a text", { kind: "text", body: { text: "a" } }, 4],
  ["a room with an initiator", { kind: "room", body: { name: "a", initiator: "u" } }, 4],
  ["a text in a thread", { kind: "text", body: { text: "a", thread: true } }, 6],
  ["a private room", { kind: "room", body: { name: "a", private: true } }, 6],
  ["the end of a poll", { kind: "poll", body: { seq: 1, on: false } }, 6],
];

test.each(VERSIONED)("0.4.0 reads or stops at %s", (_name, draft, version) => {
  const newer = sealDraft({ ...DRAFT, ...draft }, new Uint8Array(SALT_BYTES), sha256);
  const drafts = [{ sealed }, { sealed: newer }];
  const proposals = [
    { history: 0, accounts: 0, drafts: [{ sealed }] },
    { history: 0, accounts: 0, drafts },
  ];
  const bytes = packProposals({ id: "m", proposals }, SCOPE);
  expect(unpackValue(bytes)).toMatchObject({ v: version });
  expect(readStream(bytes, SCOPE)).toEqual({ kind: "proposals", message: { id: "m", proposals } });
  const restored = packRestored("m", [{ seq: 1, time: 7, sealed: newer }], SCOPE);
  expect(unpackValue(restored)).toMatchObject({ v: version === 4 ? 5 : version });
  expect(fault(restored)).toBe("none");
});

test("marks copies of records that 0.4.0 does not know", () => {
  const line = lineAt(1, 1, 0).replace('"kind":"text"', '"kind":"poll"');
  const bytes = packCopied("history", utf8Encode(line), SCOPE);
  expect(unpackValue(bytes)).toMatchObject({ v: 6, needs: "0.5.0" });
  expect(readStream(bytes, SCOPE)).toMatchObject({ kind: "copied" });
});

test("round-trips copied lines except data of their disk", () => {
  const [line, erased] = [lineAt(1, 1, 0), blanked(lineAt(2, 2, 1), 3)];
  const both = utf8Encode(line + erased.replace('"durable":1', '"durable":0'));
  const read = readStream(packCopied("history", both, SCOPE), SCOPE);
  if (read.kind !== "copied") throw new Error(read.kind);
  expect(read.copied.place).toBe("history");
  expect(read.copied.lines.map(({ record }) => record.erased)).toEqual([undefined, 3]);
  expect(Buffer.concat(read.copied.lines.map(({ bytes }) => bytes))).toEqual(Buffer.from(both));
  const end = {
    history: { size: 2, root: new Uint8Array(32).fill(1) },
    accounts: { size: 0, root: new Uint8Array(32).fill(2) },
  };
  expect(readStream(packCopyEnd(end, SCOPE), SCOPE)).toEqual({ kind: "copy-end", end });
  for (const bytes of [
    packCopied("elsewhere" as "history", both, SCOPE),
    packCopied("history", new Uint8Array(0), SCOPE),
    packCopied("history", both.subarray(1), SCOPE),
    packCopied("history", both.subarray(0, -1), SCOPE),
    packCopied("history", utf8Encode(`${line}\n${line}`), SCOPE),
    packValue({ v: 5 }),
    packValue({ v: 5, end: 3 }),
    packValue({ v: 5, end: [1, new Uint8Array(31), 1, new Uint8Array(32)] }),
    packValue({ v: 5, end: [-1, new Uint8Array(32), 1, new Uint8Array(32)] }),
  ]) {
    expect(fault(bytes)).toBe("frame-malformed");
  }
});

test("round-trips restored records, and erased ones as lines", () => {
  const erased = utf8Encode(blanked(lineAt(2, 2, 1), 3).replace('"durable":1', '"durable":0'));
  const records = [{ seq: 1, time: 7, sealed }];
  const read = readStream(packRestored("m", records, SCOPE), SCOPE);
  expect(read).toEqual({ kind: "restored", records });
  const restored = (item: unknown) => packDigested({ v: 5, id: "m", restored: [item] }, SCOPE);
  const line = readStream(restored(erased), SCOPE);
  expect(line).toMatchObject({ records: [{ line: { record: { erased: 3 } } }] });
  const draft = ["text", DRAFT.room, DRAFT.by, DRAFT.id, 0, sealed.salt, sealed.bodyBytes];
  expect(fault(restored([1, 7, draft]))).toBe("none");
  for (const wrong of [
    7,
    [-1, 7, draft],
    [1, 0.5, draft],
    [1, 7, "x"],
    utf8Encode(lineAt(1, 1, 0)),
  ]) {
    expect(fault(restored(wrong))).toBe("frame-malformed");
  }
});

test("parses node messages and ignores malformed ones", () => {
  const news = { kind: "online", users: ["uAAAAAAAAAAA"] };
  const message = { node: "n1", news, instance: "a" };
  expect(readNodeMessage(packNodeMessage("n1", news, "a"))).toEqual(message);
  expect(readNodeMessage(packValue({ v: 4, ...message }))).toEqual(message);
  for (const wrong of [{ v: 1 }, { v: 5 }, { node: 7 }, { instance: undefined }])
    expect(readNodeMessage(packValue({ v: 4, ...message, ...wrong }))).toBeUndefined();
  expect(readNodeMessage(Uint8Array.of(0xc1))).toBeUndefined();
});
