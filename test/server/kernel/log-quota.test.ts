import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import type { UserId } from "../../../src/base/ids.ts";
import { DISK_CHECK_INTERVAL_MS } from "../../../src/base/limits-page.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { LogQuota } from "../../../src/server/kernel/log-quota.ts";
import { rejection } from "../../rejection.ts";
import { changedStore } from "../data-channel.ts";
import { lab, operating } from "../site-lab.ts";

const [ANA, BEN, EVE] = ["uAAAAAAAAAAA", "uBBBBBBBBBBB", "uEEEEEEEEEEE"] as [
  ...[UserId, UserId, UserId],
];
const DAY_MS = 86_400_000;

function quotaOf(textsBytesPerDay: number) {
  const clock = { at: 100 * DAY_MS + DAY_MS / 2, unixMs: () => clock.at };
  const disk = {
    isFull: false,
    spentBytes: 0,
    spend: (bytes: number) => (disk.spentBytes += bytes),
    checkCount: 0,
    check: () => {
      disk.checkCount += 1;
    },
  };
  const isOperator = (user: UserId) => user === BEN;
  const registry = { find: () => ({ id: EVE }) };
  const options = { clock, disk, isOperator, settings: { textsBytesPerDay }, registry };
  const quota = new LogQuota(options as never);
  const write = (by: UserId | "server", bytes: number) =>
    quota.onAccountRecord({
      head: { by },
      headBytes: new Uint8Array(40),
      bodyBytes: new Uint8Array(bytes - 40),
    } as never);
  const refusal = (by: UserId | "server", kind = "text") =>
    quota.refusal([{ by, kind } as never])?.code;
  return { quota, clock, disk, write, refusal };
}

test("refuses an account's records from its limit until the next day", () => {
  const { quota, clock, disk, write, refusal } = quotaOf(1_000);
  for (const by of [ANA, BEN, "server"] as const) write(by, 999);
  expect(refusal(ANA)).toBeUndefined();
  write(ANA, 41);
  const other = "uCCCCCCCCCCC" as UserId;
  expect([ANA, BEN, other, "server" as const].map((by) => refusal(by))).toEqual([
    "texts-limit",
    ...[undefined, undefined, undefined],
  ]);
  const fault = quota.refusalOf(ANA);
  expect(fault).toMatchObject({ remedy: "try again in 12 h", retryAfterMs: undefined });
  expect(disk.spentBytes).toBe(3 * 999 + 41);
  clock.at += DAY_MS / 2 - 1;
  expect(refusal(ANA)).toBe("texts-limit");
  clock.at++;
  expect(refusal(ANA)).toBeUndefined();
});

test("refuses a batch that contains a limited record", () => {
  const { quota, write } = quotaOf(1_000);
  write(ANA, 1_000);
  const batch = (...kinds: string[]) =>
    quota.refusal(kinds.map((kind) => ({ kind, by: ANA }) as never))?.code;
  expect(batch("leave", "remove")).toBeUndefined();
  expect(batch("password", "account")).toBe("texts-limit");
  expect(batch()).toBeUndefined();
});

test("accepts erasures and departures up to twice the limit", () => {
  const { write, refusal } = quotaOf(1_000);
  write(ANA, 1_999);
  expect([refusal(ANA, "erase"), refusal(ANA, "leave")]).toEqual([undefined, undefined]);
  write(ANA, 41);
  expect([refusal(ANA, "erase"), refusal(ANA, "leave")]).toEqual(["texts-limit", "texts-limit"]);
  expect(refusal(BEN, "erase")).toBeUndefined();
});

test("charges the account that requested a record without a name", () => {
  const { quota, refusal } = quotaOf(1_000);
  const record = { head: { by: "server" }, headBytes: new Uint8Array(1_000) } as never;
  quota.onAppended(record, ANA);
  const vote = [{ by: "server", kind: "vote" }] as never;
  expect(quota.refusal(vote, ANA)?.code).toBe("texts-limit");
  expect(quota.refusal(vote, BEN)).toBeUndefined();
  expect(refusal("server", "vote")).toBeUndefined();
});

