import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toHex, utf8Encode } from "../../src/base/bytes.ts";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { UNIX_MS_MAX } from "../../src/base/time.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import {
  asDamaged,
  bodyMatches,
  classifyLine,
  type Draft,
  erasedTail,
  LINE_FRAME_BYTES_MAX,
  leafHash,
  type ParsedLine,
  parseBody,
  parseHead,
  parseLine,
  sealDraft,
} from "../../src/wire/record.ts";
import { encodeLine } from "../encode-line.ts";
import vectors from "../vectors/record.json";

const DRAFT: Draft = {
  kind: "text",
  room: "r4QkAAAAAAA" as RoomId,
  by: "u7JkAAAAAAA" as UserId,
  id: "AAECAwQFBgc.12",
  body: { text: "hi" },
};
const SALT = new Uint8Array(16);

function lineOf(body: unknown, position = { seq: 5, n: 2, time: 7 }, durable = 4): string {
  return encodeLine(sealDraft({ ...DRAFT, body }, SALT, sha256), position, durable).text.slice(
    0,
    -1,
  );
}

function parse(text: string): ParsedLine {
  return parseLine(utf8Encode(text));
}

function recordOf(text: string) {
  const parsed = parse(text);
  if (parsed.kind !== "record") throw new Error(`not a record: ${JSON.stringify(parsed)}`);
  return parsed.record;
}

for (const vector of vectors.written) {
  test(`writes and reads ${vector.name}`, () => {
    const salt = Uint8Array.fromHex(vector.salt);
    const sealed = sealDraft(vector.draft as Draft, salt, sha256);
    const encoded = encodeLine(sealed, vector.place, vector.durable);
    expect(encoded.text).toBe(`${vector.line}\n`);
    expect(encoded.sizeBytes).toBe(utf8Encode(encoded.text).length);

    const parsed = parse(vector.line);
    expect(parsed).toEqual({ kind: "record", record: encoded.record, durable: vector.durable });
    const { head, headBytes } = encoded.record;
    expect(head).toEqual(JSON.parse(vector.head));
    expect(toHex(leafHash(headBytes, sha256))).toBe(vector.leaf);
    expect(head.commit).toBe(vector.commit);
    expect(bodyMatches(encoded.record, sha256)).toBe(true);
    expect(parseBody(encoded.record)).toEqual(vector.draft.body);
  });
}

test("reads an erased line with the same leaf", () => {
  const { line, seq, erased, durable, leaf } = vectors.erased;
  const record = recordOf(line);
  expect(record.head.seq).toBe(seq);
  expect(record.erased).toBe(erased);
  expect(parse(line)).toMatchObject({ durable });
  expect(record.bodyBytes).toBeUndefined();
  expect(toHex(leafHash(record.headBytes, sha256))).toBe(leaf);
  expect(bodyMatches(record, sha256)).toBe(true);
});

describe("refuses", () => {
  const good = lineOf({ text: "hi" });
  const cases: Record<string, string> = {
    "an empty line": "",
    "a cut line": good.slice(0, -2),
    "a line cut in the head": good.slice(0, 60),
    "a space in the head": good.replace('"seq":5', '"seq": 5'),
    "another order of keys": good.replace('"seq":5,"time":7', '"time":7,"seq":5'),
    "a key twice": good.replace('"seq":5', '"seq":5,"seq":5'),
    "a leading zero": good.replace('"seq":5', '"seq":05'),
    "a fraction": good.replace('"seq":5', '"seq":5.0'),
    "seq zero": good.replace('"seq":5', '"seq":0'),
    "a seq that is no safe integer": good.replace('"seq":5', '"seq":9999999999999999'),
    "a time that no date can hold": good.replace('"time":7', '"time":8640000000000001'),
    "a durable that is not below seq": good.replace('"durable":4', '"durable":5'),
    "an n above seq": good.replace('"n":2', '"n":6'),
    "another version": good.replace('"v":1', '"v":2'),
    "a second spelling of the salt": good.replace('AA","body"', 'AB","body"'),
    "a padded salt": good.replace('","body"', '==","body"'),
    "an escaped room": good.replace('"room":"r4', '"room":"\\u0072'),
    "two lines": `${good.slice(0, -1)}\n}`,
    "nothing after the body's key": good.slice(0, good.indexOf('"body":') + 7),
    "an erasure by itself": erasedOf(good, 5),
    "text after an erasure": `${erasedOf(good, 9)}  x`,
  };
  for (const [name, line] of Object.entries(cases)) {
    test(name, () => expect(parse(line).kind).toBe("bad"));
  }

  test("rejects a second form of the commitment", () => {
    const last = /"commit":"[\w-]{42}(.)"/.exec(good)?.[1] ?? "";
    const next = String.fromCharCode(last.charCodeAt(0) + 1);
    const other = good.replace(`${last}"},"durable"`, `${next}"},"durable"`);
    expect(other).not.toBe(good);
    expect(parse(other).kind).toBe("bad");
  });
});

function erasedOf(line: string, by: number): string {
  return line.replace(/"salt".*$/, `"erased":${by}}`);
}

test("distinguishes a newer kind from invalid bytes", () => {
  const line = lineOf({}).replace('"kind":"text"', '"kind":"hologram"');
  expect(parse(line)).toMatchObject({ kind: "newer", recordKind: "hologram", seq: 5 });
});

