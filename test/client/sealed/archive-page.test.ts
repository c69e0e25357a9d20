import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RoomId } from "../../../src/base/ids.ts";
import { PAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { matcherOf, PageBuilder } from "../../../src/client/sealed/archive-page.ts";
import type { KeptRow } from "../../../src/client/sealed/rows.ts";
import type { ChatRecord, RoomView } from "../../../src/core/client/chat-record.ts";

const ROOM: RoomView = { kind: "room", name: "vault", id: "r1" as RoomId, topic: "" };

function record(seq: number, text = "x"): ChatRecord {
  const place = { seq, n: seq, timeUnixMs: seq, room: ROOM, from: "ana", id: "" };
  return { ...place, kind: "text", state: "whole", body: { text } };
}

function said(text: string, more: Partial<KeptRow> = {}): KeptRow {
  const body = { kind: "text", text };
  const row = { kind: "said", user: "Ana", device: "d", body, sentAtUnixMs: 1 } as const;
  return { ...row, n: 3, timeUnixMs: 1_000, post: "o.1", ...more } as KeptRow;
}

/** What a server or an archive would give for the same question. */
function source(seqs: readonly number[], { after, before }: Bounds, limit: number) {
  const fitting = seqs.filter((seq) => seq > (after ?? 0) && seq < (before ?? Infinity));
  const page = after === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
  return { page, more: page.length < fitting.length };
}

interface Bounds {
  readonly after?: number;
  readonly before?: number;
}

describe("a page of several sources", () => {
  const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 30 });
  const sorted = (all: readonly number[]) => [...all].sort((one, other) => one - other);

  test.each(["after", "before"] as const)("pages by %s leave nothing out, none twice", (by) => {
    const limits = fc.integer({ min: 1, max: 7 });
    const property = fc.property(seqs, seqs, limits, (open, own, limit) => {
      const archive = sorted(own.filter((seq) => !open.includes(seq)));
      const server = sorted(open);
      const seen: number[] = [];
      let bounds: Bounds = by === "after" ? { after: 0 } : {};
      for (let pages = 0; ; pages++) {
        expect(pages).toBeLessThan(100);
        const builder = new PageBuilder({ ...bounds, limit });
        const { page, more } = source(server, bounds, Math.max(1, limit - 1));
        builder.addAll({ records: page.map((seq) => record(seq)), more });
        const mine = source(archive, bounds, 1_000).page;
        for (const seq of by === "after" ? mine : mine.reverse()) {
          if (!builder.add(record(seq))) break;
        }
        const done = builder.page();
        const got = done.records.map(({ seq }) => seq);
        expect(got).toEqual(sorted(got));
        expect(got.length).toBeLessThanOrEqual(limit);
        if (by === "after") seen.push(...got);
        else seen.unshift(...got);
        if (!done.more) break;
        const next = by === "after" ? got.at(-1) : got[0];
        if (next === undefined) throw new Error("an empty page promises more");
        bounds = by === "after" ? { after: next } : { before: next };
      }
      expect(seen).toEqual(sorted([...server, ...archive]));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("a page has as many bytes as one of the server, and one record whatever its size", () => {
    const words = "w".repeat(PAGE_BYTES_MAX / 8);
    const builder = new PageBuilder({ limit: 100 });
    for (let seq = 10; seq > 0; seq--) builder.add(record(seq, words));
    expect(builder.page().records.map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(builder.more).toBe(true);
    const single = new PageBuilder({ limit: 100 });
    expect(single.add(record(1, "w".repeat(PAGE_BYTES_MAX)))).toBe(true);
    expect(single.page()).toMatchObject({ records: [{ seq: 1 }], more: false });
  });

  test("the same record from both is there once", () => {
    const builder = new PageBuilder({ limit: 2 });
    expect([builder.add(record(1)), builder.add(record(1))]).toEqual([true, true]);
    expect(builder.page()).toMatchObject({ records: [{ seq: 1 }], more: false });
  });
});

describe("what is found", () => {
  const finds = (query: object, row: KeptRow) =>
    matcherOf({ limit: 1, ...query })(ROOM, 7, row) !== undefined;

  test("case counts only where it is asked for", () => {
    expect(finds({ grep: "STRASSE", ignoreCase: true }, said("Straße"))).toBe(true);
    expect(finds({ grep: "STRASSE" }, said("Straße"))).toBe(false);
    expect(finds({ grep: "raß" }, said("Straße"))).toBe(true);
  });

  test("by author, time and kind, at their edges", () => {
    const row = said("one");
    expect(finds({ from: "ANA", grep: "one" }, row)).toBe(true);
    expect(finds({ from: "ben", grep: "one" }, row)).toBe(false);
    expect(finds({ since: 1_000, until: 1_000, grep: "one" }, row)).toBe(true);
    expect(finds({ since: 1_001, grep: "one" }, row)).toBe(false);
    expect(finds({ until: 999, grep: "one" }, row)).toBe(false);
    expect(finds({ kinds: ["text"] }, row)).toBe(true);
    expect(finds({ kinds: ["action", "file"] }, row)).toBe(false);
    expect(finds({ files: true }, row)).toBe(false);
  });

  test("never what could not be opened, nor in fields that nobody sees", () => {
    expect(finds({ grep: "d" }, said("x"))).toBe(false);
    const closed = { kind: "closed", reason: "broken", n: 1, timeUnixMs: 1, post: "" } as const;
    expect(finds({ grep: "broken" }, closed)).toBe(false);
    const hostile = said("x", { body: { kind: "text", text: { includes: 1 } } } as never);
    expect(finds({ grep: "x" }, hostile)).toBe(false);
  });

  test("as the record that it was", () => {
    const found = matcherOf({ grep: "one", limit: 1 })(ROOM, 7, said("one"));
    const place = { seq: 7, n: 3, timeUnixMs: 1_000, id: "o.1", from: "Ana", room: ROOM };
    const body = { text: "one" };
    expect(found).toEqual({ ...place, kind: "text", state: "whole", sealed: "open", body });
  });
});
