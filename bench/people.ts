/**
 * Many people who register at once in one room: `bun bench/people.ts [--people 1000,10000]`.
 * It ends when the last of them has heard of all, and tells what that took and what the server
 * held at most.
 */
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { RawClient } from "./raw-client.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { people: { type: "string", default: "1000,10000" }, quick: { type: "boolean" } },
});
/** So many are under way at the same time. */
const TOGETHER = 200;
const LOOK_EVERY_MS = 100;
const STALLED_MS = 60_000;
/** `record` or `records`. */
const RECORD = utf8Encode("record");
/** Where the kind of a message begins: map, `kind`, and the length of the text. */
const KIND_AT = 7;
const SEQ = utf8Encode('{"v":1,"seq":');

/** What one client has heard, without a look at what it says. */
class Listener {
  lastSeq = 0;

  readonly hear = (bytes: Uint8Array): boolean => {
    if (!RECORD.every((byte, i) => bytes[KIND_AT + i] === byte)) return false;
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
  let next = 0;
  const one = async () => {
    while (next < people) {
      const listener = new Listener();
      listeners.push(listener);
      clients.push(await RawClient.register(server.port, `p${next++}`, listener.hear));
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, one));
  const entered = elapsed();
  // The lobby's own record and a join each.
  const last = people + 1;
  const until = performance.now() + STALLED_MS;
  while (listeners.some(({ lastSeq }) => lastSeq < last)) {
    if (performance.now() > until) {
      const behind = listeners.filter(({ lastSeq }) => lastSeq < last).length;
      throw new Error(`${behind} of ${people} have not heard of all`);
    }
    await Bun.sleep(LOOK_EVERY_MS);
  }
  const cpuSeconds = (server.cpuSeconds() - cpu).toFixed(1);
  process.stdout.write(
    `${people} people in one room: entered in ${entered} s, all heard after ${elapsed()} s; ` +
      `the server took ${cpuSeconds} CPU s and ${peakMib()} MiB\n`,
  );
}

for (const people of (values.quick ? "500" : values.people).split(",").map(Number)) {
  await enter(people);
}
