/**
 * Memory of an idle server, and memory and CPU time per idle connection, of new accounts in one
 * room, and of accounts in rooms of twenty that reconnect after `kill -9` over WebSocket or IRC:
 * `bun bench/idle.ts [--connections 1000,10000] [--clients room,websocket,irc]`.
 */
import { parseArgs } from "node:util";
import { Identity } from "../src/crypto/identity.ts";
import { forEachConcurrently, freePort } from "./harness.ts";
import { requireDescriptors } from "./load-group.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { saveSample } from "./samples.ts";
import { type ServerProcess, startServer, UNLIMITED } from "./server-process.ts";
import { TextClient } from "./text-client.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1000,10000" },
    clients: { type: "string", default: "room,websocket,irc" },
  },
});
const NEW_IN_ONE_ROOM = "WebSocket, new, one room";
const BACK_OVER_WEBSOCKET = "WebSocket, back after kill -9, rooms of 20";
const BACK_OVER_IRC = "IRC, back after kill -9, rooms of 20";
const CONCURRENT_CONNECTS = 50;
const QUIET_MS = 5_000;
const ROOM_MEMBERS = 20;
/** Log position of a client that has all records. */
const AT_NEWEST = Number.MAX_SAFE_INTEGER;

interface Connected {
  close(): void;
}

interface Account {
  readonly name: string;
  readonly device: Identity;
  readonly ircPassword: string;
}

type Connect = (server: ServerProcess, account: Account) => Promise<Connected>;

const clients = values.clients.split(",");
const counts = values.connections.split(",").map(Number);
requireDescriptors(Math.max(...counts));
if (clients.includes("room")) await measureOneRoom();
for (const count of counts) await measureReconnects(count);

async function measureOneRoom(): Promise<void> {
  // A server that has just created its certificate needs more memory than later.
  const first = await startServer();
  await first.stop(true);
  const server = await startServer(UNLIMITED, first.folder);
  const connected: Connected[] = [];
  await Bun.sleep(QUIET_MS); // Temporary memory for starting is freed meanwhile.
  const before = server.residentBytes();
  const residentMib = before / 2 ** 20;
  saveSample({ table: "idle", row: { connections: 0 }, values: { residentMib } });
  process.stdout.write(`idle server: ${residentMib.toFixed(1)} MiB\n`);
  try {
    for (const count of counts) {
      const started = performance.now();
      await forEachConcurrently(CONCURRENT_CONNECTS, [connected.length, count], async (i) => {
        connected.push(await RawClient.register(server.port, `idle-${i}`, carriesRecords));
      });
      const seconds = (performance.now() - started) / 1000;
      await report(NEW_IN_ONE_ROOM, { server, before, count, seconds });
    }
  } finally {
    for (const client of connected) client.close();
    await server.stop();
  }
}

async function measureReconnects(count: number): Promise<void> {
  const ircPort = freePort();
  const flags = [...UNLIMITED, "--irc-tls", `127.0.0.1:${ircPort}`];
  let server = await startServer(flags);
  try {
    const accounts: Account[] = [];
    const rooms = Math.ceil(count / ROOM_MEMBERS);
    await forEachConcurrently(CONCURRENT_CONNECTS, [0, count], async (i) => {
      accounts[i] = await register(server.port, `idle-${i}`, `r${i % rooms}`);
    });
    const reconnect = async (name: string, connect: Connect) => {
      const killed = performance.now();
      await server.kill();
      server = await startServer(flags, server.folder);
      const before = server.residentBytes();
      const connected: Connected[] = [];
      await forEachConcurrently(CONCURRENT_CONNECTS, [0, count], async (i) => {
        const account = accounts[i];
        if (account !== undefined) connected.push(await connect(server, account));
      });
      const seconds = (performance.now() - killed) / 1000;
      await report(name, { server, before, count, seconds });
      for (const client of connected) client.close();
    };
    if (clients.includes("websocket")) {
      await reconnect(BACK_OVER_WEBSOCKET, ({ port }, { name, device }) =>
        RawClient.login(port, name, device, AT_NEWEST, carriesRecords),
      );
    }
    if (clients.includes("irc")) {
      await reconnect(BACK_OVER_IRC, (_, account) => connectIrc(ircPort, account));
    }
  } finally {
    await server.stop();
  }
}

async function register(port: number, name: string, room: string): Promise<Account> {
  const device = Identity.generate();
  const client = await RawClient.register(port, name, carriesRecords, device);
  await client.request("leave", { room: "lobby" });
  await client.request("join", { room, create: true });
  const { password } = await client.request("irc-password", {});
  client.close();
  return { name, device, ircPassword: password };
}

async function connectIrc(port: number, { name, ircPassword }: Account): Promise<TextClient> {
  const client = await TextClient.connect(port);
  await client.request(`CAP REQ :sasl\r\nNICK ${name}\r\nUSER ${name} 0 * :bench\r\n`, " ACK ");
  await client.request("AUTHENTICATE PLAIN\r\n", "AUTHENTICATE +");
  const secret = Buffer.from(`\0${name}\0${ircPassword}`).toString("base64");
  await client.request(`AUTHENTICATE ${secret}\r\n`, " 903 ");
  await client.request("CAP END\r\n", " 366 ");
  return client;
}

interface Measured {
  readonly server: ServerProcess;
  /** Resident bytes before the first connection. */
  readonly before: number;
  readonly count: number;
  readonly seconds: number;
}

async function report(name: string, { server, before, count, seconds }: Measured): Promise<void> {
  const cpuBefore = server.cpuSeconds();
  await Bun.sleep(QUIET_MS); // Temporary memory for connecting is freed meanwhile.
  const cpuPercent = ((server.cpuSeconds() - cpuBefore) / (QUIET_MS / 1000)) * 100;
  const kibEach = (server.residentBytes() - before) / 1024 / count;
  const peakMib = server.peakBytes() / 2 ** 20;
  saveSample({
    table: "idle",
    row: { clients: name, connections: count },
    values: { kibEach, cpuPercent, peakMib, connectSeconds: seconds },
  });
  process.stdout.write(
    `${count} idle connections (${name}): ${kibEach.toFixed(1)} KiB each, ` +
      `${cpuPercent.toFixed(1)} % CPU, peak ${peakMib.toFixed(0)} MiB, ` +
      `connected in ${seconds.toFixed(1)} s (${cpuBefore.toFixed(1)} CPU s of the server)\n`,
  );
}
