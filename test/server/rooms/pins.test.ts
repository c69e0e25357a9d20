import { describe, expect, test } from "bun:test";
import { PINS_MAX } from "../../../src/base/limits.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";
import { lab } from "../site-lab.ts";

const wordsOf = async (guest: Guest, before?: number) => {
  const page = await guest.ask("pins", { target: "lab", ...(before ? { before } : {}) });
  const texts = page.records.map(({ head, body }) => {
    const { kind, seq } = JSON.parse(Buffer.from(head).toString()) as { kind: string; seq: number };
    const { text } = JSON.parse(Buffer.from(body ?? new Uint8Array()).toString() || "{}") as {
      text?: string;
    };
    return { kind, seq, text };
  });
  return { texts, more: page.more, rooms: page.rooms };
};
const words = async (guest: Guest) => (await wordsOf(guest)).texts.map(({ text }) => text);

describe("pins", () => {
  test("are put and taken by moderators, and told to all", async () => {
    const { site, ana, ben, eve } = await lab();
    const { seq } = await site.wait(ben.say("the plan", "lab"));
    expect((await ben.refused("pin", { seq, on: true })).code).toBe("not-allowed");
    await ana.ask("pin", { seq, on: true });
    expect((await ana.refused("pin", { seq, on: true })).code).toBe("not-allowed");
    await site.quiet();
    const told = eve.records.at(-1);
    expect(told).toMatchObject({ head: { kind: "pin" }, body: { seq, on: true } });
    expect(await words(eve)).toEqual(["the plan"]);
    await ben.ask("edit", { seq, text: "another plan" });
    expect((await wordsOf(eve)).texts.map(({ kind, text }) => [kind, text])).toEqual([
      ["text", "the plan"],
      ["edit", "another plan"],
    ]);
    // What has just come knows it, too, also after a restart.
    await site.restart();
    const again = await site.again(eve, "eve");
    expect(again.all("room").find(({ name }) => name === "lab")?.pins).toEqual([seq]);
    const maker = await site.again(ana, "ana");
    await maker.ask("pin", { seq, on: false });
    expect((await maker.refused("pin", { seq, on: false })).code).toBe("not-found");
    expect(await words(again)).toEqual([]);
    await site.stop();
  });

  test("go with what is erased, and what is erased is not pinned", async () => {
    const { site, ana, ben } = await lab();
    const { seq } = await site.wait(ben.say("oops", "lab"));
    await ana.ask("pin", { seq, on: true });
    await ben.ask("erase", { seq });
    expect(await words(ana)).toEqual([]);
    expect((await ana.refused("pin", { seq, on: true })).code).toBe("not-found");
    expect((await site.again(ben, "ben")).all("room").find(({ name }) => name === "lab")).toEqual(
      expect.not.objectContaining({ pins: expect.anything() }),
    );
    await site.stop();
  });

  test("are words, of a room that one reads", async () => {
    const { site, ana, ben } = await lab();
    const stranger = await site.member("stranger");
    const { seq } = await site.wait(ana.say("hello", "lab"));
    const join = ana.records.find(({ head }) => head.kind === "join")?.head.seq ?? 0;
    expect((await ana.refused("pin", { seq: join, on: true })).code).toBe("not-allowed");
    expect((await ana.refused("pin", { seq: 1_000_000, on: true })).code).toBe("not-found");
    expect((await stranger.refused("pin", { seq, on: true })).code).toBe("not-found");
    expect((await stranger.refused("pins", { target: "lab" })).code).toBe("not-member");
    expect((await stranger.refused("pins", { target: "nowhere" })).code).toBe("room-unknown");
    expect(await stranger.ask("pins", { target: "@ben" })).toMatchObject({ records: [] });
    // In a conversation both may.
    const { seq: direct } = await site.wait(ana.say("for you", "@ben"));
    await ben.ask("pin", { seq: direct, on: true });
    expect((await ana.ask("pins", { target: "@ben" })).records.length).toBe(1);
    await ana.ask("pin", { seq: direct, on: false });
    await site.stop();
  });

  test("are as many as the bound says, in pages that fit into a message", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await ana.ask("join", { room: "lab", create: true });
    const long = "x".repeat(60_000);
    const seqs: number[] = [];
    for (let i = 0; i <= PINS_MAX; i++) {
      seqs.push((await site.wait(ana.say(`${i} ${i < 20 ? long : ""}`, "lab"))).seq);
      await site.time.advance(1_000);
    }
    for (const seq of seqs.slice(0, PINS_MAX)) await ana.ask("pin", { seq, on: true });
    const last = seqs.at(-1) ?? 0;
    expect((await ana.refused("pin", { seq: last, on: true })).code).toBe("too-many");
    await ana.ask("pin", { seq: seqs[0] ?? 0, on: false });
    await ana.ask("pin", { seq: last, on: true });
    const found: number[] = [];
    for (let before: number | undefined; ; ) {
      const { texts, more } = await wordsOf(ana, before);
      found.unshift(...texts.map(({ seq }) => seq));
      before = texts[0]?.seq;
      if (!more) break;
    }
    expect(found).toEqual(seqs.slice(1));
    await site.stop();
  }, 30_000);
});
