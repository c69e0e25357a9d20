import { expect, test } from "bun:test";
import { utf8Decode } from "../../../src/base/bytes.ts";
import { RETENTION_CHECK_INTERVAL_MS } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { holds, lab, operating } from "../site-lab.ts";

const DAY_MS = 86_400_000;
const YEARS_MS = 72 * 365 * DAY_MS;
const KEEP_MS = 90 * DAY_MS;

interface RetainedRoom {
  readonly site: Site;
  readonly ana: Guest;
  readonly ben: Guest;
}

/** Room with a message and 90 days of retention. Ana is an operator. */
async function retainedRoom(): Promise<RetainedRoom> {
  const { site, ana, ben } = await lab();
  await operating(ana);
  await ana.request("grant", { user: "ana", on: true });
  await ana.request("retention", { room: "lab", keepMs: KEEP_MS });
  await site.wait(ben.post("mellon one", "lab"));
  return { site, ana, ben };
}

async function sweep(site: Site): Promise<void> {
  await site.time.advance(RETENTION_CHECK_INTERVAL_MS + 50);
}

async function restartWith(site: Site, skewMs: number): Promise<void> {
  await site.stop();
  site.skewMs = skewMs;
  await site.wait(site.start());
}

async function postIn(site: Site, ben: Guest, text: string): Promise<void> {
  const next = await site.again(ben, "ben");
  await site.wait(
    next.post(text, "lab", Buffer.from(text.padEnd(8).slice(-8)).toString("base64url")),
  );
  next.hangUp();
}

async function clockRecords({ history, accounts }: Site): Promise<number> {
  let count = 0;
  for (const log of [history, accounts])
    for await (const { head } of log.read(1)) if (head.kind.endsWith("clock")) count++;
  return count;
}

async function textsOf(site: Site, ben: Guest, bounds: { since?: number; until?: number }) {
  const reader = await site.again(ben, "ben");
  const query = { target: "#lab", kinds: ["text"], limit: 50, ...bounds };
  const { records } = await reader.request("history", query);
  reader.hangUp();
  return records.map(({ body }) => body && JSON.parse(utf8Decode(body)).text);
}

function newestMs({ history, accounts }: Site): number {
  return Math.max(history.time, accounts.time);
}

test("erases nothing after starts in 2099, and corrects the time afterwards", async () => {
  const { site, ben } = await retainedRoom();
  const before = site.clock.unixMs();
  await restartWith(site, YEARS_MS);
  await postIn(site, ben, "mellon two");
  await sweep(site);
  expect(site.history.time).toBeGreaterThan(before + YEARS_MS - DAY_MS);
  // Later starts must not believe the records of the first, even after a crash.
  await site.restartAfterCrash();
  await sweep(site);
  await restartWith(site, YEARS_MS + DAY_MS / 2);
  await sweep(site);
  expect(holds(site, "mellon one")).toBeTrue();
  expect(await clockRecords(site)).toBe(0);
  await restartWith(site, 0);
  expect(newestMs(site)).toBeLessThan(before + DAY_MS);
  await postIn(site, ben, "mellon three");
  expect(newestMs(site)).toBeLessThan(before + DAY_MS);
  expect(await clockRecords(site)).toBe(1);
  await site.restart();
  expect(await clockRecords(site)).toBe(1);
});

test("finds records by time on both sides of a correction", async () => {
  const { site, ben } = await retainedRoom();
  await restartWith(site, YEARS_MS);
  await postIn(site, ben, "mellon two");
  await restartWith(site, 0);
  const middle = site.clock.unixMs();
  await site.time.advance(1_000);
  await postIn(site, ben, "mellon three");
  const since = middle + 1;
  expect(await textsOf(site, ben, { until: middle })).toEqual(["mellon one"]);
  expect(await textsOf(site, ben, { since })).toEqual(["mellon two", "mellon three"]);
  const until = middle + DAY_MS;
  expect(await textsOf(site, ben, { since, until })).toEqual(["mellon three"]);
});

test("expires records from 2099 with those before the correction", async () => {
  const { site, ben } = await retainedRoom();
  await restartWith(site, YEARS_MS);
  await postIn(site, ben, "mellon two");
  await restartWith(site, DAY_MS / 2);
  await site.time.jump(DAY_MS / 8);
  await postIn(site, ben, "mellon three");
  await site.time.jump(KEEP_MS - DAY_MS / 4 - DAY_MS / 8);
  await sweep(site);
  await sweep(site);
  expect(["one", "two"].map((word) => holds(site, `mellon ${word}`))).toEqual([false, true]);
  await site.time.jump(DAY_MS / 4);
  await sweep(site);
  expect(["two", "three"].map((word) => holds(site, `mellon ${word}`))).toEqual([false, true]);
});

test("resumes deletion after a day, or when an operator accepts the clock", async () => {
  for (const accepts of [false, true]) {
    const { site, ana } = await retainedRoom();
    await restartWith(site, KEEP_MS + DAY_MS);
    const operator = await site.again(ana, "ana");
    await sweep(site);
    expect(holds(site, "mellon one")).toBeTrue();
    expect((await operator.request("clock", {})).plausible).toBeFalse();
    if (accepts) {
      expect((await operator.request("clock", { accept: true })).plausible).toBeTrue();
      await site.restart();
    } else await site.time.jump(DAY_MS);
    await sweep(site);
    expect(holds(site, "mellon one")).toBeFalse();
    const statuses = site.events.flatMap((event) => (event.kind === "clock" ? event.status : []));
    expect(statuses.map(({ plausible }) => plausible)).toEqual([false, true]);
  }
});