test("charges whoever adds a member for the record", () => {
  const { quota, refusal } = quotaOf(1_000);
  quota.onAccountRecord({
    head: { by: ANA, kind: "join" },
    headBytes: new Uint8Array(1_000),
    bodyBytes: utf8Encode('{"addedBy":"eve"}'),
  } as never);
  expect([refusal(ANA), refusal(EVE)]).toEqual([undefined, "texts-limit"]);
});

test("counts programs by token, without the rights of the token's creator", () => {
  const { quota, disk } = quotaOf(1_000);
  quota.chargeProgram("token", 1_000);
  expect(() => quota.checkProgram("token")).toThrow("daily limit");
  quota.checkProgram("another");
  disk.isFull = true;
  expect(() => quota.checkProgram("another")).toThrow("nearly full");
  expect(disk.checkCount).toBe(1);
});

const CONTROL = "\u0001".repeat(60_000);

test("covers every change that a member can make, except to leave and to remove", async () => {
  const { site, ana, ben, eve } = await lab({ textsBytesPerDay: 1_000_000, operatorToken: "t" });
  await ana.request("operate", { token: "t" });
  await ana.request("rules", { room: "lab", topic: "everyone" });
  const first = await site.wait(ben.post("first", "lab"));
  // A control character takes six bytes in the log.
  for (let i = 0; i < 3; i++) await site.wait(ben.post(CONTROL, "lab"));
  const refused = await rejection(site.wait(ben.post("x", "lab")));
  expect(refused).toMatchObject({ code: "texts-limit", retryAfterMs: undefined });
  expect(refused.message).toContain("daily limit of 1.0 MB");
  const react = { text: "", react: "+1", re: first.seq };
  const fields = { outbox: "BBBBBBBBBBB", to: "lab" };
  const refusals = [
    await ben.refusal("post", { ...fields, counter: 1, body: react }),
    await ben.refusal("post", { ...fields, counter: 2, to: "@eve", body: { text: "x" } }),
    await ben.refusal("edit", { seq: first.seq, text: "changed" }),
    await ben.refusal("topic", { room: "lab", topic: "x" }),
    await ben.refusal("join", { room: "new", create: true }),
    await ben.refusal("ignore", { user: "eve", on: true }),
    await ben.refusal("prefs-set", { room: ben.records.at(-1)?.head.room ?? "", favourite: true }),
  ];
  expect(new Set(refusals)).toEqual(new Set(["texts-limit"]));
  // The refusal does not block the outbox.
  site.skewMs += DAY_MS;
  await site.wait(ben.post("tomorrow", "lab"));
  site.skewMs -= DAY_MS;
  for (let i = 0; i < 4; i++) await site.wait(ana.post(CONTROL, "lab"));
  await site.wait(eve.post("not limited", "lab"));
  await ben.request("erase", { seq: first.seq });
  await site.again(ben, "ben");
  await ben.request("leave", { room: "lab" });
});

test("accepts posts only from operators while the disk is nearly full", async () => {
  let free = 1_000_000;
  const { site, ana, ben, eve } = await lab({
    files: { freeBytesMin: 1_000 },
    blobs: (store: BlobStore) => changedStore(store, { freeBytes: async () => free }),
  });
  await operating(ana);
  const { seq } = await site.wait(ben.post("before", "lab"));
  free = 999;
  await site.time.advance(DISK_CHECK_INTERVAL_MS);
  expect(await rejection(site.wait(ben.post("x", "lab")))).toMatchObject({
    code: "store-full",
    retryAfterMs: undefined,
    remedy: "contact the server's owner",
    message: "the server's disk is nearly full; only operators can post",
  });
  await site.wait(ana.post("from the operator", "lab"));
  const dora = await site.greeted();
  expect(await dora.refusal("register", dora.registration("dora"))).toBe("store-full");
  await ben.request("erase", { seq });
  await site.again(ben, "ben");
  free = 1_000_000;
  await site.time.advance(DISK_CHECK_INTERVAL_MS);
  await site.wait(eve.post("after", "lab"));
});
