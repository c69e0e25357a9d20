import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64Url, utf8Decode } from "../../../src/base/bytes.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { UNIX_MS_MAX } from "../../../src/base/time.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { LineWriter, leafHashIn, type RecordPosition } from "../../../src/io/log/batch.ts";
import {
  type Draft,
  leafHash,
  parseLine,
  type SealedDraft,
  sealDraft,
} from "../../../src/wire/record.ts";

const word = fc.stringMatching(/^[\w-]{1,64}$/);
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyLine = fc.record({
  draft: fc.record({
    kind: fc.constantFrom("text" as const, "room-password" as const),
    room: word as fc.Arbitrary<RoomId>,
    by: word as fc.Arbitrary<UserId>,
    id: fc.stringMatching(/^[\w.-]{0,64}$/),
    body: fc.jsonValue(),
  }),
  salt: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  place: fc.record({ seq: count, n: count, time: fc.integer({ min: 0, max: UNIX_MS_MAX }) }),
});

function lineText(
  { draft, salt, bodyBytes, commit }: SealedDraft,
  place: RecordPosition,
  durable: number,
) {
  const { kind, room, by, id } = draft;
  const { seq, n, time } = place;
  const head = JSON.stringify({ v: 1, seq, time, kind, room, n, by, id, commit });
  const frame = `"durable":${durable},"salt":"${toBase64Url(salt)}"`;
  return `{"head":${head},${frame},"body":${utf8Decode(bodyBytes)}}\n`;
}

describe("encoded lines", () => {
  test("equal those of the runtime's JSON", () => {
    const writer = new LineWriter();
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 20 }), (all) => {
        let text = "";
        const leaves: [number, Uint8Array][] = [];
        for (const { draft, salt, place } of all) {
          const sealed = sealDraft(draft, salt, sha256);
          const record = writer.add(sealed, place, place.seq - 1);
          const line = lineText(sealed, place, place.seq - 1);
          expect(utf8Decode(record.headBytes)).toBe(line.slice(8, line.indexOf("}") + 1));
          expect(record.head).toEqual(JSON.parse(utf8Decode(record.headBytes)));
          leaves.push([Buffer.byteLength(text), record.headBytes]);
          text += line;
          expect(writer.sizeBytes).toBe(Buffer.byteLength(text));
        }
        const lines = writer.drain();
        for (const [at, headBytes] of leaves) {
          const leaf = leafHashIn(lines, at, headBytes.length, sha256);
          expect(leaf).toEqual(leafHash(headBytes, sha256));
        }
        expect(utf8Decode(lines)).toBe(text);
        expect(writer.sizeBytes).toBe(0);
      }),
    );
  });

  test("keep their records' bytes when the buffer is reused", () => {
    const writer = new LineWriter();
    const draft: Draft = {
      kind: "text",
      room: "r1" as RoomId,
      by: "u1" as UserId,
      id: "",
      body: { text: "hello" },
    };
    const sealed = sealDraft(draft, new Uint8Array(16), sha256);
    const record = writer.add(sealed, { seq: 1, n: 1, time: 0 }, 0);
    const line = utf8Decode(writer.drain()).slice(0, -1);
    writer.add(sealed, { seq: 999, n: 99, time: 9 }, 3);
    expect(() => writer.add(sealed, { seq: 3, n: 1, time: 9 }, 3)).toThrow(
      "only written lines are durable",
    );
    const parsed = parseLine(new TextEncoder().encode(line));
    expect(parsed).toEqual({ kind: "record", record, durable: 0 });
  });

  test("may exceed the buffer and its retained size", () => {
    const writer = new LineWriter();
    const draft = { kind: "text", room: "r1" as RoomId, by: "u1" as UserId, id: "" } as const;
    const body = { text: "x".repeat(300_000) };
    const sealed = sealDraft({ ...draft, body }, new Uint8Array(16), sha256);
    for (const round of [1, 2]) {
      const places = [1, 2, 3, 4, 5].map((n) => ({ seq: n * round, n, time: round }));
      let text = "";
      for (const place of places) {
        writer.add(sealed, place, 0);
        text += lineText(sealed, place, 0);
      }
      expect(utf8Decode(writer.drain())).toBe(text);
    }
  });
});
