/**
 * Many people in one room: `bun bench/people.ts [--people 1000,10000] [--devices 300]`.
 *
 * `--people`: so many register at once. It ends when the last of them has heard of all, and tells
 * what that took and what the server held at most.
 *
 * `--devices`: so many known devices come back at once after a restart of the server, while one of
 * them already talks. It tells how long each waited, and counts what any of them has not heard.
 */
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { Fault } from "../src/base/fault.ts";
import { Identity } from "../src/crypto/identity.ts";
import { RawClient } from "./raw-client.ts";
import { atShare, keepSample } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    people: { type: "string" },
    devices: { type: "string" },
    quick: { type: "boolean" },
  },
});
/** So many are under way at the same time. */
const TOGETHER = 200;
const LOOK_EVERY_MS = 100;
const STALLED_MS = 60_000;
/** Said while the devices are away, and while they come back. */
const MISSED_TEXTS = 20;
const TEXTS_MEANWHILE = 20;
/** `record` or `records`. */
const RECORD = utf8Encode("record");
/** Where the kind of a message begins: map, `kind`, and the length of the text. */
const KIND_AT = 7;
const SEQ = '{"v":1,"seq":';

function isOfRecords(bytes: Uint8Array): boolean {
  return RECORD.every((byte, i) => bytes[KIND_AT + i] === byte);
}

/** What one client has heard, without a look at what it says. */
class Listener {
  lastSeq = 0;

  readonly hear = (bytes: Uint8Array): boolean => {
    if (!isOfRecords(bytes)) return false;
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(SEQ);
    const digits = bytes.subarray(at + SEQ.length, at + SEQ.length + 16);
    this.lastSeq = Number.parseInt(Buffer.from(digits).toString(), 10);
    return true;
  };
}

async function enter(people: number): Promise<void> {
  const server = await startServer();
  const clients: RawClient[] = [];
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, server.residentBytes());
  }, LOOK_EVERY_MS);
  try {
    await enterAll(server, people, () => (peakBytes / 2 ** 20).toFixed(0), clients);
  } finally {
    clearInterval(timer);
    for (const client of clients) client.close();
    await server.stop();
  }
}

async function enterAll(
  server: ServerProcess,
  people: number,
  peakMib: () => string,
  clients: RawClient[],
): Promise<void> {
  const listeners: Listener[] = [];
  const [started, cpu] = [performance.now(), server.cpuSeconds()];
  const elapsed = () => ((performance.now() - started) / 1000).toFixed(1);
  let again = 0;
  await eachOf(people, async (i) => {
    const listener = new Listener();
    listeners.push(listener);
    const register = () => RawClient.register(server.port, `p${i}`, listener.hear);
    clients.push(await untilThere(register, () => again++));
  });
  const entered = elapsed();
  // The lobby's own record and a join each.
  const last = people + 1;
  await until(() => listeners.filter(({ lastSeq }) => lastSeq < last).length);
  const cpuSeconds = (server.cpuSeconds() - cpu).toFixed(1);
  print(
    `${people} people in one room: entered in ${entered} s, all heard after ${elapsed()} s; ` +
      `the server took ${cpuSeconds} CPU s and ${peakMib()} MiB`,
  );
  if (again > 0) print(`${again} of them dialled again`);
}

/** Does it for each number below `count`, TOGETHER at a time. */
async function eachOf(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(TOGETHER, count) }, one));
}

/** As clients do: one process that reads for thousands may itself be late for a greeting. */
async function untilThere(dial: () => Promise<RawClient>, again: () => void): Promise<RawClient> {
  const deadline = performance.now() + STALLED_MS;
  for (;;) {
    try {
      return await dial();
    } catch (error) {
      const isLate = error instanceof Fault && ["timeout", "unreachable"].includes(error.code);
      if (!isLate || performance.now() > deadline) throw error;
      again();
    }
  }
}

