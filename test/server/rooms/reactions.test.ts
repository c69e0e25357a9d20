import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { PAGES_READ_MAX } from "../../../src/base/limits.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { Reactions } from "../../../src/server/rooms/reactions.ts";
import type { ClientConnection } from "../../../src/server/session/client-connection.ts";
import type { PostBody } from "../../../src/wire/messages.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { ANA } from "../../core/ledger.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

let counter = 0;
const OUTBOX = "BBBBBBBBBBB";
const post = (body: PostBody, to = "lobby") => {
  return { outbox: OUTBOX, counter: ++counter, to, body };
};
const react = (re: number, to?: string) => post({ text: "", react: "👍", re }, to);

async function said(guest: Guest, text: string, to?: string): Promise<number> {
  return (await guest.site.wait(guest.say(text, to))).seq;
}

describe("reactions", () => {
  test("are records about a message of the same room, live and in the past", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const re = await said(ana, "done");
    const { seq } = await ben.ask("post", react(re));
    await site.quiet();
    expect(ana.records.at(-1)).toMatchObject({
      head: { kind: "reaction", seq },
      from: "ben",
      body: { react: "👍", re },
    });
    const { records } = await ana.ask("history", { target: "lobby", limit: 1 });
    expect(Buffer.from(records[0]?.head ?? []).toString()).toContain('"kind":"reaction"');
    const direct = await said(ana, "psst", "@ben");
    expect((await ben.ask("post", react(direct, "@ana"))).seq).toBeGreaterThan(direct);
  });

  test("not about what is elsewhere, no words, not there, erased, or hidden", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const re = await said(ana, "done");
    await ana.ask("join", { room: "cellar", create: true });
    const hidden = await said(ana, "secret", "cellar");
    for (const wrong of [hidden, 1, 999_999]) {
      expect((await ben.refused("post", react(wrong))).code).toBe("not-found");
    }
    expect((await ben.refused("post", react(hidden, "cellar"))).code).toBe("not-member");
    expect((await ben.refused("post", react(hidden, "attic"))).code).toBe("room-unknown");
    expect((await ben.refused("post", react(hidden, "@nobody"))).code).toBe("user-unknown");
    const { seq } = await ben.ask("post", react(re));
    expect((await ben.refused("post", react(seq))).code).toBe("not-found");
    await ana.ask("erase", { seq: re });
    expect((await ben.refused("post", react(re))).code).toBe("not-found");
  });

  test("are no first word: two who share no message are told the same of any number", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const eve = await site.member("eve");
    await said(ana, "open");
    const hidden = await said(ana, "psst", "@ben");
    const words = new Set<string>();
    for (const seq of [1, hidden, hidden + 1, 2 ** 53 - 1]) {
      const fault = await eve.refused("post", react(seq, "@ben"));
      words.add(`${fault.code} ${fault.message.replace(String(seq), "N")} ${fault.remedy}`);
      if (seq === 1) continue; // The lobby's beginning they do share.
      for (const request of [
        eve.refused("edit", { seq, text: "x" }),
        eve.refused("erase", { seq }),
      ]) {
        expect((await request).code).toBe("not-found");
      }
    }
    expect([...words]).toHaveLength(1);
    expect([...words][0]).toStartWith("not-found");
    await site.quiet();
    const [conversations] = [ben.all("room").filter(({ name }) => name === "eve")];
    expect(conversations).toEqual([]);
    const first = await said(eve, "hello", "@ben");
    expect((await ben.ask("post", react(first, "@eve"))).seq).toBeGreaterThan(first);
  });

  test("of one who sends many leave room for those of others", async () => {
    let isHeld = false;
    const reading = () => (isHeld ? new Promise<void>(() => {}) : Promise.resolve());
    const site = await Site.open({ reading });
    const [ana, eve] = [await site.member("ana"), await site.member("eve")];
    const re = await said(ana, "done");
    isHeld = true;
    for (let i = 0; i < 2 * PAGES_READ_MAX; i++) void eve.send("post", react(re));
    await site.quiet();
    isHeld = false;
    expect((await ana.ask("post", react(re))).seq).toBeGreaterThan(re);
  });

  test("are one sign, and nothing else", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const re = await said(ana, "done");
    const bodies: [PostBody, string][] = [
      [{ text: "too", react: "👍", re }, "text-invalid"],
      [{ text: "", react: "", re }, "text-invalid"],
      [{ text: "", react: "👍" }, "frame-malformed"],
      [{ text: "", react: "x".repeat(65), re }, "too-large"],
      [{ text: "", re }, "text-invalid"],
    ];
    for (const [body, code] of bodies) {
      expect((await ana.refused("post", post(body))).code as string).toBe(code);
    }
    expect((await ana.ask("post", post({ text: "", react: "x".repeat(64), re }))).seq).toBeTruthy();
  });

  test("that come again to a message that is gone hold up none behind them", async () => {
    const site = await Site.open({ postsPerSecond: 1, postsBurst: 2 });
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const re = await said(ana, "done");
    for (let i = 0; i < 2; i++) await ben.ask("post", post({ text: "yes" }));
    const [late, behind] = [react(re), post({ text: "and on" })];
    const refusals = await site.wait(
      Promise.all([ben.refused("post", late), ben.refused("post", behind)]),
    );
    expect(refusals.map(({ code }) => code)).toEqual(["too-fast", "too-fast"]);
    await ana.ask("erase", { seq: re });
    await site.time.advance(2_000);
    expect((await ben.refused("post", late)).code).toBe("not-found");
    expect((await ben.ask("post", behind)).seq).toBeGreaterThan(re);
  });

  test("keep their place among the posts of their outbox, however slow the disk is", async () => {
    let slow = 0;
    const site: Site = await Site.open({
      reading: () => new Promise((go) => void site.clock.after(slow, go)),
    });
    const ana = await site.member("ana");
    const re = await said(ana, "done");
    slow = 50;
    const bodies: PostBody[] = [
      { text: "one" },
      { text: "", react: "👍", re },
      { text: "two" },
      { text: "", react: "👎", re: 1 },
      { text: "three" },
      { text: "", react: "👏", re },
    ];
    const sent = bodies.map((body) => ana.send("post", post(body)).catch((fault) => fault.code));
    const outcomes = await site.wait(Promise.all(sent));
    expect(outcomes[3]).toBe("not-found");
    const seqs = outcomes.filter((one) => one !== "not-found").map(({ seq }) => seq);
    expect(seqs).toHaveLength(5);
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
  });
});

