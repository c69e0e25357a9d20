import { describe, expect, test } from "bun:test";
import { utf8Decode } from "../../../src/base/bytes.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { PAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { Files } from "../../../src/core/rooms/files.ts";
import type { Rooms } from "../../../src/core/rooms/rooms.ts";
import type { MemoryLink } from "../../../src/io/link/memory-network.ts";
import type { PageQuery, RecordPage } from "../../../src/io/log/log.ts";
import { CurrentArchive } from "../../../src/server/kernel/current-archive.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { ANA, Ledger, ROOM } from "../../core/ledger.ts";
import type { Guest } from "../guest.ts";
import { IrcSite, MODERN } from "../irc/irc-site.ts";
import { siteWith } from "../site.ts";

const TEXT = "an erased text";

function ledgerOf(...texts: readonly string[]) {
  const ledger = new Ledger();
  for (const text of texts) ledger.write("text", ROOM, ANA, { text });
  const erased = new Map<number, number>();
  const rooms: Pick<Rooms, "isErased" | "erasedBy"> = {
    isErased: (seq) => erased.has(seq),
    erasedBy: (seq) => erased.get(seq) ?? 0,
  };
  const queries: PageQuery[] = [];
  const page = (query: PageQuery): Promise<RecordPage> => {
    queries.push(query);
    const { afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, from, limit } = query;
    const found = ledger.records.filter(({ head: { seq } }) => seq > afterSeq && seq < beforeSeq);
    const records = from === "newest" ? found.slice(-limit) : found.slice(0, limit);
    return Promise.resolve({ records, more: records.length < found.length });
  };
  const erasures = { rooms, files: new Files() };
  return { archive: new CurrentArchive({ page, close: () => {} }, erasures), erased, queries };
}

describe("a record", () => {
  test("loses its text when it is erased, at any time after the read", async () => {
    const { archive, erased } = ledgerOf("one", "two");
    const query = { from: "oldest", limit: 9, bytesMax: 9 } as const;
    const { records } = await archive.page(query);
    const texts = () => records.map((record) => record.erased ?? parseBody(record)?.["text"]);
    expect(texts()).toEqual(["one", "two"]);
    erased.set(2, 7);
    expect(texts()).toEqual(["one", 7]);
    expect(records[1]).toMatchObject({ salt: undefined, bodyBytes: undefined });
    expect(records[1]?.head.seq).toBe(2);
  });

  test.each(["newest", "oldest"] as const)("does not match a search, from the %s", async (from) => {
    const { archive, erased, queries } = ledgerOf("one", "two", "three");
    erased.set(1, 7).set(3, 7);
    const query = { from, limit: 1, bytesMax: 9 } as const;
    const { records } = await archive.page({ ...query, grep: "t" });
    expect(records.map(({ head }) => head.seq)).toEqual([2]);
    expect(queries).toHaveLength(2);
    expect((await archive.page(query)).records[0]?.erased).toBe(7);
  });
});

