import { describe, expect, test } from "bun:test";
import { foldCase } from "../../../src/base/case-fold.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type LogArchive, openArchive } from "../../../src/io/archive/archive.ts";
import type { Disk, DiskSearch } from "../../../src/io/disk/disk.ts";
import type { PageQuery, RecordPage } from "../../../src/io/log/log.ts";
import type { RecordKind } from "../../../src/wire/kinds.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { rejection } from "../../rejection.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import {
  ANA,
  blanked,
  draftOf,
  eraseLineAt,
  FIRST,
  FOLDER,
  holding,
  LOBBY,
  LogFixture,
  lineAt,
  OTHER,
} from "../log-fixture.ts";

const CACHE = "/data/cache/index-history";
const ALL: PageQuery = { from: "newest", limit: 50, bytesMax: 1 << 20 };
const TEXTS = ["lunch", "Lunch", 'a "quoted" word', "back\\slash", "new\nline", "Zürich", "ZÜRICH"];
const UNUSUAL_TEXTS = [
  "漢字",
  "👩‍🔬",
  "\u0001",
  "İstanbul",
  "K2",
  "\u212A3",
  "x".repeat(900),
  "text",
];

function archiveOf(fixture: LogFixture, options: { head?: () => number; cachePath?: string } = {}) {
  return openArchive({ folder: FOLDER, disk: fixture.disk, sha256, ...options });
}

function seqs(page: RecordPage): number[] {
  return page.records.map(({ head }) => head.seq);
}

async function filled(count: number, seed = 1, falls = 0): Promise<LogFixture> {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: 150_000 });
  const random = randomOf(seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const kinds: RecordKind[] = ["text", "action", "topic", "join"];
  for (let batch = 0; batch < count / 10; batch++) {
    fixture.clock.wallMs += Math.floor(random() * 3) * 500;
    if (falls > 0 && random() < falls) {
      // The clock was wrong, and is right again.
      const to = fixture.clock.wallMs - Math.floor(random() * 3) * 5_000;
      fixture.clock.wallMs = to;
      await log.append({
        kind: "clock",
        room: "clock" as RoomId,
        by: "server",
        id: "",
        body: { to },
      });
    }
    await Promise.all(
      Array.from({ length: 10 }, () => {
        const text = `${pick(TEXTS)} ${pick(UNUSUAL_TEXTS)} ${Math.floor(random() * 1e6)}`;
        const kind = pick(kinds);
        const room = (random() < 0.002 ? OTHER : `r${Math.floor(random() * 5)}`) as RoomId;
        const re = random() < 0.3 ? { re: 1 + Math.floor(random() * 20) } : {};
        const body = kind === "topic" ? { topic: text } : kind === "join" ? {} : { text, ...re };
        return log.append({ kind, room, by: pick([ANA, "uB" as UserId]), id: "", body });
      }),
    );
  }
  await log.close();
  return fixture;
}

function expected(records: readonly LogRecord[], query: PageQuery): RecordPage {
  const fold = query.ignoreCase === true ? foldCase : (text: string) => text;
  const holds = (record: LogRecord): boolean => {
    const body = (parseBody(record) ?? {}) as Record<string, unknown>;
    if (query.re !== undefined && body["re"] !== query.re) return false;
    if (query.grep === undefined) return true;
    return ["text", "topic", "name"].some((field) => {
      const value = body[field];
      return typeof value === "string" && fold(value).includes(fold(query.grep ?? ""));
    });
  };
  const matching = records.filter((record) => {
    const { head } = record;
    return (
      (query.rooms?.has(head.room) ?? true) &&
      (query.kinds?.has(head.kind) ?? true) &&
      (query.by ?? head.by) === head.by &&
      head.seq > (query.afterSeq ?? 0) &&
      head.seq < (query.beforeSeq ?? Number.POSITIVE_INFINITY) &&
      head.time >= (query.sinceMs ?? 0) &&
      head.time <= (query.untilMs ?? Number.POSITIVE_INFINITY) &&
      holds(record)
    );
  });
  const page =
    query.from === "newest" ? matching.slice(-query.limit) : matching.slice(0, query.limit);
  return { records: page, more: matching.length > page.length };
}

