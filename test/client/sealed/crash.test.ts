import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { Crash, type TroubleAt } from "./crashing-home.ts";
import { type Device, type Person, SealedSite } from "./sealed-site.ts";

/** What ana does, each step so that it may be done again. */
type Step = (ana: Person, others: readonly [Person, Person]) => Promise<unknown>;

const STEPS: readonly Step[] = [
  async (ana) => {
    await ana.asks("join", { room: "vault", create: true, sealed: true });
    await ana.until("the room", () => ana.client.rooms.find(({ name }) => name === "vault"));
    await ana.sealed((rooms) => rooms.enter(ana.room("vault")));
    const { status } = await ana.sealed((rooms) => rooms.sealing(ana.room("vault")));
    if (status !== "in") await ana.sealed((rooms) => rooms.create(ana.room("vault")));
  },
  (ana, [ben]) => lets(ana, ben),
  (ana, [ben]) => says(ana, ben, "one"),
  async (ana, [ben]) => {
    if (!ben.texts("vault").includes("ben: two")) await ben.say("vault", "two");
    await ana.sealed((rooms) => rooms.enter(ana.room("vault")));
  },
  (ana, [, eve]) => lets(ana, eve),
  (ana, [ben]) => says(ana, ben, "three"),
  (ana) => ana.sealed((rooms) => rooms.kick(ana.room("vault"), "eve")).catch(notThere),
  (ana, [ben]) => says(ana, ben, "four"),
];

async function lets(ana: Person, who: Person): Promise<void> {
  if (!who.client.rooms.some(({ name }) => name === "vault")) await ana.letsIn(who, "vault");
}

const written = new WeakMap<SealedSite, Set<string>>();

/** Written once: what a crash left unsent, the next run of the program sends. */
async function says(ana: Person, ben: Person, text: string): Promise<void> {
  const before = written.get(ana.world) ?? new Set();
  written.set(ana.world, before);
  if (!before.has(text)) {
    before.add(text);
    await ana.say("vault", text).catch((fault: Fault) => {
      if (fault.code === "store-full") before.delete(text); // It says itself that it was not sent.
      throw fault;
    });
  }
  await ben.hears("vault", text);
}

function notThere(error: Fault): void {
  if (error.code !== "not-member") throw error;
}

/** @returns whether it crashed */
async function walk(at: TroubleAt, n: number): Promise<boolean> {
  await using world = await SealedSite.open();
  const crash = new Crash(at, n);
  const others = [await world.join("ben"), await world.join("eve")] as const;
  const device: Device = { ...world.device(), between: crash.between };
  let ana: Person | undefined;
  let isBack = false;
  for (let step = 0; step < STEPS.length; ) {
    const work = (async () => {
      ana ??= await world.join("ana", isBack ? { ...device, between: undefined } : device);
      await STEPS[step]?.(ana, others);
      return "done";
    })().catch((fault: Fault) => {
      // Of a dead process nothing is of interest any more.
      if (crash.isDead || fault.code === "store-full") return "again";
      throw fault;
    });
    const how = await world.wait(Promise.race(isBack ? [work] : [work, crash.happened]));
    if (how === "done") step++;
    else if (how === "crashed") {
      isBack = true;
      const dead = ana ?? world.latest;
      ana = undefined;
      await world.wait(dead.leave());
    }
  }
  crash.isOver = true;
  const [ben] = others;
  if (ana === undefined) throw new Error("nobody");
  await ana.say("vault", "five");
  await ben.hears("vault", "five");
  await ben.say("vault", "six");
  await ana.hears("vault", "six");
  const words = ["one", "two", "three", "four", "five", "six"];
  const texts = ben.texts("vault").map((text) => text.split(": ")[1]);
  expect([at, n, texts]).toEqual([at, n, words]);
  const page = await world.wait(ana.client.history({ target: "vault", limit: 100 }));
  const past = page.records.flatMap(({ kind, body }) => (kind === "text" ? [body?.["text"]] : []));
  expect([at, n, past]).toEqual([at, n, words]);
  expect([at, n, ana.anew("copy") + ana.anew("damaged")]).toEqual([at, n, 0]);
  return isBack || (at === "full" && crash.writes >= n);
}

test.each(["before", "after"] as const)(
  "a process that dies %s any of its writes loses nothing and doubles nothing",
  async (at) => {
    let crashes = 0;
    for (let n = 1; ; n++) {
      if (!(await walk(at, n))) break;
      crashes++;
    }
    expect(crashes).toBeGreaterThan(15);
  },
  240_000,
);

test("a disk that is full at any of its writes refuses with a word and loses nothing", async () => {
  let n = 1;
  while (await walk("full", n)) n++;
  expect(n).toBeGreaterThan(15);
}, 240_000);
