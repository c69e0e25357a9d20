/**
 * Many accounts in one room: `bun bench/people.ts [--people 1000,10000] [--devices 300]`.
 * `--people` registers accounts concurrently; `--devices` reconnects known devices after a restart,
 * requests the proofs of each log-in, and counts lost and repeated records.
 */
import { parseArgs } from "node:util";
import { Fault } from "../src/base/fault.ts";
import { Identity } from "../src/crypto/identity.ts";
import { accountsIn, parseCheckpoint, parseNote } from "../src/wire/checkpoint.ts";
import { forEachConcurrently, print } from "./harness.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { quantile, saveSample } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { people: { type: "string" }, devices: { type: "string" }, quick: { type: "boolean" } },
});
const CONCURRENT_CONNECTS = 200;
const CHECK_INTERVAL_MS = 100;
const STALL_TIMEOUT_MS = 60_000;
const MISSED_TEXTS = 20;
const TEXTS_DURING_RECONNECT = 20;
const SEQ = '{"v":1,"seq":';

class Listener {
  lastSeq = 0;

  readonly onBytes = (bytes: Uint8Array): boolean => {
    if (!carriesRecords(bytes)) return false;
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(SEQ);
    const digits = bytes.subarray(at + SEQ.length, at + SEQ.length + 16);
    this.lastSeq = Number.parseInt(Buffer.from(digits).toString(), 10);
    return true;
  };
}

async function measureRegistration(people: number): Promise<void> {
  const server = await startServer();
  const clients: RawClient[] = [];
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, server.residentBytes());
  }, CHECK_INTERVAL_MS);
  try {
    await registerAll(server, people, () => peakBytes / 2 ** 20, clients);
  } finally {
    clearInterval(timer);
    for (const client of clients) client.close();
    await server.stop();
  }
}

async function registerAll(
  server: ServerProcess,
  people: number,
  peakMib: () => number,
  clients: RawClient[],
): Promise<void> {
  const listeners: Listener[] = [];
  const [started, cpu] = [performance.now(), server.cpuSeconds()];
  const elapsed = () => (performance.now() - started) / 1000;
  let retries = 0;
  await forEachConcurrently(CONCURRENT_CONNECTS, [0, people], async (i) => {
    const listener = new Listener();
    listeners.push(listener);
    const register = () => RawClient.register(server.port, `p${i}`, listener.onBytes);
    clients.push(await connectWithRetry(register, () => retries++));
  });
  const registeredSeconds = elapsed();
  const last = people + 1;
  await waitUntilNone(() => listeners.filter(({ lastSeq }) => lastSeq < last).length);
  const values = {
    registeredSeconds,
    seconds: elapsed(),
    cpuSeconds: server.cpuSeconds() - cpu,
    peakMib: peakMib(),
  };
  saveSample({ table: "people", row: { people }, values });
  print(
    `${people} accounts in one room: registered in ${registeredSeconds.toFixed(1)} s, ` +
      `all joins received after ${values.seconds.toFixed(1)} s; ` +
      `server: ${values.cpuSeconds.toFixed(1)} CPU s and ${values.peakMib.toFixed(0)} MiB`,
  );
  if (retries > 0) print(`${retries} of them had to retry`);
}

/** Retries, because this busy process may miss the deadline of a greeting. */
async function connectWithRetry(
  dial: () => Promise<RawClient>,
  onRetry: () => void,
): Promise<RawClient> {
  const deadline = performance.now() + STALL_TIMEOUT_MS;
  for (;;) {
    try {
      return await dial();
    } catch (error) {
      const isTimeout = error instanceof Fault && ["timeout", "unreachable"].includes(error.code);
      if (!isTimeout || performance.now() > deadline) throw error;
      onRetry();
    }
  }
}

async function waitUntilNone(remaining: () => number): Promise<void> {
  const deadline = performance.now() + STALL_TIMEOUT_MS;
  for (let count = remaining(); count > 0; count = remaining()) {
    if (performance.now() > deadline)
      throw new Error(`${count} clients did not receive all records`);
    await Bun.sleep(CHECK_INTERVAL_MS);
  }
}

class Device {
  readonly name: string;
  readonly keys = Identity.generate();
  readonly receiveCounts = new Map<number, number>();
  client: RawClient | undefined;
  /** Fields of the next request for proofs. */
  #pin = { from: 0, accounts: 0, own: 0 };

  constructor(name: string) {
    this.name = name;
  }

  get lastSeq(): number {
    return Math.max(...this.receiveCounts.keys(), 0);
  }

