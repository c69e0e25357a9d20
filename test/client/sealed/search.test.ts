import { describe, expect, test } from "bun:test";
import { bodyText, type ChatRecord } from "../../../src/core/client/chat-record.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

/** What of sealed rooms is found, by the device that has read it. */

async function two(world: SealedSite): Promise<[Person, Person]> {
  const [ana, ben] = [await world.join("ana"), await world.join("ben")];
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  return [ana, ben];
}

const textsOf = (records: readonly ChatRecord[]) => records.map((record) => bodyText(record));

describe("a search", () => {
  test("of all rooms gives open and sealed words in one order, in pages", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const expected: string[] = [];
    for (let at = 0; at < 12; at++) {
      const room = ["vault", "lobby", "vault", "vault"][at % 4] ?? "";
      await ana.say(room, `needle ${at}`);
      await ana.say(room, `straw ${at}`);
      expected.push(`needle ${at}`);
    }
    await ben.hears("vault", "straw 11");
    for (const limit of [1, 3, 5, 50]) {
      const forwards: string[] = [];
      for (let after = 0; ; ) {
        const query = { grep: "NEEDLE", ignoreCase: true, after, limit };
        const { records, more } = await world.wait(ben.client.history(query));
        forwards.push(...textsOf(records));
        after = records.at(-1)?.seq ?? after;
        if (!more) break;
      }
      const backwards: string[] = [];
      for (let before: number | undefined; ; ) {
        const bounds = before === undefined ? {} : { before };
        const query = { grep: "needle", ...bounds, limit };
        const { records, more } = await world.wait(ben.client.history(query));
        backwards.unshift(...textsOf(records));
        before = records[0]?.seq;
        if (!more) break;
      }
      expect([forwards, backwards]).toEqual([expected, expected]);
    }
  });

  test("first fetches what came while nobody looked", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await world.wait(ben.leave());
    await ana.say("vault", "a needle for later");
    const again = await world.join("ben", ben.device, "10.0.1.9", "none");
    const query = { grep: "needle", limit: 5 };
    const found = await world.wait(again.client.history(query));
    expect(textsOf(found.records)).toEqual(["a needle for later"]);
  });

  test("in a sealed room tells the server nothing of what is looked for", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "a needle");
    await ben.hears("vault", "a needle");
    const asked: unknown[] = [];
    const rooms = { target: "vault", grep: "needle", limit: 5 };
    const page = await world.wait(
      ben.client.historyWith(rooms, (fields) => {
        asked.push(fields);
        return Promise.resolve({ records: [], more: false });
      }),
    );
    expect(textsOf(page.records)).toEqual(["a needle"]);
    expect(asked).toEqual([]);
  });

  test("finds nothing that was erased, also while this device was away", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const one = await world.wait(ana.client.post("vault", { text: "needle one" }));
    const two_ = await world.wait(ana.client.post("vault", { text: "needle two" }));
    await ben.hears("vault", "needle two");
    const query = { target: "vault", grep: "needle", limit: 5 };
    await world.wait(ana.client.request("erase", { seq: one.seq }));
    await ben.until("the erasure", () => ben.records.find(({ kind }) => kind === "erase"));
    const rest = await world.wait(ben.client.history(query));
    expect(textsOf(rest.records)).toEqual(["needle two"]);
    await world.wait(ben.leave());
    await world.wait(ana.client.request("erase", { seq: two_.seq }));
    const again = await world.join("ben", ben.device);
    expect((await world.wait(again.client.history(query))).records).toEqual([]);
  });

  test("by kind finds sealed words, too", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "a word");
    await world.wait(ana.client.post("vault", { text: "waves", action: true }));
    await ben.until("the action", () => ben.records.find(({ kind }) => kind === "action"));
    const only = async (kinds: string[]) =>
      textsOf((await world.wait(ben.client.history({ kinds, limit: 5 }))).records);
    expect(await only(["action"])).toEqual(["waves"]);
    expect(await only(["text", "action"])).toEqual(["a word", "waves"]);
    expect(await only(["sealed"])).toEqual(["a word", "waves"]);
  });
});
