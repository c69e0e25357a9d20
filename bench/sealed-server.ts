/**
 * Sealed rooms on the compiled server: `bun bench/sealed-server.ts [--quick]`. Prints JSON:
 * messages sent and read per second, and milliseconds to join a room of many devices.
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
import { quantile } from "./samples.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const MESSAGES = values.quick ? 6_000 : 10_000;
const DEVICES = values.quick ? 2 : 100;
const JOINS = values.quick ? 3 : 10;
const WINDOW = 500;
const TEXT = "x".repeat(100);

interface Home {
  readonly port: number;
  readonly folder: string;
  readonly state: ClientState;
  readonly device: Identity;
}

class Participant {
  readonly name: string;
  readonly client: Client;
  readonly #home: Home;
  #receivedCount = 0;
  #waiters: (() => void)[] = [];

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

  restart(): Participant {
    return new Participant(this.name, this.#home);
  }

  get receivedCount(): number {
    return this.#receivedCount;
  }

  room(name: string): RoomView | undefined {
    return this.client.rooms.find((room) => room.name === name);
  }

  async waitUntil(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async #drain(): Promise<void> {
    for await (const event of this.client.read()) this.#onEvent(event);
  }

  #onEvent(event: ReaderEvent): void {
    if (event.kind === "record" && event.record.kind === "text") this.#receivedCount++;
    // Each key derives from the previous one, so skipped messages of a sealed room are decrypted
    // too.
    if (event.kind === "skipped") this.#receivedCount += event.count;
    for (const notify of this.#waiters.splice(0)) notify();
  }
}

async function connectNew(name: string, port: number, folder: string): Promise<Participant> {
  const participant = new Participant(name, {
    port,
    folder: mkdtempSync(join(folder, `${name}-`)),
    state: ClientState.inMemory(),
    device: Identity.generate(),
  });
  await participant.client.connect();
  const rooms = await participant.client.sealedRooms();
  await rooms.stockKeyPackages();
  return participant;
}

async function invite(by: Participant, participant: Participant, name: string): Promise<void> {
  const room = by.room(name);
  if (room === undefined) throw new Error(`${by.name} has no ${name}`);
  await (await by.client.sealedRooms()).get(room).changes.invite(participant.name);
}

async function joinRoom(participant: Participant, name: string): Promise<void> {
  await participant.client.request("join", { room: name });
  await participant.waitUntil(() => participant.room(name) !== undefined);
  const room = participant.room(name);
  if (room?.isSealed === true)
    await (await participant.client.sealedRooms()).get(room).changes.sync();
}

async function measureSending(from: Participant, room: string): Promise<number> {
  const startedAt = performance.now();
  const inFlight = new Set<Promise<unknown>>();
  for (let at = 0; at < MESSAGES; at++) {
    const post = from.client.post(room, { text: TEXT }).finally(() => inFlight.delete(post));
    inFlight.add(post);
    if (inFlight.size >= WINDOW) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  return ratePerSecond(startedAt);
}

async function measureReading(participant: Participant): Promise<number> {
  const startedAt = performance.now();
  await participant.client.connect();
  await participant.waitUntil(() => participant.receivedCount >= MESSAGES);
  return ratePerSecond(startedAt);
}

function ratePerSecond(startedAt: number): number {
  return Math.round((MESSAGES / (performance.now() - startedAt)) * 1_000);
}

const folder = mkdtempSync(join(tmpdir(), "chat-bench-sealed-"));
const server = await startServer();
try {
  const ana = await connectNew("ana", server.port, folder);
  let ben = await connectNew("ben", server.port, folder);
  await ana.client.request("join", { room: "open", create: true });
  await ana.client.request("join", { room: "vault", create: true, sealed: true });
  await ana.waitUntil(() => ana.room("vault") !== undefined && ana.room("open") !== undefined);
  const vault = ana.room("vault");
  if (vault === undefined) throw new Error("no room");
  await (await ana.client.sealedRooms()).get(vault).changes.create();
  await invite(ana, ben, "vault");
  await joinRoom(ben, "vault");
  await ben.client.request("join", { room: "open" });
  await ben.waitUntil(() => ben.room("open") !== undefined);
  const rates: Record<string, number> = {};
  for (const [kind, room] of [
    ["open", "open"],
    ["sealed", "vault"],
  ] as const) {
    await ben.client.close();
    rates[`${kind}SentASecond`] = await measureSending(ana, room);
    ben = ben.restart();
    const rate = await measureReading(ben);
    if (kind === "sealed") rates["sealedReadASecond"] = rate;
  }

  await ana.client.request("join", { room: "crowd", create: true, sealed: true });
  await ana.waitUntil(() => ana.room("crowd") !== undefined);
  const crowd = ana.room("crowd");
  if (crowd === undefined) throw new Error("no room");
  await (await ana.client.sealedRooms()).get(crowd).changes.create();
  const invitesMs: number[] = [];
  const joinsMs: number[] = [];
  for (let at = 0; at < DEVICES - 1 + JOINS; at++) {
    const participant = await connectNew(`p${at}`, server.port, folder);
    const invitedAt = performance.now();
    await invite(ana, participant, "crowd");
    const joinedAt = performance.now();
    await joinRoom(participant, "crowd");
    // Processing later joins is measured separately, so each joining device disconnects.
    if (at < DEVICES - 1) {
      await participant.client.close();
      continue;
    }
    invitesMs.push(joinedAt - invitedAt);
    joinsMs.push(performance.now() - joinedAt);
    await participant.client.post("crowd", { text: "here" });
    await participant.client.close();
  }
  const sorted = (all: number[]) => all.sort((a, b) => a - b);
  const round = (ms: number) => Math.round(ms * 10) / 10;
  const row = {
    messages: MESSAGES,
    ...rates,
    devices: DEVICES,
    inviteMs: round(quantile(sorted(invitesMs), 0.5)),
    joinMs: round(quantile(sorted(joinsMs), 0.5)),
    joinMsWorst: round(quantile(joinsMs, 1)),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  await Promise.all([ana, ben].map(({ client }) => client.close()));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