function randomQuery(random: () => number, records: readonly LogRecord[]): PageQuery {
  const maybe = <Value>(chance: number, value: () => Value): Value | undefined =>
    random() < chance ? value() : undefined;
  const some = (): LogRecord => records[Math.floor(random() * records.length)] as LogRecord;
  const texts = [...TEXTS, ...UNUSUAL_TEXTS, "", "zzz", "\ud83d", "unch", '"', "k", "i", "ü"];
  const rooms = () =>
    new Set([0, 1, 2].slice(0, 1 + Math.floor(random() * 3)).map(() => some().head.room));
  const optional = {
    rooms: maybe(0.5, rooms),
    kinds: maybe(0.2, () => new Set([some().head.kind])),
    by: maybe(0.2, () => some().head.by as UserId),
    afterSeq: maybe(0.2, () => some().head.seq),
    beforeSeq: maybe(0.2, () => some().head.seq),
    sinceMs: maybe(0.2, () => some().head.time),
    untilMs: maybe(0.2, () => some().head.time),
    grep: maybe(0.5, () => texts[Math.floor(random() * texts.length)] as string),
    ignoreCase: maybe(0.4, () => true),
    re: maybe(0.2, () => 1 + Math.floor(random() * 20)),
  };
  const given = Object.fromEntries(
    Object.entries(optional).filter(([, value]) => value !== undefined),
  );
  const from = random() < 0.5 ? "newest" : "oldest";
  const limit = random() < 0.2 ? 100_000 : 1 + Math.floor(random() * 60);
  return { ...given, from, limit, bytesMax: 1 << 30 };
}

describe("pages equal those of a plain filter", () => {
  test("for any query, with the index in memory and from its cache", async () => {
    const fixture = await filled(3_000, 1, 0.05);
    await (await fixture.open()).close();
    const records = [...fixture.observed];
    const fresh = archiveOf(fixture, { cachePath: CACHE });
    await fresh.ready();
    fresh.close();
    expect(fixture.disk.exists(CACHE)).toBe(true);
    const cached = archiveOf(fixture, { cachePath: CACHE });
    const random = randomOf(5);
    for (let i = 0; i < 1_300 / SWEEP_STEP; i++) {
      const query = randomQuery(random, records);
      const right = expected(records, query);
      for (const archive of [fresh, cached]) {
        const page = await archive.page(query);
        expect({ query, seqs: seqs(page), more: page.more }).toEqual({
          query,
          seqs: seqs(right),
          more: right.more,
        });
      }
    }
  });

  test("and end before their byte limit, but contain at least one record", async () => {
    const fixture = await filled(100);
    const archive = archiveOf(fixture);
    expect(await archive.page({ ...ALL, bytesMax: 1 })).toMatchObject({ more: true });
    expect(seqs(await archive.page({ ...ALL, bytesMax: 1 }))).toEqual([100]);
    expect(seqs(await archive.page({ ...ALL, from: "oldest", bytesMax: 1 }))).toEqual([1]);
    const page = await archive.page({ ...ALL, bytesMax: 2_000 });
    expect(page.records.length).toBeGreaterThan(1);
    expect(page.records.length).toBeLessThan(10);
    expect(page.more).toBe(true);
    let before = 101;
    const walked: number[] = [];
    for (let more = true; more; ) {
      const next = await archive.page({ ...ALL, bytesMax: 3_000, beforeSeq: before });
      walked.unshift(...seqs(next));
      before = next.records[0]?.head.seq ?? 0;
      more = next.more;
    }
    expect(walked).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

describe("a search", () => {
  const LONG = "a".repeat(60_000);
  const grep = `${"a".repeat(1_000)}b`;

  async function longMessages(count: number, search?: DiskSearch) {
    const fixture = new LogFixture();
    const log = await fixture.open();
    for (let i = 0; i < count; i++) await log.append(draftOf(LONG));
    await log.close();
    let turns = 0;
    const disk: Disk = {
      open: (path, access) => fixture.disk.open(path, access),
      list: (folder) => fixture.disk.list(folder),
      makeFolder: (folder) => fixture.disk.makeFolder(folder),
      syncFolder: (folder) => fixture.disk.syncFolder(folder),
      exists: (path) => fixture.disk.exists(path),
      rename: (from, to) => fixture.disk.rename(from, to),
      remove: (path) => fixture.disk.remove(path),
      ...(search === undefined ? {} : { search }),
      yieldNow: async () => void turns++,
    };
    const archive = openArchive({ folder: FOLDER, disk, sha256 });
    return { archive, turns: () => turns };
  }

  test.each([
    ["in any case", { grep, ignoreCase: true }],
    ["in this case", { grep }],
    ["without a pattern", { grep: "\u0301\u0302b", ignoreCase: true }],
  ])("%s yields to the event loop after 64 KiB and the current line", async (_, query) => {
    const { archive, turns } = await longMessages(50);
    expect((await archive.page({ ...ALL, ...query })).records).toEqual([]);
    expect(turns()).toBeGreaterThan((50 * LONG.length) / (128 << 10));
  });

  test("leaves everything beyond the first MiB to other threads", async () => {
    let requestCount = 0;
    const search: DiskSearch = {
      width: 2,
      search: async (places) => {
        for (const { from, to } of places) requestCount += to - from;
        return places.map(() => ({ starts: [], ends: [] }));
      },
    };
    const { archive, turns } = await longMessages(100, search);
    for (const query of [{ grep, ignoreCase: true }, { grep }, { by: ANA, grep: "none" }]) {
      const [before, turnsBefore] = [requestCount, turns()];
      await archive.page({ ...ALL, ...query });
      expect(requestCount - before).toBeGreaterThan(100 * LONG.length - (1 << 20) - LONG.length);
      expect(turns() - turnsBefore).toBeLessThan(2 * 17);
    }
  });
});

describe("a growing log", () => {
  test("is visible immediately, and up to its head in the writing process", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 3_000 });
    const inside = archiveOf(fixture, { head: () => log.head() });
    const outside = archiveOf(fixture);
    for (let i = 1; i <= 60; i++) {
      await log.append(draftOf(`m${i}`, i % 7 === 0 ? OTHER : LOBBY));
      for (const archive of [inside, outside]) {
        expect(seqs(await archive.page({ ...ALL, limit: 3 })).at(-1)).toBe(i);
        const rare = await archive.page({ ...ALL, rooms: new Set([OTHER]) });
        expect(rare.records.length).toBe(Math.floor(i / 7));
      }
    }
  });

  test("hides records that are not durable from its own process", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await log.append(draftOf("durable"));
    const archive = archiveOf(fixture, { head: () => log.head() });
    let during: Promise<RecordPage> | undefined;
    fixture.failure = (call) => {
      if (call === "sync") during ??= archive.page(ALL);
      return undefined;
    };
    await log.append(draftOf("not yet"));
    expect(seqs((await during) as RecordPage)).toEqual([1]);
    expect(seqs(await archive.page(ALL))).toEqual([1, 2]);
  });
});

