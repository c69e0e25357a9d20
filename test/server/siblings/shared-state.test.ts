import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  FAULT_TEXT_BYTES_MAX,
  PREFS_PER_SECOND,
  PREFS_RECORDS_MAX,
  RETENTION_CHECK_INTERVAL_MS,
  TYPING_INTERVAL_MS,
} from "../../../src/base/limits.ts";
import { RefusedByNats } from "../../../src/io/cluster/majority.ts";
import { newestVersion } from "../../../src/wire/since.ts";
import { holds } from "../site-lab.ts";
import { Sites } from "./sites.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test("announces what all servers of the cluster know, and when that changes", async () => {
  const sites = await Sites.open(2);
  const site = sites.site(0);
  const ana = await site.member("ana", "pass");
  expect(ana.welcome?.clusterKnows).toBeUndefined();
  sites.knownVersion = "0.2.0";
  await site.time.advance(1_000);
  await site.quiet();
  const ben = await site.again(ana, "ana");
  expect(ben.welcome).toMatchObject({ knows: newestVersion(), clusterKnows: "0.2.0" });
  sites.knownVersion = newestVersion();
  await site.time.advance(3_000);
  await site.quiet();
  const versions = [ana, ben].map((one) => one.all("cluster-knows").map(({ version }) => version));
  expect(versions).toEqual([["0.2.0", newestVersion()], [newestVersion()]]);
});

test("notifies clients when the majority is lost and regained", async () => {
  const sites = await Sites.open(2);
  const site = sites.site(0);
  const ana = await site.member("ana", "pass");
  expect(ana.welcome?.majority).toBeUndefined();
  const fault = new Fault("no-majority", "2 of 3 NATS servers do not answer: nats://10.0.0.2:4222");
  sites.majorityFault = fault;
  await site.time.advance(1_000);
  await site.quiet();
  expect(ana.all("majority")).toMatchObject([{ on: false }]);
  expect(JSON.stringify(ana.all("majority"))).not.toContain("10.0.0.2");
  const ben = await site.again(ana, "ana");
  expect(ben.welcome?.majority).toBe(false);
  expect(ben.all("majority")).toMatchObject([{ on: false }]);

  sites.majorityFault = undefined;
  await site.time.advance(3_000);
  await site.quiet();
  for (const one of [ana, ben])
    expect(one.all("majority").map(({ on }) => on)).toEqual([false, true]);
  const majorityEvents = site.events.filter(({ kind }) => kind === "majority");
  expect(majorityEvents).toEqual([
    { kind: "majority", fault },
    { kind: "majority", fault: undefined },
  ]);
});

test("names to clients why NATS refuses messages, and each new reason once", async () => {
  const sites = await Sites.open(2);
  const site = sites.site(0);
  const ana = await site.member("ana", "pass");
  const refuse = async (message: string) => {
    sites.majorityFault = new RefusedByNats({ message, remedy: "nats stream edit" });
    await site.time.advance(3_000);
    await site.quiet();
  };
  const long = "s".repeat(FAULT_TEXT_BYTES_MAX);
  for (const message of ["it is full", "it is full", `${long}!`]) await refuse(message);
  const ben = await site.again(ana, "ana");
  expect(ben.welcome).toMatchObject({ majority: false, refusal: long });
  sites.majorityFault = undefined;
  await site.time.advance(3_000);
  await site.quiet();
  const [full, cut] = ["it is full", long].map((refusal) => ({ on: false, refusal }));
  expect(ana.all("majority")).toMatchObject([full, cut, { on: true }]);
  expect(ben.all("majority")).toMatchObject([cut, { on: true }]);
});

test("erases nothing by the wrong clock of one server, or of the stream", async () => {
  const sites = await Sites.open(2, { operatorToken: "operator-token" });
  const [right, wrong] = [sites.site(0), sites.site(1)];
  const ana = await right.member("ana");
  await ana.request("operate", { token: "operator-token" });
  await ana.request("retention", { room: "lobby", keepMs: 90 * DAY_MS });
  await right.wait(ana.post("mellon one"));
  const sweep = async () => {
    await right.time.advance(RETENTION_CHECK_INTERVAL_MS + 50);
    const texts = [right, wrong].map((site) => holds(site, "mellon one"));
    expect(texts).toEqual([true, true]);
  };
  wrong.skewMs = 30_000 * DAY_MS;
  await sweep();
  await wrong.restart();
  sites.streamSkewMs = wrong.skewMs;
  await right.wait(ana.post("mellon two"));
  await sweep();
  await wrong.restart();
  await sweep();
  const falls = () => [right, wrong].map(({ history }) => history.falls.length);
  expect(falls()).toEqual([1, 1]);
  await right.wait(ana.post("mellon three"));
  await sweep();
  expect(falls()).toEqual([1, 1]);
  sites.streamSkewMs = 0;
  await right.time.jump(HOUR_MS);
  await sweep();
  const again = await right.again(ana, "ana");
  await right.wait(again.post("mellon four", "lobby", "BBBBBBBBBBB"));
  for (const { history } of [right, wrong]) {
    expect(history.time).toBeLessThan(right.clock.unixMs() + DAY_MS);
  }
});

test("shares preferences, even across their compaction", async () => {
  const sites = await Sites.open(2);
  const ana = await sites.site(0).member("ana");
  const { time } = sites.site(0);
  await time.advance(5_000);
  const other = await sites.site(1).again(ana, "ana");
  const room = ana.roomId();
  await ana.request("prefs-set", { room, muted: 0, favourite: true });
  await time.advance(1_000);
  expect(other.all("prefs-set")).toEqual([{ kind: "prefs-set", room, muted: 0, favourite: true }]);
  for (let i = 0; i <= PREFS_RECORDS_MAX; i++) {
    await time.advance(1_000 / PREFS_PER_SECOND);
    await (i % 2 === 0 ? ana : other).request("save", { room, seq: 1, on: i % 2 === 0 });
  }
  await time.advance(1_000);
  const stored = { rooms: [{ room, muted: 0, favourite: true }], saved: [{ room, seq: 1 }] };
  for (const guest of [ana, other]) expect(await guest.request("prefs", {})).toMatchObject(stored);
});

test("reads what other servers have just recorded", async () => {
  const sites = await Sites.open(2);
  const ana = await sites.site(0).member("ana");
  const other = await sites.site(1).again(ana, "ana");
  const room = ana.roomId();
  sites.meanwhile = () => ana.send("save", { room, seq: 1, on: true });
  await other.request("save", { room, seq: 1, on: false });
  for (const guest of [ana, other])
    expect(await guest.request("prefs", {})).toMatchObject({ saved: [] });
  sites.isOut = true;
  expect(await other.refusal("save", { room, seq: 1, on: false })).toBe("no-majority");
});

test("shows a typing user at all servers without recording it", async () => {
  const sites = await Sites.open(2);
  const [ana, ben] = [await sites.site(0).member("ana"), await sites.site(1).member("ben")];
  const { time } = sites.site(0);
  await time.advance(5_000);
  const [room, records] = [ben.roomId(), ana.records.length];
  for (const on of [true, false]) {
    await ben.request("typing", { room, on });
    await time.advance(TYPING_INTERVAL_MS);
    const notice = { kind: "typing", room, users: on ? ["ben"] : [] } as const;
    for (const guest of [ana, ben]) expect(guest.all("typing").at(-1)).toEqual(notice);
  }
  expect(ana.records).toHaveLength(records);
});
