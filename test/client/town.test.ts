import { expect, test } from "bun:test";
import type { Citizen } from "./town.ts";
import { Town } from "./town.ts";

const SEEDS = Number(process.env["TOWN_SEEDS"] ?? 30);
const FIRST = Number(process.env["TOWN_SEED"] ?? 1);
const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i);
const STEPS = 60;
const ROOMS = ["lobby", "one", "two"];

test.each(seeds)(
  "links break, server and clients restart: all read the same, seed %i",
  async (seed) => {
    const town = new Town(seed);
    await town.wait(town.openServer());
    for (const user of ["ana", "bob", "eve"]) {
      await town.wait(town.citizen(user).client.connect());
    }
    for (let i = 0; i < STEPS; i++) await step(town);
    await calm(town);
    check(town);
  },
);

async function step(town: Town): Promise<void> {
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(town.random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick");
    return item;
  };
  const citizen = pick(town.citizens);
  const chance = town.random();
  if (chance < 0.55) {
    const others = town.citizens.map(({ user }) => `@${user}`);
    for (let i = town.random() * 5; i > 0; i--) citizen.post(pick([...ROOMS, "lobby", ...others]));
  } else if (chance < 0.7) {
    citizen.client.request("join", { room: pick(ROOMS), create: true }).catch(() => undefined);
  } else if (chance < 0.82) {
    const host = citizen.user;
    town.network.cut((end) => end.remote.host === host);
  } else if (chance < 0.87) {
    town.network.cut();
  } else if (chance < 0.9) {
    await town.restartServer(town.random() * 3_000);
  } else if (chance < 0.93) {
    await citizen.restart();
  }
  await town.clock.advance(Math.floor(town.random() * 60));
}

async function calm(town: Town): Promise<void> {
  for (const { client } of town.citizens) await town.wait(client.drain());
  await town.clock.advance(90_000);
  for (const { closedBy, client } of town.citizens) {
    expect(closedBy).toBeUndefined();
    expect(client.isConnected).toBe(true);
  }
}

function check(town: Town): void {
  for (const citizen of town.citizens) {
    checkOrder(town, citizen);
    for (const other of town.citizens) checkOwn(other, citizen);
  }
}

/**
 * Each room from where it began, in order, and once a run. What was said before the reader came
 * may be cut short by a loss: it is the past, not something missed.
 */
function checkOrder(town: Town, citizen: Citizen): void {
  const last = new Map<string, number>();
  const joined = new Map<string, number>();
  for (const { room, seq, kind, from } of citizen.shown) {
    if (kind === "join" && from === citizen.user && !joined.has(room.id)) joined.set(room.id, seq);
  }
  const heard = new Map<string, number>();
  for (const [index, { room, n, state }] of citizen.shown.entries()) {
    if (citizen.runs.includes(index)) heard.clear();
    expect(n).toBeGreaterThan(heard.get(room.id) ?? 0);
    heard.set(room.id, n);
    expect(state).toBe("whole");
    const before = last.get(room.id) ?? n - 1;
    const missing = town.log.filter(
      ({ head }) => head.room === room.id && head.n > before && head.n < n,
    );
    for (const { head } of missing) expect(head.seq).toBeLessThan(joined.get(room.id) ?? 0);
    last.set(room.id, Math.max(before, n));
  }
  for (const [id, n] of last) {
    expect(n).toBe(town.log.findLast(({ head }) => head.room === id)?.head.n ?? 0);
  }
}

/** What the writer was told is durable, the reader has, in the writer's order. */
function checkOwn(writer: Citizen, reader: Citizen): void {
  for (const room of ["lobby", ...(writer === reader ? [] : [writer.user])]) {
    const isDirect = room === writer.user;
    const target = isDirect ? `@${reader.user}` : room;
    const wanted = writer.confirmed.flatMap((to, index) =>
      to === target ? [`${writer.user} ${index}`] : [],
    );
    const own = (text: string) => text.startsWith(`${writer.user} `);
    expect(reader.textsIn(room).filter(own)).toEqual(wanted);
  }
}