test("parses any bytes without throwing", () => {
  const good = utf8Encode(lineOf({ text: "hi" }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(good.length), (bytes, at) => {
      for (const line of [bytes, Uint8Array.of(...good.subarray(0, at), ...bytes)]) {
        expect(["record", "newer", "bad"]).toContain(parseLine(line).kind);
      }
    }),
  );
});

test("round-trips any body and limits the size of its frame", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, seq) => {
      const body = { value };
      const position = { seq: seq + 1, n: 1, time: seq };
      const line = utf8Encode(lineOf(body, position, seq));
      const record = recordOf(new TextDecoder().decode(line));
      expect(JSON.stringify(parseBody(record))).toBe(JSON.stringify(body));
      expect(line.length).toBeLessThan((record.bodyBytes?.length ?? 0) + LINE_FRAME_BYTES_MAX);
    }),
  );
});

test("fits the longest head in the frame", () => {
  const draft: Draft = {
    kind: "room-password",
    room: "r".repeat(64) as RoomId,
    by: "u".repeat(64) as UserId,
    id: "i".repeat(64),
    body: 0,
  };
  const seq = Number.MAX_SAFE_INTEGER;
  const position = { seq, n: seq, time: UNIX_MS_MAX };
  const encoded = encodeLine(sealDraft(draft, SALT, sha256), position, seq - 1);
  expect(encoded.sizeBytes).toBeLessThan(LINE_FRAME_BYTES_MAX);
  expect(parse(encoded.text.slice(0, -1)).kind).toBe("record");
});

test("detects each flipped bit of hashed data", () => {
  const good = utf8Encode(lineOf({ text: "hello" }));
  const before = recordOf(new TextDecoder().decode(good));
  const leaf = toHex(leafHash(before.headBytes, sha256));
  let unhashed = 0;
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = good.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const parsed = parseLine(bytes);
    if (parsed.kind !== "record") continue;
    const isSameLeaf = toHex(leafHash(parsed.record.headBytes, sha256)) === leaf;
    if (!isSameLeaf || !bodyMatches(parsed.record, sha256)) continue;
    expect(parsed.record).toEqual(before);
    unhashed += 1;
  }
  // `durable` can change from 4 to 0; other digits would exceed the seq.
  expect(unhashed).toBeLessThanOrEqual(2);
});

test("displays only the head of a damaged record", () => {
  const record = asDamaged(recordOf(lineOf({ text: "hi" })));
  expect(Object.keys(record).sort()).toEqual(["damaged", "head", "headBytes"]);
  expect(bodyMatches(record, sha256)).toBe(false);
  expect(parseBody(record)).toBeUndefined();
});

test("copies a record out of its line's buffer", () => {
  for (const line of [Buffer.from(lineOf({ text: "hi" })), utf8Encode(lineOf({ text: "hi" }))]) {
    const parsed = parseLine(line);
    line.fill(0);
    if (parsed.kind !== "record") throw new Error("no record");
    expect(bodyMatches(parsed.record, sha256)).toBe(true);
    expect(new TextDecoder().decode(parsed.record.headBytes)).toStartWith('{"v":1');
  }
});

describe("erasure", () => {
  const line = lineOf({ text: "hi" });
  const bytes = Buffer.from(line);

  test("keeps the length and everything up to the salt, and leaves an erased line", () => {
    for (const seq of [9, 2 ** 53 - 1]) {
      const { at, bytes: tail } = erasedTail(bytes, seq);
      expect(at).toBe(line.indexOf('"salt"'));
      expect(at + tail.length).toBe(bytes.length);
      const blank = Buffer.concat([bytes.subarray(0, at), tail]);
      expect(parseLine(blank)).toMatchObject({ kind: "record", record: { erased: seq } });
      expect(erasedTail(blank, seq)).toEqual({ at, bytes: tail });
    }
  });

  test("parses a head followed by anything, and nothing else", () => {
    const whole = parseLine(bytes);
    if (whole.kind !== "record") throw new Error("no record");
    for (let cut = line.indexOf('"salt"'); cut <= line.length; cut++) {
      const found = parseHead(Buffer.from(`${line.slice(0, cut)}${" ".repeat(line.length - cut)}`));
      expect(found?.record.head).toEqual(whole.record.head);
      expect(found?.record).not.toHaveProperty("bodyBytes");
    }
    for (let cut = 0; cut < line.indexOf('"salt"'); cut++) {
      expect(parseHead(Buffer.from(line.slice(0, cut)))).toBeUndefined();
    }
  });
});

test("classifies lines by what of them is valid", () => {
  const line = lineOf({ text: "hi" });
  const kindOf = (text: string) => {
    const { kind, record } = classifyLine(utf8Encode(text), sha256);
    return [kind, record?.head.seq];
  };
  const seq = 5;
  const blank = `${line.slice(0, line.indexOf('"salt"'))}"erased":9}`.padEnd(line.length);
  expect(kindOf(line)).toEqual(["intact", seq]);
  expect(kindOf(blank)).toEqual(["intact", seq]);
  expect(kindOf(line.replace("hi", "Hi"))).toEqual(["damaged", seq]);
  expect(kindOf(line.slice(0, -2))).toEqual(["torn", seq]);
  expect(kindOf(blank.replace('"erased":9}', '"erased":9 '))).toEqual(["torn", seq]);
  expect(kindOf(line.slice(0, 40))).toEqual(["invalid", undefined]);
  expect(kindOf(line.replace('"kind":"text"', '"kind":"later"'))).toEqual(["newer", undefined]);
});
