import { expect, test } from "bun:test";
import { PINS_MAX } from "../../../src/base/limits.ts";
import { type Guest, read } from "../guest.ts";
import { siteWith } from "../site.ts";
import { lab, labTest } from "../site-lab.ts";

const pinsPage = async (guest: Guest, before?: number) => {
  const page = await guest.request("pins", { target: "lab", ...(before ? { before } : {}) });
  const texts = page.records.map(read).map(({ head, body }) => {
    return { kind: head.kind, seq: head.seq, text: body?.["text"] };
  });
  return { texts, more: page.more, rooms: page.rooms };
};
const pinnedTexts = async (guest: Guest) => (await pinsPage(guest)).texts.map(({ text }) => text);

labTest(
  "lets moderators pin messages, and notifies all members",
  async ({ site, ana, ben, eve }) => {
    const { seq } = await site.wait(ben.post("the plan", "lab"));
    expect(await ben.refusal("pin", { seq, on: true })).toBe("not-allowed");
    await ana.request("pin", { seq, on: true });
    expect(await ana.refusal("pin", { seq, on: true })).toBe("not-allowed");
    await site.quiet();
    const record = eve.records.at(-1);
    expect(record).toMatchObject({ head: { kind: "pin" }, body: { seq, on: true } });
    expect(await pinnedTexts(eve)).toEqual(["the plan"]);
    await ben.request("edit", { seq, text: "another plan" });
    expect((await pinsPage(eve)).texts.map(({ kind, text }) => [kind, text])).toEqual([
      ["text", "the plan"],
      ["edit", "another plan"],
    ]);
    await site.restart();
    const again = await site.again(eve, "eve");
    expect(again.room("lab")?.pins).toEqual([seq]);
    const maker = await site.again(ana, "ana");
    await maker.request("pin", { seq, on: false });
    expect(await maker.refusal("pin", { seq, on: false })).toBe("not-found");
    expect(await pinnedTexts(again)).toEqual([]);
  },
);

labTest("unpins erased messages", async ({ site, ana, ben }) => {
  const { seq } = await site.wait(ben.post("oops", "lab"));
  await ana.request("pin", { seq, on: true });
  await ben.request("erase", { seq });
  expect(await pinnedTexts(ana)).toEqual([]);
  expect(await ana.refusal("pin", { seq, on: true })).toBe("not-found");
  expect((await site.again(ben, "ben")).room("lab")).toEqual(
    expect.not.objectContaining({ pins: expect.anything() }),
  );
});

test("pins messages of rooms that the user reads, and no other records", async () => {
  const { site, ana, ben } = await lab();
  const stranger = await site.member("stranger");
  const { seq } = await site.wait(ana.post("hello", "lab"));
  const join = ana.records.find(({ head }) => head.kind === "join")?.head.seq ?? 0;
  expect(await ana.refusal("pin", { seq: join, on: true })).toBe("not-allowed");
  expect(await ana.refusal("pin", { seq: 1_000_000, on: true })).toBe("not-found");
  expect(await stranger.refusal("pin", { seq, on: true })).toBe("not-found");
  expect(await stranger.refusal("pins", { target: "lab" })).toBe("not-member");
  expect(await stranger.refusal("pins", { target: "nowhere" })).toBe("room-unknown");
  expect(await stranger.request("pins", { target: "@ben" })).toMatchObject({ records: [] });
  const { seq: direct } = await site.wait(ana.post("for you", "@ben"));
  await ben.request("pin", { seq: direct, on: true });
  expect((await ana.request("pins", { target: "@ben" })).records.length).toBe(1);
  await ana.request("pin", { seq: direct, on: false });
});

test("limits pins, and lists them in pages", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await ana.request("join", { room: "lab", create: true });
  const long = "x".repeat(60_000);
  const seqs: number[] = [];
  for (let i = 0; i <= PINS_MAX; i++) {
    seqs.push((await site.wait(ana.post(`${i} ${i < 20 ? long : ""}`, "lab"))).seq);
    await site.time.advance(1_000);
  }
  for (const seq of seqs.slice(0, PINS_MAX)) await ana.request("pin", { seq, on: true });
  const last = seqs.at(-1) ?? 0;
  expect(await ana.refusal("pin", { seq: last, on: true })).toBe("too-many");
  await ana.request("pin", { seq: seqs[0] ?? 0, on: false });
  await ana.request("pin", { seq: last, on: true });
  const found: number[] = [];
  for (let before: number | undefined; ; ) {
    const { texts, more } = await pinsPage(ana, before);
    found.unshift(...texts.map(({ seq }) => seq));
    before = texts[0]?.seq;
    if (!more) break;
  }
  expect(found).toEqual(seqs.slice(1));
});