/** Site on which the next matching read waits, with the records in memory, until it is released. */
async function openSite() {
  let isHeld: (query: PageQuery) => boolean = () => false;
  const [reading, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const irc = await IrcSite.open({
    afterReading: async (query) => {
      if (!isHeld(query)) return;
      isHeld = () => false;
      reading.resolve();
      await released.promise;
    },
  });
  const { site } = irc;
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  await ana.request("join", { room: "dev", create: true });
  await ben.request("join", { room: "dev" });
  const other = await site.wait(ana.post("another text", "dev"));
  const { seq } = await site.wait(ana.post(TEXT, "dev"));
  await site.quiet();
  /** Erases the text while a read that `start` begins is in flight. */
  const eraseDuring = async (
    start: () => void,
    { by = ana, holds = () => true }: { by?: Guest; holds?: typeof isHeld } = {},
  ): Promise<void> => {
    isHeld = holds;
    start();
    await site.wait(reading.promise);
    await site.wait(by.request("erase", { seq }));
    released.resolve();
    await site.quiet();
  };
  return { irc, site, ana, ben, otherSeq: other.seq, seq, eraseDuring };
}

function expectErased(answer: Pick<Answer<"history">, "records">, seq: number): void {
  const found = answer.records.find(({ head }) => JSON.parse(utf8Decode(head)).seq === seq);
  expect(found?.erased).toBeGreaterThan(seq);
  expect(found?.body).toBeUndefined();
}

describe("a text that is erased during a read is not in", () => {
  test("a page of the history", async () => {
    const { site, ben, seq, eraseDuring } = await openSite();
    let answer: Promise<Answer<"history">> | undefined;
    await eraseDuring(() => {
      answer = ben.request("history", { target: "dev", limit: 50 });
    });
    if (answer !== undefined) expectErased(await site.wait(answer), seq);
    expect.assertions(2);
  });

  test("the result of a search", async () => {
    const { site, ben, eraseDuring } = await openSite();
    let answer: Promise<Answer<"history">> | undefined;
    await eraseDuring(() => {
      answer = ben.request("history", { target: "dev", grep: TEXT, limit: 50 });
    });
    if (answer !== undefined) expect((await site.wait(answer)).records).toEqual([]);
    expect.assertions(1);
  });

  test("a list of pins", async () => {
    const { site, ana, ben, otherSeq, seq, eraseDuring } = await openSite();
    for (const pinned of [otherSeq, seq]) await ana.request("pin", { seq: pinned, on: true });
    let answer: Promise<Answer<"pins">> | undefined;
    const holds = ({ afterSeq }: PageQuery) => afterSeq === otherSeq - 1;
    await eraseDuring(
      () => {
        answer = ben.request("pins", { target: "dev" });
      },
      { holds },
    );
    if (answer !== undefined) expectErased(await site.wait(answer), seq);
    expect.assertions(2);
  });

  test("a stream over HTTP", async () => {
    const { site, ana, eraseDuring } = await openSite();
    const { token } = await ana.request("invite", { read: "dev" });
    const headers = { authorization: `Bearer ${token}` };
    let response: Promise<string> | undefined;
    await eraseDuring(() => {
      response = site.fetch("/rooms/dev?after=0", { headers }).then((found) => found.text());
    });
    const text = await site.wait(response ?? Promise.resolve(""));
    expect(text).toContain("another text");
    expect(text).not.toContain(TEXT);
  });

  test.each([
    ["the history", MODERN, ["CHATHISTORY LATEST #dev * 50"], undefined],
    ["the history during another read", MODERN, ["CHATHISTORY LATEST #dev * 50"], "edit"],
    ["the missed messages", "", [], undefined],
  ])("%s over IRC", async (_name, caps, commands, kind) => {
    const { irc, site, ana, otherSeq, eraseDuring } = await openSite();
    const edited = { of: otherSeq, text: "an edited text" };
    await site.wait(ana.request("edit", { seq: edited.of, text: edited.text }));
    const client = irc.connect();
    const holds = ({ kinds }: PageQuery) =>
      kind === undefined ? kinds?.has("text") === true : kinds?.has(kind as "edit") === true;
    await eraseDuring(
      () => {
        void client.logIn("ben", "sesame-ben", caps).then(() => client.send(...commands));
      },
      { holds },
    );
    expect(client.lines.join("\n")).toContain("edited text");
    expect(client.lines.join("\n")).not.toContain(TEXT);
  });

  test("a catch-up from the disk", async () => {
    const { irc, site, ana: before, ben, seq, eraseDuring } = await openSite();
    await irc.restart();
    const ana = await site.again(before, "ana", site.rooms.head);
    const back = await site.greeted(undefined, ben.keys);
    const room = ana.roomId("dev") as RoomId;
    const holds = ({ rooms }: PageQuery) => rooms?.has(room) === true;
    await eraseDuring(() => back.send("login", back.signedLogin("ben")), { by: ana, holds });
    expect(back.texts()).toEqual(["another text", "undefined"]);
    expect(back.records.find(({ head }) => head.seq === seq)?.body).toBeUndefined();
    expect(back.all("caught-up")).toHaveLength(1);
  });
});

/** Long texts of this number are several pages, of which the later ones wait for the device. */
const FILLING_TEXTS = 18;

test.each([
  ["from the disk", "lobby"],
  ["from memory", "dev"],
])("a slow device that catches up %s does not receive a text erased meanwhile", async (_, room) => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  await ana.request("join", { room: "dev", create: true });
  for (const guest of [ben, eve]) await guest.request("join", { room: "dev" });
  for (let i = 0; i < FILLING_TEXTS; i++) await site.wait(ana.post("x".repeat(60_000)));
  const { seq } = await site.wait(ana.post(TEXT, room));
  for (const guest of [ben, eve]) guest.hangUp();
  await site.quiet();
  const slow = await site.greeted(undefined, ben.keys);
  const release = (slow.link as MemoryLink).stall();
  slow.send("login", slow.signedLogin("ben"));
  await site.time.advance(1_000);
  expect(site.farEnd(slow).queuedBytes()).toBeGreaterThan(PAGE_BYTES_MAX);
  // Another device receives, and shares, the same batch of records.
  const fast = await site.again(eve, "eve");
  expect(fast.texts().includes(TEXT)).toBe(true);
  await site.wait(ana.request("erase", { seq }));
  await site.quiet();
  release();
  await slow.until("caught-up");
  await site.quiet();
  expect(slow.texts().includes(TEXT)).toBe(false);
  const erased = slow.records.filter(({ head }) => head.seq === seq);
  expect(erased.map(({ body }) => body)).toEqual([undefined]);
});
