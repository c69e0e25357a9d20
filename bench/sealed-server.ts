/**
 * Sealed rooms through the compiled server: `bun bench/sealed-server.ts [--quick]`. Prints a line
 * of JSON: open and sealed messages a second that one client sends, until the last is durable, and
 * that another one reads who was away meanwhile; and milliseconds for one more to come into a room
 * of many devices, from their request until they could speak. One client at a time has something to
 * do; it is in this process, with its encrypted state on the disk, as `chat join` has it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nativeFileCipher } from "../src/cli/connect/file-cipher.ts";
import { nativeHashing } from "../src/cli/connect/hashing.ts";
import { deviceKeys } from "../src/cli/connect/keys.ts";
import { sealedHome } from "../src/cli/connect/sealed-home.ts";
import { Client } from "../src/client/client.ts";
import type { ReaderEvent } from "../src/client/event.ts";
import type { RoomView } from "../src/core/client/chat-record.ts";
import { Identity } from "../src/crypto/identity.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { ClientState } from "../src/io/state/client-state.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { atShare } from "./samples.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const MESSAGES = values.quick ? 6_000 : 10_000;
const DEVICES = values.quick ? 2 : 100;
const JOINS = values.quick ? 3 : 10;
/** So many are under way at the same time. */
const WINDOW = 500;
const TEXT = "x".repeat(100);

interface Home {
  readonly port: number;
  readonly folder: string;
  readonly state: ClientState;
  readonly device: Identity;
}

class Person {
  readonly name: string;
  readonly client: Client;
  readonly #home: Home;
  #heard = 0;
  #looks: (() => void)[] = [];

  constructor(name: string, home: Home) {
    this.name = name;
    this.#home = home;
    const { port, folder, state, device } = home;
    const clock = systemClock();
    this.client = new Client(
      {
        clock,
        entropy: systemEntropy(),
        dial: () => wsDial()({ host: "127.0.0.1", port, timeoutMs: 30_000 }),
        state,
        keys: deviceKeys(device, state),
        hashing: nativeHashing(),
        fileCipher: nativeFileCipher,
        sealed: sealedHome(folder, device, clock),
      },
      {
        address: `127.0.0.1:${port}`,
        program: "chat/bench",
        credentials: { user: name, mode: "either", requiresPassword: false },
        follow: "all",
        audits: false,
      },
    );
    void this.#drain();
  }

  /** The same device, in its next run. */
  again(): Person {
    return new Person(this.name, this.#home);
  }

  get heard(): number {
    return this.#heard;
  }

  room(name: string): RoomView | undefined {
    return this.client.rooms.find((room) => room.name === name);
  }

  /** Resolves once it holds; looked at with each event. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#looks.push(resolve));
  }

  async #drain(): Promise<void> {
    for await (const event of this.client.read()) this.#took(event);
  }

  #took(event: ReaderEvent): void {
    if (event.kind === "record" && event.record.kind === "text") this.#heard++;
    // Not shown, and of a sealed room read all the same: the keys of one lead to those of the next.
    if (event.kind === "skipped") this.#heard += event.count;
    for (const look of this.#looks.splice(0)) look();
  }
}

async function entered(name: string, port: number, folder: string): Promise<Person> {
  const person = new Person(name, {
    port,
    folder: mkdtempSync(join(folder, `${name}-`)),
    state: ClientState.inMemory(),
    device: Identity.generate(),
  });
  await person.client.connect();
  const rooms = await person.client.sealedRooms();
  await rooms.stock();
  return person;
}

async function letIn(by: Person, person: Person, name: string): Promise<void> {
  const room = by.room(name);
  if (room === undefined) throw new Error(`${by.name} has no ${name}`);
  await (await by.client.sealedRooms()).invite(room, person.name);
}

async function comeIn(person: Person, name: string): Promise<void> {
  await person.client.request("join", { room: name });
  await person.until(() => person.room(name) !== undefined);
  const room = person.room(name);
  if (room?.isSealed === true) await (await person.client.sealedRooms()).enter(room);
}

async function sends(from: Person, room: string): Promise<number> {
  const startedAt = performance.now();
  const underWay = new Set<Promise<unknown>>();
  for (let at = 0; at < MESSAGES; at++) {
    const post = from.client.post(room, { text: TEXT }).finally(() => underWay.delete(post));
    underWay.add(post);
    if (underWay.size >= WINDOW) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return aSecond(startedAt);
}

async function reads(person: Person): Promise<number> {
  const startedAt = performance.now();
  await person.client.connect();
  await person.until(() => person.heard >= MESSAGES);
  return aSecond(startedAt);
}

function aSecond(startedAt: number): number {
  return Math.round((MESSAGES / (performance.now() - startedAt)) * 1_000);
}

const folder = mkdtempSync(join(tmpdir(), "chat-bench-sealed-"));
const server = await startServer();
try {
  const ana = await entered("ana", server.port, folder);
  let ben = await entered("ben", server.port, folder);
  await ana.client.request("join", { room: "open", create: true });
  await ana.client.request("join", { room: "vault", create: true, sealed: true });
  await ana.until(() => ana.room("vault") !== undefined && ana.room("open") !== undefined);
  const vault = ana.room("vault");
  if (vault === undefined) throw new Error("no room");
  await (await ana.client.sealedRooms()).create(vault);
  await letIn(ana, ben, "vault");
  await comeIn(ben, "vault");
  await ben.client.request("join", { room: "open" });
  await ben.until(() => ben.room("open") !== undefined);
  const rates: Record<string, number> = {};
  for (const [kind, room] of [
    ["open", "open"],
    ["sealed", "vault"],
  ] as const) {
    await ben.client.close();
    rates[`${kind}SentASecond`] = await sends(ana, room);
    ben = ben.again();
    const rate = await reads(ben);
    if (kind === "sealed") rates["sealedReadASecond"] = rate;
  }

  await ana.client.request("join", { room: "crowd", create: true, sealed: true });
  await ana.until(() => ana.room("crowd") !== undefined);
  const crowd = ana.room("crowd");
  if (crowd === undefined) throw new Error("no room");
  await (await ana.client.sealedRooms()).create(crowd);
  const invitesMs: number[] = [];
  const joinsMs: number[] = [];
  for (let at = 0; at < DEVICES - 1 + JOINS; at++) {
    const person = await entered(`p${at}`, server.port, folder);
    const invitedAt = performance.now();
    await letIn(ana, person, "crowd");
    const joinedAt = performance.now();
    await comeIn(person, "crowd");
    // Its device is in. That each of them follows the others' coming in is another measurement.
    if (at < DEVICES - 1) {
      await person.client.close();
      continue;
    }
    invitesMs.push(joinedAt - invitedAt);
    joinsMs.push(performance.now() - joinedAt);
    await person.client.post("crowd", { text: "here" });
    await person.client.close();
  }
  const sorted = (all: number[]) => all.sort((one, other) => one - other);
  const round = (ms: number) => Math.round(ms * 10) / 10;
  const row = {
    messages: MESSAGES,
    ...rates,
    devices: DEVICES,
    inviteMs: round(atShare(sorted(invitesMs), 0.5)),
    joinMs: round(atShare(sorted(joinsMs), 0.5)),
    joinMsWorst: round(atShare(joinsMs, 1)),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  await Promise.all([ana, ben].map(({ client }) => client.close()));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