async function until(left: () => number): Promise<void> {
  const deadline = performance.now() + STALLED_MS;
  for (let count = left(); count > 0; count = left()) {
    if (performance.now() > deadline) throw new Error(`${count} have not heard of all`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}

/** An account whose device comes back. It counts each record that it hears. */
class Device {
  readonly name: string;
  readonly keys = Identity.generate();
  readonly seen = new Map<number, number>();
  client: RawClient | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get lastSeq(): number {
    return Math.max(...this.seen.keys(), 0);
  }

  readonly hear = (bytes: Uint8Array): boolean => {
    if (!isOfRecords(bytes)) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    for (const [, digits] of text.matchAll(/\{"v":1,"seq":(\d+)/g)) {
      const seq = Number(digits);
      this.seen.set(seq, (this.seen.get(seq) ?? 0) + 1);
    }
    return true;
  };

  async register(port: number): Promise<void> {
    this.client = await RawClient.register(port, this.name, this.hear, this.keys);
  }

  /** @returns milliseconds until it is in, and until it has all that was said meanwhile */
  async comeBack(port: number, upTo: number): Promise<{ inMs: number; readyMs: number }> {
    const started = performance.now();
    const after = this.lastSeq;
    const ready = Promise.withResolvers<void>();
    this.client = await RawClient.login(port, this.name, this.keys, after, (bytes) => {
      const isRecords = this.hear(bytes);
      if (this.seen.has(upTo)) ready.resolve();
      return isRecords;
    });
    const inMs = performance.now() - started;
    await ready.promise;
    return { inMs, readyMs: performance.now() - started };
  }
}

async function comeBack(count: number): Promise<void> {
  let server = await startServer();
  try {
    const talker = new Device("talker");
    await talker.register(server.port);
    const devices = Array.from({ length: count }, (_, i) => new Device(`d${i}`));
    await eachOf(count, async (i) => devices[i]?.register(server.port));
    const joined = count + 2;
    await until(() => devices.filter(({ lastSeq }) => lastSeq < joined).length);
    for (const { client } of devices) client?.close();
    for (let i = 0; i < MISSED_TEXTS; i++) await talker.client?.post("lobby", `missed ${i}`);
    const missed = joined + MISSED_TEXTS;
    await until(() => (talker.lastSeq < missed ? 1 : 0));
    talker.client?.close();
    await server.stop(true);
    server = await startServer(undefined, server.folder);
    await talker.comeBack(server.port, missed);
    const [started, cpu] = [performance.now(), server.cpuSeconds()];
    const meanwhile = Array.from({ length: TEXTS_MEANWHILE }, (_, i) =>
      talker.client?.post("lobby", `meanwhile ${i}`),
    );
    const waits = await Promise.all(devices.map((device) => device.comeBack(server.port, missed)));
    const seconds = (performance.now() - started) / 1000;
    const cpuSeconds = server.cpuSeconds() - cpu;
    await Promise.all(meanwhile);
    const last = missed + TEXTS_MEANWHILE;
    await until(() => devices.filter(({ lastSeq }) => lastSeq < last).length);
    report(devices, joined + 1, last, waits, { seconds, cpuSeconds });
    for (const { client } of [...devices, talker]) client?.close();
  } finally {
    await server.stop();
  }
}

function report(
  devices: readonly Device[],
  first: number,
  last: number,
  waits: readonly { inMs: number; readyMs: number }[],
  took: { readonly seconds: number; readonly cpuSeconds: number },
): void {
  let [lost, twice] = [0, 0];
  for (const { seen } of devices) {
    for (let seq = first; seq <= last; seq++) {
      const times = seen.get(seq) ?? 0;
      if (times === 0) lost++;
      else twice += times - 1;
    }
  }
  const inMs = waits.map((one) => one.inMs).sort((one, other) => one - other);
  const readyMs = waits.map((one) => one.readyMs).sort((one, other) => one - other);
  const at = (sorted: readonly number[], share: number) => atShare(sorted, share).toFixed(0);
  print(
    `${devices.length} devices after a restart: all back in ${took.seconds.toFixed(2)} s; ` +
      `in after p50 ${at(inMs, 0.5)} ms, p99 ${at(inMs, 0.99)} ms; ` +
      `with all they missed after p50 ${at(readyMs, 0.5)} ms, p99 ${at(readyMs, 0.99)} ms; ` +
      `lost ${lost}, twice ${twice}; the server took ${took.cpuSeconds.toFixed(2)} CPU s`,
  );
  const row = { devices: devices.length };
  keepSample({ table: "devices", row, values: { ...took, lost, twice } });
  if (lost > 0) throw new Error(`${lost} records were lost`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const isAll = values.people === undefined && values.devices === undefined;
const people = values.people ?? (values.quick ? "500" : isAll ? "1000,10000" : "");
const devices = values.devices ?? (isAll ? "300" : "");
for (const count of people.split(",").filter((one) => one !== "")) await enter(Number(count));
for (const count of devices.split(",").filter((one) => one !== "")) await comeBack(Number(count));
