import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { DiskCall, DiskFailure } from "../io/disk/sim.ts";
import { rejection } from "../rejection.ts";
import { Site, siteWith } from "./site.ts";
import { siteTest } from "./site-lab.ts";

function failing(failingCall: DiskCall, folder: string, trouble: DiskFailure) {
  return (call: DiskCall, path: string) =>
    call === failingCall && path.includes(folder) ? trouble : undefined;
}

const failures = (site: Site) => site.events.filter(({ kind }) => kind === "failed");

test("refuses posts on a full disk; reading continues, later posts succeed", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await site.wait(ana.post("before"));
  site.trouble = failing("write", "history", "ENOSPC");
  expect(await rejection(site.wait(ana.post("refused")))).toMatchObject({ code: "store-full" });
  expect((await ben.request("history", { limit: 10, grep: "e" })).records).toHaveLength(1);
  expect(await ben.refusal("topic", { room: "lobby", topic: "x" })).toBe("store-full");
  expect(await ben.refusal("join", { room: "dev", create: true })).toBe("store-full");
  expect(await ben.refusal("leave", { room: "lobby" })).toBe("store-full");
  expect(await rejection(site.wait(ana.post("hi", "@ben")))).toMatchObject({
    code: "store-full",
    retryAfterMs: 1_000,
  });
  site.trouble = () => undefined;
  await site.wait(ana.post("after", "lobby", "BBBBBBBBBBB"));
  await site.quiet();
  expect(ben.texts()).toEqual(["before", "after"]);
  expect(failures(site)).toEqual([]);
  expect(site.events.filter(({ kind }) => kind === "full").length).toBeGreaterThan(0);
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.texts()).toEqual(["before", "after"]);
});

test.each([
  ["history", "sync"],
  ["history", "write"],
] as const)(
  "at %s %s: refuses posts, and reports that the server must stop",
  async (folder, call) => {
    const { site, ana, ben } = await siteWith(["ana", "ben"]);
    await site.wait(ana.post("before"));
    site.trouble = failing(call, folder, "EIO");
    expect(await rejection(site.wait(ana.post("lost")))).toMatchObject({ code: "store-failed" });
    site.trouble = () => undefined;
    const later = site.wait(ana.post("later", "lobby", "BBBBBBBBBBB"));
    expect(await rejection(later)).toMatchObject({ code: "store-failed" });
    expect(failures(site)[0]).toMatchObject({ fault: { code: "store-failed" } });
    await site.quiet();
    expect(ben.texts()).toEqual(["before"]);
    expect(ben.ended).toBeUndefined();
    await site.restart();
    const again = await site.again(ben, "ben");
    expect(again.texts()[0]).toBe("before");
    await site.wait((await site.again(ana, "ana")).post("back", "lobby", "CCCCCCCCCCC"));
  },
);

const PATH = /\/|\.jsonl|EIO|ENOSPC|EACCES/;
const secret = "/d/history/0000.jsonl";

test.each(["EIO", "ENOSPC", "EACCES"] as const)(
  "%s: reveals no path in any answer",
  async (code) => {
    for (const call of ["write", "sync"] as const) {
      const { site, ana } = await siteWith(["ana"]);
      site.trouble = (one) => (one === call ? code : undefined);
      const faults = [
        await ana.refused("passwd", { password: "x" }),
        await ana.refused("topic", { room: "lobby", topic: "x" }),
      ];
      for (const { message, remedy } of faults) {
        expect(message).toStartWith("the server's disk ");
        expect(message + remedy).not.toMatch(PATH);
      }
    }
  },
);

test.each([
  ["store-failed", "the disk failed at"],
  ["store-denied", "may not be read"],
  ["store-full", "no space for"],
  ["log-corrupt", "is damaged at byte 5"],
] as const)(
  "%s: reveals no path when reading fails, and the operator sees the cause",
  async (code, why) => {
    let isBroken = false;
    const cause = new Error(why);
    const reading = async () => {
      if (isBroken) throw new Fault(code, `${why} ${secret}`, { cause });
    };
    const site = await Site.open({ reading, operatorToken: "token" });
    const before = [await site.member("ana"), await site.member("ben")] as const;
    const { seq } = await site.wait(before[0].post("done"));
    await site.restart();
    const ana = await site.again(before[0], "ana", seq);
    const ben = await site.again(before[1], "ben", seq);
    await ana.request("operate", { token: "token" });
    await ana.request("watch", { on: true });
    isBroken = true;
    const faults = [
      await ben.refused("history", { limit: 5 }),
      await ben.refused("edit", { seq, text: "x" }),
      await ben.refused("post", {
        outbox: "AAAAAAAAAAA",
        counter: 9,
        to: "lobby",
        body: { text: "", react: "x", re: seq },
      }),
    ];
    const again = await site.greeted(undefined, ben.keys);
    await again.request("login", again.signedLogin("ben", 1));
    faults.push((await again.untilEnded()).fault ?? new Fault("internal", "no fault"));
    for (const fault of faults) {
      expect(fault.code).toBe(code);
      expect(fault.message + fault.remedy).not.toMatch(PATH);
      expect(fault.message).toStartWith("the server's ");
    }
    await site.quiet();
    const events = JSON.stringify(ana.all("event"));
    expect(events).toContain("the server's ");
    expect(events).not.toContain(secret);
    const own = site.events.flatMap((event) =>
      event.kind === "warning" || event.kind === "full" ? [event.fault.message] : [],
    );
    expect(own).toContain(`${why} ${secret}`);
  },
);