describe("damage", () => {
  const lines = [1, 2, 3, 4].map((seq) => lineAt(seq, seq));
  const [one = "", two = "", three = "", four = ""] = lines;

  test("of a body hides it from pages and searches", async () => {
    const archive = archiveOf(holding(one + two.replace("m2", "M2") + three + four));
    const page = await archive.page(ALL);
    expect(seqs(page)).toEqual([1, 2, 3, 4]);
    expect(page.records[1]).toMatchObject({ damaged: true });
    expect(page.records[1]?.bodyBytes).toBeUndefined();
    expect(seqs(await archive.page({ ...ALL, grep: "M2" }))).toEqual([]);
  });

  test("at a torn end is ignored", async () => {
    for (const tail of ["half", "half\n", "\0\0\n\0", `${two.slice(0, 80)}\n`]) {
      const archive = archiveOf(holding(one + tail));
      expect(seqs(await archive.page(ALL))).toEqual([1]);
    }
  });

  test("of a head is reported with its position", async () => {
    const archive = archiveOf(holding(one + two.replace("seq", "sEq") + three + four));
    expect(await rejection(archive.page(ALL))).toMatchObject({ code: "log-corrupt" });
  });

  test("of a line being overwritten is read again", async () => {
    const fixture = holding(lines.join(""));
    const good = fixture.bytes(FIRST);
    const archive = archiveOf(fixture);
    await archive.ready();
    const torn = Buffer.from(good);
    torn.fill(0, two.length + 5, two.length + 20);
    fixture.put(FIRST, torn);
    let reads = 0;
    fixture.failure = (call) => {
      if (call === "read" && ++reads === 2) fixture.put(FIRST, good);
      return undefined;
    };
    expect(seqs(await archive.page({ ...ALL, beforeSeq: 4 }))).toEqual([1, 2, 3]);
  });
});