  readonly onBytes = (bytes: Uint8Array): boolean => {
    if (!carriesRecords(bytes)) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    for (const [, digits] of text.matchAll(/\{"v":1,"seq":(\d+)/g)) {
      const seq = Number(digits);
      this.receiveCounts.set(seq, (this.receiveCounts.get(seq) ?? 0) + 1);
    }
    return true;
  };

  async register(port: number): Promise<void> {
    this.client = await RawClient.register(port, this.name, this.onBytes, this.keys);
  }

  async fetchProofs(): Promise<void> {
    const answer = await this.client?.request("checkpoint", this.#pin);
    if (answer === undefined) return;
    const note = parseNote(answer.note);
    const from = parseCheckpoint(note.text).size;
    const accounts = accountsIn(note)?.checkpoint.size ?? 0;
    this.#pin = { from, accounts, own: answer.own?.n ?? 0 };
  }

  async reconnect(port: number, upTo: number): Promise<{ loggedInMs: number; caughtUpMs: number }> {
    const started = performance.now();
    const after = this.lastSeq;
    const ready = Promise.withResolvers<void>();
    this.client = await RawClient.login(port, this.name, this.keys, after, (bytes) => {
      const isRecords = this.onBytes(bytes);
      if (this.receiveCounts.has(upTo)) ready.resolve();
      return isRecords;
    });
    const loggedInMs = performance.now() - started;
    await Promise.all([this.fetchProofs(), ready.promise]);
    return { loggedInMs, caughtUpMs: performance.now() - started };
  }
}

async function measureReconnects(count: number): Promise<void> {
  let server = await startServer();
  try {
    const sender = new Device("sender");
    await sender.register(server.port);
    const devices = Array.from({ length: count }, (_, i) => new Device(`d${i}`));
    await forEachConcurrently(CONCURRENT_CONNECTS, [0, count], async (i) =>
      devices[i]?.register(server.port),
    );
    const lastJoinSeq = count + 2;
    await waitUntilNone(() => devices.filter(({ lastSeq }) => lastSeq < lastJoinSeq).length);
    await forEachConcurrently(CONCURRENT_CONNECTS, [0, count], async (i) =>
      devices[i]?.fetchProofs(),
    );
    for (const { client } of devices) client?.close();
    for (let i = 0; i < MISSED_TEXTS; i++) await sender.client?.post("lobby", `missed ${i}`);
    const lastMissedSeq = lastJoinSeq + MISSED_TEXTS;
    await waitUntilNone(() => (sender.lastSeq < lastMissedSeq ? 1 : 0));
    sender.client?.close();
    await server.stop(true);
    server = await startServer(undefined, server.folder);
    await sender.reconnect(server.port, lastMissedSeq);
    const [started, cpu] = [performance.now(), server.cpuSeconds()];
    const meanwhile = Array.from({ length: TEXTS_DURING_RECONNECT }, (_, i) =>
      sender.client?.post("lobby", `meanwhile ${i}`),
    );
    const times = await Promise.all(
      devices.map((device) => device.reconnect(server.port, lastMissedSeq)),
    );
    const seconds = (performance.now() - started) / 1000;
    const cpuSeconds = server.cpuSeconds() - cpu;
    await Promise.all(meanwhile);
    const last = lastMissedSeq + TEXTS_DURING_RECONNECT;
    await waitUntilNone(() => devices.filter(({ lastSeq }) => lastSeq < last).length);
    report(devices, lastJoinSeq + 1, last, times, { seconds, cpuSeconds });
    for (const { client } of [...devices, sender]) client?.close();
  } finally {
    await server.stop();
  }
}

function report(
  devices: readonly Device[],
  first: number,
  last: number,
  times: readonly { loggedInMs: number; caughtUpMs: number }[],
  totals: { readonly seconds: number; readonly cpuSeconds: number },
): void {
  let [lost, twice] = [0, 0];
  for (const { receiveCounts } of devices) {
    for (let seq = first; seq <= last; seq++) {
      const times = receiveCounts.get(seq) ?? 0;
      if (times === 0) lost++;
      else twice += times - 1;
    }
  }
  const loggedInMs = times.map((time) => time.loggedInMs).sort((a, b) => a - b);
  const caughtUpMs = times.map((time) => time.caughtUpMs).sort((a, b) => a - b);
  const at = (sorted: readonly number[], share: number) => quantile(sorted, share).toFixed(0);
  print(
    `${devices.length} devices after a restart: ` +
      `all reconnected in ${totals.seconds.toFixed(2)} s; ` +
      `logged in after p50 ${at(loggedInMs, 0.5)} ms, p99 ${at(loggedInMs, 0.99)} ms; ` +
      `caught up after p50 ${at(caughtUpMs, 0.5)} ms, p99 ${at(caughtUpMs, 0.99)} ms; ` +
      `lost ${lost}, repeated ${twice}; the server used ${totals.cpuSeconds.toFixed(2)} CPU s`,
  );
  const row = { devices: devices.length };
  saveSample({ table: "devices", row, values: { ...totals, lost, twice } });
  if (lost > 0) throw new Error(`${lost} records were lost`);
}

const isAll = values.people === undefined && values.devices === undefined;
const people = values.people ?? (values.quick ? "500" : isAll ? "1000,10000" : "");
const devices = values.devices ?? (isAll ? "300" : "");
for (const count of people.split(",").filter(Boolean)) await measureRegistration(Number(count));
for (const count of devices.split(",").filter(Boolean)) await measureReconnects(Number(count));