test("answers open requests and says goodbye when it stops", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const posts = ["1", "2", "3"].map((text) => ana.post(text));
  const topic = ben.send("topic", { room: "lobby", topic: "last words" });
  const waiting = ana.post("4");
  await site.time.advance(0);
  const stopped = site.server.stop();
  expect(await ben.refusal("rooms", {})).toBe("shutting-down");
  await site.wait(stopped);
  await site.wait(Promise.all([...posts, topic, waiting]));
  for (const guest of [ana, ben]) {
    expect((await guest.untilEnded()).fault?.code).toBe("shutting-down");
  }
  expect(ben.texts()).toEqual(["1", "2", "3", "4"]);
  expect(await rejection(site.connect())).toBeInstanceOf(Error);
});

test("restores everything at the next start; a repeated post is the old one", async () => {
  const site = await Site.open({ roomPassword: "secret" });
  const ana = await site.member("ana", "pass");
  await ana.request("join", { room: "dev", create: true, password: "key" });
  await ana.request("topic", { room: "dev", topic: "bugs" });
  const post = { outbox: "AAAAAAAAAAA", counter: 1, to: "dev", body: { text: "once" } };
  const first = await ana.request("post", post);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await again.request("post", post)).toEqual(first);
  expect(again.texts()).toEqual(["once"]);
  const room = { room: "dev", topic: "bugs", members: 1, joined: true, locked: true };
  expect((await again.request("rooms", {})).rooms.at(-1)).toMatchObject(room);
  await site.byPassword("ana", "pass");
  const taken = await site.greeted();
  await taken.request("admit", { secret: "secret" });
  expect(await taken.refusal("register", taken.registration("ANA"))).toBe("name-taken");
});

test("keeps what it acknowledged, once, if it is killed", async () => {
  for (let seed = 1; seed <= 7; seed++) {
    const { site, ana } = await siteWith(["ana"], { seed });
    const acked = new Map<string, number>();
    for (let i = 1; i <= 20; i++) {
      ana.post(`${i}`).then(
        ({ seq }) => acked.set(`${i}`, seq),
        () => undefined,
      );
    }
    site.disk.stopAt(site.disk.calls + 3 + (seed % 7));
    for (let i = 0; i < 30; i++) await site.time.advance(1).catch(() => undefined);
    site.disk.losePower();
    await site.restartAfterCrash();
    const back = await site.again(ana, "ana");
    for (let i = 1; i <= 20; i++) {
      const body = { text: `${i}` };
      const post = { outbox: "AAAAAAAAAAA", counter: i, to: "lobby", body };
      const { seq } = await back.request("post", post);
      expect(acked.get(`${i}`) ?? seq).toBe(seq);
    }
    await site.quiet();
    expect(back.texts()).toEqual(Array.from({ length: 20 }, (_, i) => `${i + 1}`));
  }
});

test("closes silent clients after a sleep, and takes them back", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const posted = await site.wait(ana.post("before"));
  await site.time.jump(3_600_000);
  await site.quiet();
  for (const guest of [ana, ben]) expect((await guest.untilEnded()).fault?.code).toBe("timeout");
  expect(site.server.clientCount).toBe(0);
  const again = await site.again(ana, "ana", posted.seq);
  expect((await site.wait(again.post("after", "lobby", "BBBBBBBBBBB"))).seq).toBe(posted.seq + 1);
});

test("never lets the times of records fall if the clock jumps back", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const times: number[] = [];
  for (const skewMs of [0, -3_600_000, 60_000, -1]) {
    site.skewMs = skewMs;
    times.push((await site.wait(ana.post("tick"))).time);
  }
  expect(times).toEqual([...times].sort((one, other) => one - other));
  site.skewMs = -7_200_000;
  await site.restart();
  const again = await site.again(ana, "ana");
  expect((await site.wait(again.post("tock", "lobby", "BBBBBBBBBBB"))).time).toBe(times[3] ?? 0);
});

siteTest("reports failed HTTP requests to operators, but not all of many", async (site) => {
  const warnings = () =>
    site.events.flatMap((event) => (event.kind === "warning" ? event.fault : []));
  for (let i = 0; i < 100; i++) site.server.sessions.requestFailed(new TypeError(`broken ${i}`));
  expect(warnings()).toHaveLength(5);
  expect(warnings()[0]).toMatchObject({
    code: "internal",
    message: "an HTTP request failed: TypeError: broken 0",
  });
  await site.time.advance(10_000);
  site.server.sessions.requestFailed(new TypeError("broken again"));
  expect(warnings()).toHaveLength(6);
});
