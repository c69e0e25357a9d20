import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromBase64Url, toBase64Url, utf8Encode } from "../../src/base/bytes.ts";
import { LineScanner } from "../../src/wire/line-scanner.ts";
import { sampleSize } from "../samples.ts";

const COUNT = "[1-9][0-9]{0,15}";
const COUNT_OR_ZERO = `0|${COUNT}`;
/** The same scanner as a regular expression, for comparison with data/README.md. */
const HEAD_TEXT =
  `^\\{"head":\\{"v":1,"seq":(${COUNT}),"time":(${COUNT_OR_ZERO}),"kind":"([a-z][a-z-]{0,31})",` +
  `"room":"([\\w-]{1,64})","n":(${COUNT}),"by":"([\\w-]{1,64})","id":"([\\w.-]{0,64})",` +
  `"commit":"([\\w-]{42}[AEIMQUYcgkosw048])"\\},"durable":(${COUNT_OR_ZERO}),`;
const HEAD = new RegExp(HEAD_TEXT);
const LINE = new RegExp(
  `${HEAD_TEXT}(?:"salt":"([\\w-]{21}[AQgw])","body":|"erased":(${COUNT})\\})`,
);

type Read = readonly (string | number)[] | undefined;

function byExpression(line: Uint8Array): { head: Read; line: Read } {
  const text = Buffer.from(line).toString("latin1");
  const head = HEAD.exec(text);
  const whole = LINE.exec(text);
  const fields = ([all, seq, time, kind, room, n, by, id, commit, durable]: RegExpExecArray) => [
    ...[seq, time, n, durable].map(Number),
    ...[kind ?? "", room ?? "", by ?? "", id ?? "", commit ?? ""],
    all.slice(all.indexOf('{"v"'), all.indexOf("}") + 1),
  ];
  return {
    head: head === null ? undefined : [...fields(head), head[0].length],
    line:
      whole === null
        ? undefined
        : [...fields(whole), whole[10] ?? "", Number(whole[11] ?? 0), whole[0].length],
  };
}

function byScanner(line: Uint8Array): { head: Read; line: Read } {
  const around = Buffer.concat([
    Buffer.from("{}\n"),
    line,
    Buffer.from('\n{"head":{"v":1,"seq":7'),
  ]);
  const at = new LineScanner();
  const text = (start: number, end: number) => around.toString("latin1", start, end);
  if (!at.scanHead(around, 3)) return { head: undefined, line: undefined };
  const { seq, time, n, durable } = at;
  const fields = [
    ...[seq, time, n, durable],
    text(at.kindStart, at.kindEnd),
    text(at.roomStart, at.roomEnd),
    text(at.byStart, at.byEnd),
    text(at.idStart, at.idEnd),
    text(at.commitStart, at.commitEnd),
    text(at.headStart, at.headEnd),
  ];
  const head = [...fields, at.frameEnd - 3];
  if (!at.scanTail(around)) return { head, line: undefined };
  const salt = at.erased > 0 ? "" : text(at.saltStart, at.saltEnd);
  return { head, line: [...fields, salt, at.erased, at.bodyStart - 3] };
}

const letters = (alphabet: string, min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: min, maxLength: max });
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const number = fc.oneof(
  fc.constantFrom("0", "00", "01", "1", "9999999999999999", "10000000000000000", "-1", "1.0", ""),
  fc.bigInt({ min: 0n, max: 99_999_999_999_999_999n }).map(String),
);
const rest = fc.oneof(
  letters(BASE64URL, 21, 23).map((salt) => `"salt":"${salt}","body":{"text":"hi"}}`),
  number.map((seq) => `"erased":${seq}}   `),
  fc.string(),
);
const nearly = fc
  .record({
    seq: number,
    time: number,
    kind: letters("abcxyz-A0", 0, 34),
    room: letters(`${BASE64URL}.é`, 0, 66),
    n: number,
    by: letters(BASE64URL, 0, 66),
    id: letters(`${BASE64URL}.`, 0, 66),
    commit: letters(BASE64URL, 42, 44),
    durable: number,
    rest,
  })
  .map(
    ({ seq, time, kind, room, n, by, id, commit, durable, rest: end }) =>
      `{"head":{"v":1,"seq":${seq},"time":${time},"kind":"${kind}","room":"${room}","n":${n},` +
      `"by":"${by}","id":"${id}","commit":"${commit}"},"durable":${durable},${end}`,
  );
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const salt = fc.uint8Array({ minLength: 16, maxLength: 16 });
const good = fc
  .tuple(fc.integer({ min: 1 }), digest, salt, fc.boolean())
  .map(
    ([seq, commit, bytes, isErased]) =>
      `{"head":{"v":1,"seq":${seq},"time":${seq},"kind":"text","room":"r4QkAAAAAAA","n":1,` +
      `"by":"u7JkAAAAAAA","id":"AAECAwQFBgc.12","commit":"${toBase64Url(commit)}"},"durable":0,` +
      (isErased ? `"erased":9}` : `"salt":"${toBase64Url(bytes)}","body":{"text":"hi"}}`),
  );

describe("scanner results equal those of the regular expression", () => {
  test("for a valid line", () => {
    fc.assert(
      fc.property(good, (line) => {
        const found = byScanner(utf8Encode(line));
        expect(found.line).toBeDefined();
        expect(found).toEqual(byExpression(utf8Encode(line)));
      }),
    );
  });

  test("for lines at their limits", () => {
    fc.assert(
      fc.property(nearly, (line) =>
        expect(byScanner(utf8Encode(line))).toEqual(byExpression(utf8Encode(line))),
      ),
      { numRuns: sampleSize(400, 2_000) },
    );
  });

  test("for a valid line with changed, removed or inserted bytes", () => {
    const change = fc.record({
      at: fc.nat(330),
      take: fc.nat(3),
      put: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constantFrom(...'0"}{,:').map(utf8Encode)),
    });
    fc.assert(
      fc.property(good, fc.array(change, { minLength: 1, maxLength: 2 }), (line, changes) => {
        let bytes = utf8Encode(line);
        for (const { at, take, put } of changes) {
          bytes = Uint8Array.of(...bytes.subarray(0, at), ...put, ...bytes.subarray(at + take));
        }
        expect(byScanner(bytes)).toEqual(byExpression(bytes));
      }),
      { numRuns: sampleSize(1_000, 5_000) },
    );
  });

  test("for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        expect(byScanner(bytes)).toEqual(byExpression(bytes)),
      ),
    );
  });
});

test("compares a digest with the head and reads a salt from base64url", () => {
  fc.assert(
    fc.property(good, fc.nat(255), fc.nat(1), (line, bit, flip) => {
      const bytes = utf8Encode(line);
      const at = new LineScanner();
      expect(at.scanHead(bytes, 0) && at.scanTail(bytes)).toBe(true);
      const commit = fromBase64Url(line.slice(at.commitStart, at.commitEnd));
      commit[bit >> 3] = (commit[bit >> 3] ?? 0) ^ (flip << (bit & 7));
      expect(at.matchesCommit(commit)).toBe(flip === 0);
      if (at.erased > 0) return;
      const into = new Uint8Array(18);
      at.copySalt(bytes, into, 1);
      expect(toBase64Url(into.subarray(1, 17))).toBe(line.slice(at.saltStart, at.saltEnd));
      expect([into[0], into[17]]).toEqual([0, 0]);
    }),
  );
});
