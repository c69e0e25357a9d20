import { expect, test } from "bun:test";
import { PREFS_BURST, PREFS_PER_SECOND, PREFS_RECORDS_MAX } from "../../../src/base/limits.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import { AccountPrefs } from "../../../src/core/rooms/prefs.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { PrefsService } from "../../../src/server/rooms/prefs.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { rejection } from "../../rejection.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const lobbyOf = (guest: Guest) =>
  guest.all("room").find(({ name }) => name === "lobby")?.room ?? "";

/** The accounts log, as it would be found after a power cut. */
function accountsOf({ disk }: Site): string {
  const [log] = disk.boot().list("/d/accounts");
  const file = disk.boot().open(`/d/accounts/${log}`, "read");
  const bytes = new Uint8Array(file.sizeBytes());
  file.read(bytes, 0);
  file.close();
  return Buffer.from(bytes).toString();
}

test("what an account sets is the same on all of its devices, and told to no other", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const second = await site.again(ana, "ana");
  const room = lobbyOf(ana);
  expect(await ana.ask("prefs", {})).toMatchObject({ rooms: [], saved: [] });
  await ana.ask("prefs-set", { room, muted: 0, favourite: true });
  await ana.ask("save", { room, seq: 1, on: true });
  await site.quiet();
  const told = { kind: "prefs-set", room, muted: 0, favourite: true } as const;
  for (const guest of [ana, second]) {
    expect(guest.all("prefs-set")).toEqual([told]);
    expect(guest.all("save")).toEqual([{ kind: "save", room, seq: 1, on: true }]);
  }
  expect([ben.all("prefs-set"), ben.all("save")]).toEqual([[], []]);
  expect(await ben.ask("prefs", {})).toMatchObject({ rooms: [], saved: [] });
  await second.ask("prefs-set", { room, favourite: false });
  expect(await ana.ask("prefs", {})).toMatchObject({ rooms: [], saved: [{ room, seq: 1 }] });
});

test("it survives a crash, and is blanked with the account", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const room = lobbyOf(ana);
  await ana.ask("prefs-set", { room, hidden: 3, unread: 2 });
  await ana.ask("save", { room, seq: 2, on: true });
  site.disk.losePower();
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  const kept = { rooms: [{ room, hidden: 3, unread: 2 }], saved: [{ room, seq: 2 }] };
  expect(await again.ask("prefs", {})).toMatchObject(kept);
  await again.ask("unregister", {});
  await site.quiet();
  expect(accountsOf(site)).not.toContain('"hidden"');
});

test("only of rooms that one reads, and of what was said there", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const { room } = await ana.ask("join", { room: "cellar", create: true });
  expect((await ben.refused("prefs-set", { room, muted: 0 })).code).toBe("not-member");
  expect((await ben.refused("save", { room, seq: 1, on: true })).code).toBe("not-member");
  const none = "rAAAAAAAAAAA";
  expect((await ben.refused("prefs-set", { room: none, hidden: 1 })).code).toBe("not-member");
  const beyond = { room, seq: Number.MAX_SAFE_INTEGER, on: true };
  expect((await ana.refused("save", beyond)).code).toBe("not-member");
  await ana.ask("prefs-set", { room, muted: 0 });
  await ana.ask("leave", { room: "cellar" });
  await ana.ask("prefs-set", { room }); // What was set before one left can be taken back.
  expect(await ana.ask("prefs", {})).toMatchObject({ rooms: [] });
});

test("what is set without waiting for an answer holds in its order", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const second = await site.again(ana, "ana");
  const room = lobbyOf(ana);
  const saves = [true, false].map((on) => ana.send("save", { room, seq: 1, on }));
  const sets = [{ favourite: true }, {}].map((fields) =>
    second.send("prefs-set", { room, ...fields }),
  );
  await site.wait(Promise.all([...saves, ...sets]));
  await site.quiet();
  expect(await ana.ask("prefs", {})).toMatchObject({ rooms: [], saved: [] });
});

test("nothing is lost where several changes are told as one", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const room = lobbyOf(ana);
  for (let i = 0; i < PREFS_RECORDS_MAX; i++) {
    await ana.ask("save", { room, seq: 1, on: i % 2 === 0 });
    if (i >= PREFS_BURST - 10) await site.time.advance(1_000 / PREFS_PER_SECOND);
  }
  const { room: other } = await ana.ask("join", { room: "cellar", create: true });
  const asked = [room, other].map((one) => ana.send("prefs-set", { room: one, muted: 0 }));
  await site.wait(Promise.all(asked));
  const { rooms } = await ana.ask("prefs", {});
  expect(rooms.map((one) => one.room)).toEqual([room, other]);
});

test("what another server has just recorded is known before anything is so already", async () => {
  const room = "rAAAAAAAAAAA";
  const prefs = new AccountPrefs();
  const account = { id: "uAAAAAAAAAAA", isGone: false, prefs } as unknown as Account;
  const drafts: Draft[] = [];
  const appendThen = (all: readonly Draft[], _: unknown, settle: (outcome: never) => void) => {
    drafts.push(...all);
    settle({ head: { kind: "prefs" }, body: {} } as never);
  };
  let isCurrent = true;
  const service = new PrefsService({
    clock: { now: () => 0 },
    rooms: new Rooms(),
    accounts: { appendThen } as never,
    peersOf: () => [],
    siblings: {
      current: async () => {
        if (isCurrent) prefs.apply({ kind: "prefs", seq: 1 }, { room, seq: 1, on: true });
        return isCurrent;
      },
    },
  });
  const client = { answer: () => undefined } as never;
  const ask = () =>
    service.serve(client, account, { kind: "save", ref: 1, room, seq: 1, on: false });
  await ask();
  expect(drafts.map(({ body }) => body)).toEqual([{ room, seq: 1, on: false }]);
  isCurrent = false;
  prefs.saved.clear();
  expect(await rejection(ask())).toMatchObject({ code: "no-majority" });
});

test("who changes too much is slowed down, and the log holds only what counts", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const room = lobbyOf(ana);
  for (let i = 0; i < PREFS_BURST; i++) {
    await ana.ask("save", { room, seq: 1, on: i % 2 === 0 });
  }
  const { code, retryAfterMs = 0 } = await ana.refused("save", { room, seq: 1, on: true });
  expect([code, retryAfterMs]).toEqual(["too-many", 1_000 / PREFS_PER_SECOND]);
  await site.time.advance(retryAfterMs);
  await ana.ask("save", { room, seq: 1, on: true });
  for (let i = PREFS_BURST; i < PREFS_RECORDS_MAX; i++) {
    await site.time.advance(1_000);
    await ana.ask("save", { room, seq: 1, on: i % 2 === 1 });
  }
  await site.quiet();
  const lines = accountsOf(site).split("\n");
  const whole = lines.filter((line) => line.includes('"kind":"prefs"') && line.includes('"body"'));
  expect(whole.length).toBeLessThan(PREFS_RECORDS_MAX / 2);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await again.ask("prefs", {})).toEqual(await again.ask("prefs", {}));
});

test("a room with a password says so", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  await ana.ask("join", { room: "vault", create: true, password: "secret" });
  await site.quiet();
  expect(ana.all("room").find(({ name }) => name === "vault")?.locked).toBe(true);
  expect(ana.all("room").find(({ name }) => name === "lobby")?.locked).toBeUndefined();
});
