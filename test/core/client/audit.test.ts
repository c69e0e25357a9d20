import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import {
  type AuditReason,
  formatFinding,
  judgeCheckpoint,
  judgeKnownRecords,
  type KnownRecord,
  type LogPin,
} from "../../../src/core/client/audit.ts";
import {
  consistencyPath,
  inclusionPath,
  type Nodes,
  rootOf,
} from "../../../src/core/log/proofs.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { leafHash } from "../../../src/wire/record.ts";
import { nodesOf } from "../log-nodes.ts";

class Log {
  readonly #leaves: readonly Uint8Array[];
  readonly nodes: Nodes;

  constructor(texts: readonly string[]) {
    this.#leaves = texts.map((text) => leafHash(utf8Encode(text), sha256));
    this.nodes = nodesOf(this.#leaves);
  }

  get size(): number {
    return this.#leaves.length;
  }

  pin(size = this.size, origin = "chat/one"): LogPin {
    return { origin, size, root: rootOf(size, this.nodes, sha256), note: `note ${size}` };
  }

  path(from: number): Uint8Array[] {
    return from > this.size ? [] : consistencyPath(from, this.size, this.nodes, sha256);
  }

  proof(seq: number, size = this.size) {
    const leaf = this.nodes(0, seq - 1);
    return { seq, leaf, path: inclusionPath(seq - 1, size, this.nodes, sha256) };
  }

  seen(seq: number): KnownRecord {
    const [leaf, timeUnixMs] = [this.nodes(0, seq - 1), 1_000];
    return { seq, leaf, room: "r1", place: "#lobby", from: "Ana", timeUnixMs };
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `record ${i + 1}`);

/** Judges the log `now` on a device that has accepted the first `size` records of `before`. */
function judged(before: Log, size: number, now: Log) {
  const presented = { pin: now.pin(), path: now.path(size) };
  return judgeCheckpoint(before.pin(size), presented, sha256);
}

const alarm = (reason: AuditReason) => ({ kind: "alarm", reason }) as const;

const MANIPULATIONS: readonly [string, AuditReason, (texts: string[], at: number) => string[]][] = [
  ["a record changed", "forked", (texts, at) => texts.with(at, "other")],
  ["a record left out, another at the end", "forked", (t, at) => [...t.toSpliced(at, 1), "x"]],
  ["a record left out", "rolled-back", (texts, at) => texts.toSpliced(at, 1)],
  ["a record put in", "forked", (texts, at) => texts.toSpliced(at, 0, "new")],
  ["the tail cut", "rolled-back", (texts, at) => texts.slice(0, at)],
  ["an older log that has grown otherwise", "forked", (t, at) => [...t.slice(0, at), ...t, "y"]],
];

describe("checkpoint", () => {
  test("pins the first checkpoint and accepts it again", () => {
    const log = new Log(numbered(7));
    const presented = { pin: log.pin(), path: [] };
    expect(judgeCheckpoint(undefined, presented, sha256)).toEqual({ kind: "first" });
    expect(judged(log, 7, log)).toEqual({ kind: "same" });
  });

  test("accepts a log that has only grown, from every size to every other", () => {
    for (let size = 1; size <= 40; size++) {
      const log = new Log(numbered(size));
      for (let from = 1; from < size; from++) expect(judged(log, from, log).kind).toBe("grown");
    }
  });

  test.each(MANIPULATIONS)("raises the alarm for %s", (_, reason, manipulate) => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (count, chance) => {
        const texts = numbered(count);
        const now = new Log(manipulate(texts, 1 + (chance % (count - 1))));
        expect(judged(new Log(texts), count, now)).toEqual(alarm(reason));
      }),
    );
  });

