import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { PAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { matcherOf, PageBuilder } from "../../../src/client/sealed/rooms.ts";
import type { ArchivedRow } from "../../../src/client/sealed/rows.ts";
import { type ChatRecord, fieldsIn, type RoomView } from "../../../src/core/client/chat-record.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);

const textsOf = (records: readonly ChatRecord[]) =>
  records.map((record) => fieldsIn(record).text ?? "");

type Query = Omit<Parameters<Person["client"]["history"]>[0], "limit"> & { limit?: number };

async function search({ client, world }: Person, query: Query) {
  const { records, more } = await world.wait(client.history({ limit: 5, ...query }));
  return { records, more, texts: textsOf(records) };
}

describe("a search", () => {
  two("finds open and sealed texts in one order, page by page", async ({ ana, ben }) => {
    const expected: string[] = [];
    for (let at = 0; at < 12; at++) {
      const room = at % 4 === 1 ? "lobby" : "vault";
      for (const word of ["needle", "straw"]) await ana.postText(`${word} ${at}`, room);
      expected.push(`needle ${at}`);
    }
    await ben.waitForText("straw 11");
    for (const limit of [1, 3, 5, 50]) {
      const forwards: string[] = [];
      for (let after = 0, hasMore = true; hasMore; ) {
        const page = await search(ben, { grep: "NEEDLE", ignoreCase: true, after, limit });
        forwards.push(...page.texts);
        after = page.records.at(-1)?.seq ?? after;
        hasMore = page.more;
      }
      const backwards: string[] = [];
      for (let bounds = {}, hasMore = true; hasMore; ) {
        const page = await search(ben, { grep: "needle", ...bounds, limit });
        backwards.unshift(...page.texts);
        bounds = { before: page.records[0]?.seq };
        hasMore = page.more;
      }
      expect([forwards, backwards]).toEqual([expected, expected]);
    }
  });

  two("of an encrypted room sends nothing to the server", async ({ world, ana, ben }) => {
    await ana.postTo("a needle", ben);
    const requests: unknown[] = [];
    const query = { target: "vault", grep: "needle", limit: 5 };
    const page = await world.wait(
      ben.client.historyWith(query, (fields) => {
        requests.push(fields);
        return Promise.resolve({ records: [], more: false });
      }),
    );
    expect(textsOf(page.records)).toEqual(["a needle"]);
    expect(requests).toEqual([]);
  });

  two("finds the replies of a thread, of which the server learns nothing", async ({ ana, ben }) => {
    const { seq: re } = await ana.postText("plan?");
    await ben.post({ text: "one", re, thread: true });
    await ana.waitForText("one");
    const { records } = await search(ana, { target: "vault", re });
    expect(records.map((record) => fieldsIn(record).thread)).toEqual([true]);
    const raw = await ben.request("history", { target: "vault", limit: 9 });
    for (const { body } of raw.records)
      expect(Buffer.from(body ?? "").toString("latin1")).not.toContain("thread");
  });

  two("finds no erased messages", async ({ ana, ben }) => {
    const one = await ana.postText("needle one");
    const other = await ana.postText("needle two");
    await ben.waitForText("needle two");
    const query = { target: "vault", grep: "needle" };
    await ana.request("erase", { seq: one.seq });
    await ben.until("the erasure", () => ben.records.some(({ kind }) => kind === "erase"));
    expect((await search(ben, query)).texts).toEqual(["needle two"]);
    await ben.quit();
    await ana.request("erase", { seq: other.seq });
    expect((await search(await ben.restart(), query)).texts).toEqual([]);
  });
});

const ROOM: RoomView = { kind: "room", name: "vault", id: "r1" as RoomId, topic: "" };

function record(seq: number, text = "x"): ChatRecord {
  const place = { seq, n: seq, timeUnixMs: seq, room: ROOM, from: "ana", id: "" };
  return { ...place, kind: "text", state: "whole", body: { text } };
}

test("limits a page of several sources to PAGE_BYTES_MAX or one record of any size", () => {
  const longText = "w".repeat(PAGE_BYTES_MAX / 8);
  const builder = new PageBuilder({ limit: 100 });
  for (let seq = 10; seq > 0; seq--) builder.add(record(seq, longText));
  expect(builder.page().records.map(({ seq }) => seq)).toEqual([8, 9, 10]);
  expect(builder.more).toBe(true);
  const single = new PageBuilder({ limit: 100 });
  expect(single.add(record(1, "w".repeat(PAGE_BYTES_MAX)))).toBe(true);
  expect(single.add(record(1))).toBe(true);
  expect(single.page()).toMatchObject({ records: [{ seq: 1 }], more: false });
});

describe("a record of the archive matches", () => {
  function archivedRow(text: unknown, more: Partial<ArchivedRow> = {}): ArchivedRow {
    const body = { kind: "text", text };
    const row = { kind: "said", user: "Ana", device: "d", body, sentAtUnixMs: 1 };
    return { ...row, n: 3, timeUnixMs: 1_000, post: "o.1", ...more } as ArchivedRow;
  }
  function archivedReply(re: unknown): ArchivedRow {
    return archivedRow("one", { body: { kind: "text", text: "one", re } as never });
  }
  const closed = { kind: "closed", reason: "broken", n: 1, timeUnixMs: 1, post: "" } as const;
  const match = (query: object, row: ArchivedRow) =>
    matcherOf({ limit: 1, ...query })(ROOM, 7, row);

  test.each([
    [{ grep: "STRASSE", ignoreCase: true }, archivedRow("Straße"), true],
    [{ from: "ANA", grep: "one" }, archivedRow("one"), true],
    [{ from: "ben", grep: "one" }, archivedRow("one"), false],
    [{ since: 1_000, until: 1_000, grep: "one" }, archivedRow("one"), true],
    [{ kinds: ["text"] }, archivedRow("one"), true],
    [{ re: 3 }, archivedReply(3), true],
    [{ re: 3 }, archivedReply(4), false],
    [{ re: 3 }, archivedReply("3"), false],
    [{ re: 3 }, archivedRow("one"), false],
    [{ grep: "d" }, archivedRow("x"), false],
    [{ grep: "broken" }, closed, false],
    [{ grep: "x" }, archivedRow({ includes: 1 }), false],
  ])("%j in %j: %p", (query, row, isFound) => {
    expect(match(query, row) !== undefined).toBe(isFound);
  });
});