describe("the saved index", () => {
  async function answers(archive: LogArchive): Promise<number[][]> {
    const rare = await archive.page({ ...ALL, rooms: new Set([OTHER]) });
    const found = await archive.page({ ...ALL, grep: "Zürich", limit: 5 });
    return [seqs(rare), seqs(found), seqs(await archive.page(ALL))];
  }

  async function saved(): Promise<{ fixture: LogFixture; right: number[][] }> {
    const fixture = await filled(1_000);
    const archive = archiveOf(fixture, { cachePath: CACHE });
    const right = await answers(archive);
    archive.close();
    return { fixture, right };
  }

  test("avoids a scan", async () => {
    const { fixture, right } = await saved();
    let readBytes = 0;
    fixture.failure = (call, path) => {
      if (call === "read" && path.startsWith(FOLDER)) readBytes += 1;
      return undefined;
    };
    const archive = archiveOf(fixture, { cachePath: CACHE });
    await archive.ready();
    expect(readBytes).toBeLessThan(4);
    expect(await answers(archive)).toEqual(right);
  });

  test("may be deleted, truncated or changed anywhere without affecting the answers", async () => {
    const { fixture, right } = await saved();
    const good = fixture.bytes(CACHE);
    const random = randomOf(9);
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.from(good);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      fixture.put(CACHE, i % 4 === 0 ? bytes.subarray(0, at) : bytes);
      expect(await answers(archiveOf(fixture, { cachePath: CACHE }))).toEqual(right);
    }
    fixture.disk.remove(CACHE);
    expect(await answers(archiveOf(fixture, { cachePath: CACHE }))).toEqual(right);
  });

  test("is rejected if it belongs to another log", async () => {
    const { fixture } = await saved();
    const other = await filled(1_000, 2);
    const right = await answers(archiveOf(other));
    other.disk.makeFolder("/data/cache");
    other.put(CACHE, fixture.bytes(CACHE));
    expect(await answers(archiveOf(other, { cachePath: CACHE }))).toEqual(right);
  });

  test("is updated if it is outdated", async () => {
    const { fixture } = await saved();
    const log = await fixture.open({ segmentBytes: 150_000 });
    for (let i = 0; i < 30; i++) await log.append(draftOf(`later ${i}`, OTHER));
    await log.close();
    const archive = archiveOf(fixture, { cachePath: CACHE });
    expect(await answers(archive)).toEqual(await answers(archiveOf(fixture)));
  });
});

describe("erased records", () => {
  const [one = "", two = "", three = "", four = ""] = [1, 2, 3, 4].map((seq) => lineAt(seq, seq));
  const order = eraseLineAt(4, 2);
  const erase = blanked(two, 4);

  test("keep their position", async () => {
    const archive = archiveOf(holding(one + erase + three + order));
    expect((await archive.page(ALL)).records[1]).toMatchObject({ erased: 4 });
    expect(seqs(await archive.page({ ...ALL, grep: "m2" }))).toEqual([]);
    expect(seqs(await archive.page({ ...ALL, grep: "m3" }))).toEqual([3]);
  });

  test("are damaged unless a record orders the erasure", async () => {
    for (const last of [four, eraseLineAt(4, 3)]) {
      const archive = archiveOf(holding(one + erase + three + last));
      for (let again = 0; again < 2; again++) {
        const { records } = await archive.page(ALL);
        expect(records[1]).toMatchObject({ damaged: true });
        expect(records[1]?.erased).toBeUndefined();
      }
    }
  });

  test("that are partially overwritten count as erased", async () => {
    for (let cut = two.indexOf('"salt"') + 1; cut < two.length - 1; cut++) {
      for (const torn of [
        erase.slice(0, cut) + two.slice(cut),
        two.slice(0, cut) + erase.slice(cut),
      ]) {
        if (torn === two) continue;
        const archive = archiveOf(holding(one + torn + three + order));
        const { records } = await archive.page(ALL);
        expect(records.map(({ erased, damaged }) => erased ?? damaged)).toEqual([
          undefined,
          4,
          undefined,
          undefined,
        ]);
      }
    }
  });
});