test("lets an operator take back a wrong confirmation", async () => {
  const { site, ana, ben } = await retainedRoom();
  const before = site.clock.unixMs() - DAY_MS;
  await ana.request("retention", { room: "lab" });
  await restartWith(site, YEARS_MS);
  const mistaken = await site.again(ana, "ana");
  await mistaken.request("clock", { accept: true });
  await restartWith(site, 0);
  const operator = await site.again(ana, "ana");
  const { plausible, now, newest } = await operator.request("clock", {});
  expect([plausible, newest > now + YEARS_MS - DAY_MS]).toEqual([false, true]);
  await operator.request("clock", { accept: true });
  await postIn(site, ben, "mellon two");
  expect(newestMs(site)).toBeLessThan(now + DAY_MS);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect((await again.request("clock", {})).plausible).toBeTrue();
  const { events } = await again.request("decisions", { since: before });
  const accepted = events.filter(({ decision }) => decision === "clock");
  expect(accepted.map(({ by }) => by)).toEqual(["ana", "ana"]);
  const recent = await again.request("decisions", { since: before, until: now + DAY_MS });
  expect(recent.events.filter(({ decision }) => decision === "clock")).toHaveLength(2);
});

test("a clock in 1970 leaves the logs' time where it is", async () => {
  const { site, ana, ben } = await retainedRoom();
  await restartWith(site, YEARS_MS);
  await postIn(site, ben, "mellon two");
  await restartWith(site, 0);
  const right = newestMs(site);
  await restartWith(site, 1_000 - site.time.unixMs());
  await postIn(site, ben, "mellon three");
  const operator = await site.again(ana, "ana");
  expect(await operator.refusal("clock", { accept: true })).toBe("not-allowed");
  await site.time.jump(3 * DAY_MS);
  await sweep(site);
  expect([newestMs(site) - right < DAY_MS, newestMs(site) >= right]).toEqual([true, true]);
  expect(await clockRecords(site)).toBe(1);
  await restartWith(site, 0);
  await site.time.jump(DAY_MS + 1);
  await sweep(site);
  expect(holds(site, "mellon one")).toBeTrue();
});

test("corrects a jitter of the clock at most once an hour", async () => {
  const { site, ben } = await retainedRoom();
  const room = await site.again(ben, "ben");
  for (let minute = 0; minute < 30; minute++) {
    site.skewMs = minute % 2 === 0 ? 3 * DAY_MS : 0;
    await site.wait(room.post(`mellon ${minute}`, "lab"));
    await site.time.advance(59_000);
  }
  expect(await clockRecords(site)).toBeLessThanOrEqual(2);
  site.skewMs = 0;
  await site.time.jump(60 * 60_000);
  await site.time.advance(2_000);
  expect(newestMs(site)).toBeLessThan(site.clock.unixMs() + DAY_MS);
});

test("ends no ban, mute, invite or reset early, in a jump during the run", async () => {
  const { site, ana, ben } = await retainedRoom();
  const until = site.clock.unixMs() + 7 * DAY_MS;
  await ana.request("ban", { address: "10.0.0.77", on: true, until });
  await ana.request("mute", { room: "lab", user: "ben", on: true, until });
  const { token } = await ana.request("invite", { expires: until });
  const reset = await ana.request("reset", { user: "eve", expires: until });
  site.skewMs = YEARS_MS;
  await site.time.advance(5_000);
  expect((await ana.request("bans", {})).bans).toHaveLength(1);
  expect((await ana.request("invites", {})).invites).toHaveLength(1);
  expect(await ben.refusal("post", postOf("mellon two"))).toBe("muted");
  const guest = await site.greeted();
  await guest.request("recover", { token: reset.token, password: "new" });
  const newcomer = await site.greeted();
  await newcomer.request("admit", { secret: token });
});

function postOf(text: string) {
  return { outbox: "AAAAAAAAAAA", counter: 900, to: "#lab", body: { text } };
}

test("does not believe a record that was written before the clock was checked", async () => {
  const { site } = await retainedRoom();
  await site.stop();
  site.skewMs = YEARS_MS;
  const { clock, entropy, disk } = site;
  const log = await openLog({ clock, entropy, sha256, disk: disk.boot(), folder: "/d/history" });
  await log.fork();
  await log.close();
  await site.wait(site.start());
  await sweep(site);
  expect(holds(site, "mellon one")).toBeTrue();
});

test("a member stays muted, and is told so, while the clock is not plausible", async () => {
  const { site, ana, ben } = await retainedRoom();
  await ana.request("mute", {
    room: "lab",
    user: "ben",
    on: true,
    until: site.clock.unixMs() + 3_600_000,
  });
  await restartWith(site, YEARS_MS);
  const again = await site.again(ben, "ben");
  expect(again.room("lab")?.mutedUntil).toBeGreaterThan(0);
  const { users } = await again.request("who", { room: "lab" });
  expect(users.find(({ user }) => user === "ben")?.mutedUntil).toBeGreaterThan(0);
  const refusal = await again.refusal("post", {
    outbox: "AAAAAAAAAAA",
    counter: 9,
    to: "lab",
    body: { text: "mellon two" },
  });
  expect(refusal).toBe("muted");
});
