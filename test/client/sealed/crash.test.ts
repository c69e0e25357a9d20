import { describe, expect, test } from "bun:test";
import { type Fault, ignoreFault } from "../../../src/base/fault.ts";
import { rejection } from "../../rejection.ts";
import { FIRST_SEED, IS_SOAK } from "../../samples.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { Crash, type FailurePoint } from "./crashing-home.ts";
import { codeOf, type WireMessage } from "./liar.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

const TROUBLES = ["before", "after", "full"] as const;
const TEXTS = ["one", "two", "three", "four", "five", "six"];

type Step = (ana: Person, others: readonly [Person, Person]) => Promise<unknown>;

const STEPS: readonly Step[] = [
  async (ana) => {
    await ana.request("join", { room: "vault", create: true, sealed: true });
    await ana.waitForRoom();
    await ana.entersRoom().catch(ignoreFault);
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

type Interruption = "before a write" | "after a write" | "before a request" | "before an answer";

/** Ends the program at the nth write, request or answer of its creation of a room. */
async function interrupt(
  world: SealedSite,
  device: Device,
  { at, n, room }: { readonly at: Interruption; readonly n: number; readonly room: string },
): Promise<boolean> {
  const isWrite = at.endsWith("write");
  const crash = new Crash(at === "after a write" ? "after" : "before", isWrite ? n : 0);
  const ana = world.person("ana", { ...device, between: crash.between });
  const { promise: cut, resolve } = Promise.withResolvers<"crashed">();
  const creating = async () => {
    await ana.enter();
    let sent = 0;
    let over: WireMessage | undefined;
    ana.tamperingLink.tampering = {
      onRequest: (question) => {
        if (over !== undefined) return undefined;
        if (isWrite || ++sent < n) return question;
        over = question;
        if (at === "before an answer") return question;
        resolve("crashed");
        return undefined;
      },
      onMessage: (message) => {
        if (over === undefined) return [message];
        if (message["ref"] === over["ref"]) resolve("crashed");
        return [];
      },
    };
    await ana.client.actions.join(room, { create: true, sealed: true });
    return "done";
  };
  const made = creating().catch((fault: Fault) => {
    if (crash.isDead || fault.code === "link-closed") return "crashed";
    throw fault;
  });
  const how = await world.wait(Promise.race([made, cut, crash.happened]));
  ana.tamperingLink.tampering = { onRequest: () => undefined };
  await ana.quit();
  return how === "crashed";
}

describe("an encrypted room whose creator's program ends", () => {
  test.each(["before a write", "after a write", "before a request", "before an answer"] as const)(
    "%s is absent or encrypted, and is completed by a repetition",
    async (at) => {
      await using world = await SealedSite.open();
      const device = world.device();
      await (await world.join("ana", device)).quit();
      const ben = await world.join("ben");
      let n = 1;
      for (let room = "room1"; await interrupt(world, device, { at, n, room }); ) {
        const { rooms } = await ben.request("rooms", {});
        const isOpen = rooms.some((one) => one.room === room && !one.sealed);
        expect([at, n, isOpen]).toEqual([at, n, false]);
        expect(["room-unknown", "sealed-room"]).toContain(
          await codeOf(ben.request("join", { room })),
        );
        const ana = await world.join("ana", device);
        const isListed = ana.client.rooms.some(({ name }) => name === room);
        const plain = { outbox: "AAAAAAAAAAA", counter: n, to: room, body: { text: "plain" } };
        expect([isListed ? "sealed-room" : "room-unknown", "not-member"]).toContain(
          await codeOf(ana.request("post", plain)),
        );
        await world.wait(ana.client.actions.join(room, { create: true, sealed: true }));
        await ana.addMember(ben, room);
        await ana.postText("hello", room);
        await ben.waitForText("hello", room);
        await ana.quit();
        room = `room${++n}`;
      }
      expect(n).toBeGreaterThan(3);
    },
  );

  test("is named by posts and invitations, with the command that completes it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await world.joinAll("ana", "ben");
    await ana.request("join", { room: "vault", create: true, sealed: true });
    await ana.waitForRoom();
    const fault = {
      code: "seal-refused",
      message: "the creation of 'vault' was interrupted",
      remedy: "its creator can complete it: /join vault --sealed",
    };
    expect(await rejection(ana.postText("hello"))).toMatchObject(fault);
    expect(await rejection(ana.invite("ben"))).toMatchObject(fault);
    await world.wait(ana.client.actions.join("vault", { create: true, sealed: true }));
    await ana.addMember(ben);
    await ana.postTo("hello", ben);
  });
});
