import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { FIRST_SEED, IS_SOAK } from "../../samples.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { Crash, type FailurePoint } from "./crashing-home.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

const TROUBLES = ["before", "after", "full"] as const;
const TEXTS = ["one", "two", "three", "four", "five", "six"];

type Step = (ana: Person, others: readonly [Person, Person]) => Promise<unknown>;

const STEPS: readonly Step[] = [
  async (ana) => {
    await ana.request("join", { room: "vault", create: true, sealed: true });
    await ana.waitForRoom();
    await ana.entersRoom();
    const { status } = await ana.status();
    if (status !== "in") await ana.sealed((rooms) => rooms.get(ana.room()).changes.create());
  },
  (ana, [ben]) => addMember(ana, ben),
  (ana, [ben]) => postAndWait(ana, ben, "one"),
  async (ana, [ben]) => {
    if (!ben.texts().includes("ben: two")) await ben.postText("two");
    await ana.entersRoom();
  },
  (ana, [, eve]) => addMember(ana, eve),
  (ana, [ben]) => postAndWait(ana, ben, "three"),
  (ana) =>
    ana.kick("eve").catch((fault: Fault) => {
      if (fault.code !== "not-member") throw fault;
    }),
  (ana, [ben]) => postAndWait(ana, ben, "four"),
];

async function addMember(ana: Person, member: Person): Promise<void> {
  if (!member.client.rooms.some(({ name }) => name === "vault")) await ana.addMember(member);
}

const written = new WeakMap<SealedSite, Set<string>>();

async function postAndWait(ana: Person, ben: Person, text: string): Promise<void> {
  const before = written.get(ana.world) ?? new Set();
  written.set(ana.world, before);
  if (!before.has(text)) {
    before.add(text);
    await ana.postText(text).catch((fault: Fault) => {
      if (fault.code === "store-full") before.delete(text);
      throw fault;
    });
  }
  await ben.waitForText(text);
}

async function walk(at: FailurePoint, n: number): Promise<{ crash: Crash; hasHappened: boolean }> {
  await using world = await SealedSite.open();
  const crash = new Crash(at, n);
  const others = await world.joinAll("ben", "eve");
  const [ben] = others;
  const device: Device = { ...world.device(), between: crash.between };
  let ana = world.person("ana", device);
  let isIn = false;
  let isBack = false;
  for (let step = 0; step < STEPS.length; ) {
    const work = (async () => {
      if (!isIn) await ana.enter();
      isIn = true;
      await STEPS[step]?.(ana, others);
      return "done";
    })().catch((fault: Fault) => {
      if (crash.isDead || fault.code === "store-full") return "again";
      throw fault;
    });
    const how = await world.wait(Promise.race(isBack ? [work] : [work, crash.happened]));
    if (how === "done") step++;
    else if (how === "crashed") {
      await ana.quit();
      ana = world.person("ana", { ...device, between: undefined });
      [isIn, isBack] = [false, true];
    } else if (!isIn) ana = world.person("ana", device);
  }
  crash.isFinished = true;
  await ana.postTo("five", ben);
  await ben.postTo("six", ana, ben);
  const texts = ben.texts().map((text) => text.split(": ")[1]);
  expect([at, n, texts]).toEqual([at, n, TEXTS]);
  expect([at, n, await ana.past()]).toEqual([at, n, TEXTS]);
  expect([at, n, ana.rejoins()]).toEqual([at, n, 0]);
  return { crash, hasHappened: isBack || (at === "full" && crash.writes >= n) };
}

async function sample(): Promise<(readonly [FailurePoint, number])[]> {
  const { kinds } = (await walk("before", 0)).crash;
  expect(kinds.length).toBeGreaterThan(15);
  const random = randomOf(FIRST_SEED);
  return [...new Set(kinds)].map((kind, at) => {
    const all = kinds.flatMap((one, n) => (one === kind ? [n + 1] : []));
    const failure = TROUBLES[(at + FIRST_SEED) % TROUBLES.length] ?? "before";
    return [failure, all[Math.floor(random() * all.length)] ?? 1] as const;
  });
}

async function sweep(at: FailurePoint): Promise<void> {
  let n = 0;
  while ((await walk(at, n + 1)).hasHappened) n++;
  expect(n).toBeGreaterThan(15);
}

let sampled: ReturnType<typeof sample> | undefined;

describe("no message is lost or duplicated by", () => {
  test.each([
    ["a process that dies before a write", "before"],
    ["a process that dies after a write", "after"],
    ["a disk that is full at a write", "full"],
  ] as const)("%s", async (_, at) => {
    if (IS_SOAK) return sweep(at);
    sampled ??= sample();
    for (const [failure, n] of await sampled) {
      if (failure === at) expect([n, (await walk(at, n)).hasHappened]).toEqual([n, true]);
    }
  });
});