  test("raises the alarm for two swapped records", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.nat(), (count, some, other) => {
        const texts = numbered(count);
        const [one, two] = [some % count, other % count];
        fc.pre(one !== two);
        const now = new Log(texts.with(one, texts[two] ?? "").with(two, texts[one] ?? ""));
        expect(judged(new Log(texts), count, now)).toEqual(alarm("forked"));
      }),
    );
  });

  test("accepts only the correct path", () => {
    const log = new Log(numbered(21));
    const path = log.path(13);
    const paths = [
      [],
      path.slice(1),
      [...path, new Uint8Array(32)],
      ...path.map((_, i) => path.with(i, new Uint8Array(32))),
    ];
    for (const wrong of paths) {
      const presented = { pin: log.pin(), path: wrong };
      expect(judgeCheckpoint(log.pin(13), presented, sha256)).toEqual(alarm("forked"));
    }
  });

  test("treats another origin as another log, regardless of its content", () => {
    const log = new Log(numbered(5));
    const presented = { pin: log.pin(5, "chat/two"), path: [] };
    expect(judgeCheckpoint(log.pin(), presented, sha256)).toEqual(alarm("other-origin"));
  });
});

describe("known records", () => {
  const log = new Log(numbered(10));
  const other = new Log(numbered(10).with(3, "other"));
  const seqs = (records: readonly KnownRecord[]) => records.map(({ seq }) => seq);

  test("are proved, changed, removed or omitted", () => {
    const seen = [2, 4, 6, 10, 11].map((seq) => new Log(numbered(11)).seen(seq));
    const proofs = [other.proof(2), other.proof(4), other.proof(9)];
    const verdict = judgeKnownRecords(seen, proofs, other.pin(), sha256);
    expect(seqs(verdict.proved)).toEqual([2]);
    expect(seqs(verdict.changed)).toEqual([4]);
    expect(seqs(verdict.withheld)).toEqual([6, 10]);
    expect(seqs(verdict.beyondEnd)).toEqual([11]);
  });

  test("are not proved by a proof for another position or tree", () => {
    const seen = [log.seen(4)];
    const wrong = [
      { ...log.proof(5), seq: 4 },
      { ...log.proof(4, 9) },
      { ...log.proof(4), path: [] },
    ];
    for (const proof of wrong) {
      expect(seqs(judgeKnownRecords(seen, [proof], log.pin(), sha256).changed)).toEqual([4]);
    }
  });
});

describe("findings", () => {
  const knownSize = 57;
  const presented = { origin: "chat/one", size: 41 };
  const seen = (seq: number, from?: string): KnownRecord => {
    return { seq, leaf: new Uint8Array(32), room: "r", place: "#lobby", from, timeUnixMs: 0 };
  };
  const clock = () => "12:04";

  test.each<[AuditReason, string]>([
    ["rolled-back", "the server's history has only 41 records, but this device has seen 57"],
    [
      "forked",
      "the server's history has 41 records, but its first 57 are not what this device has seen",
    ],
    [
      "other-origin",
      "the server presents a different history (41 records, chat/one) from the one that this" +
        " device has seen (57 records)",
    ],
    ["record-missing", "the server changed or removed records that this device has read"],
    ["left-out", "the server does not prove that its history contains a room that you joined"],
    ["unproved", "the server no longer proves its history to this device"],
    ["unsigned", "the server's checkpoint is not signed by its key"],
  ])("are described for %s", (reason, sentence) => {
    expect(formatFinding({ reason, knownSize, presented, missing: [] }, clock)).toBe(sentence);
  });

  test("contain the first missing record and the number of later ones", () => {
    const format = (missing: KnownRecord[]) =>
      formatFinding({ reason: "record-missing", knownSize, presented, missing }, clock);
    expect(format([seen(12, "Ana")])).toBe(
      "the server changed or removed records that this device has read; record 12 in #lobby" +
        " (Ana, 12:04) that this device has read is not in the server's history",
    );
    expect(format([seen(12), seen(13), seen(14)])).toBe(
      "the server changed or removed records that this device has read; record 12 in #lobby" +
        " (12:04) that this device has read is not in the server's history, nor are 2 later ones",
    );
    expect(format([seen(12), seen(13)])).toEndWith("in the server's history, nor is 1 later one");
    const leftOut = {
      reason: "left-out",
      knownSize,
      presented,
      missing: [seen(12), seen(13)],
    } as const;
    expect(formatFinding(leftOut, clock)).toEndWith(
      "; the server did not prove that it still has record 12 in #lobby (12:04), which this" +
        " device has read, or 1 later record",
    );
  });
});