test("replies and mentions are kept as sent", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const body = { text: "@ben yes", re: 3, mentions: ["ben"] };
  await ana.ask("post", post(body));
  await site.quiet();
  expect(ana.records.at(-1)?.body).toEqual(body);
});

describe("reactions in a cluster", () => {
  const room = { id: "rRRRRRRRRRRR", members: new Set([ANA]) } as unknown as Room;
  const asked = { kind: "post", ref: 1, ...react(7) } as const;
  const record = { head: { kind: "text", seq: 7 } } as LogRecord;

  /** @returns how a reaction to a message fares that comes while it is looked for */
  async function fate(comes: boolean, isCurrent: boolean): Promise<string> {
    let isThere = false;
    const reactions = new Reactions({
      recordLookup: { find: () => Promise.resolve(isThere ? record : undefined) },
      targets: { find: () => ({ id: room.id, room, other: undefined }) },
      current: () => {
        isThere = comes;
        return Promise.resolve(isCurrent);
      },
    });
    const outcome = Promise.withResolvers<string>();
    const client = {} as ClientConnection;
    reactions
      .pass(client, { id: ANA } as Account, asked, () => outcome.resolve("goes on"))
      ?.catch((error: Fault) => outcome.resolve(`${error.code} ${error.retryAfterMs}`));
    return await outcome.promise;
  }

  test("are about what another server has recorded by then", async () => {
    expect(await fate(true, true)).toBe("goes on");
    expect(await fate(false, true)).toBe("not-found undefined");
    expect(await fate(false, false)).toBe("no-majority 1000");
  });
});
