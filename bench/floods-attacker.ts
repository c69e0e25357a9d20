/**
 * Attack that runs until killed: `bun bench/floods-attacker.ts KIND PORT [IRC-PORT]` prints
 * "ready".
 */
import { setPriority } from "node:os";
import { Identity } from "../src/crypto/identity.ts";
import type { Link } from "../src/io/link/link.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { FLOODS, runFlood } from "./flood.ts";
import { IRC_FLOODS, runIrcFlood } from "./irc-flood.ts";
import { RawClient } from "./raw-client.ts";

/** Real attackers use other machines and do not compete with the server for the CPU. */
setPriority(5);

const HOST = "127.0.0.1";
const [, , kind = "", portText = "", ircPortText = ""] = process.argv;
const port = Number(portText);
const dial = wsDial();
let made = 0;

const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  nobody: () => Promise.resolve(),
  "burning CPU only": async () => burn(),
  garbage: () =>
    repeatConcurrently(8, () => sendAndWaitForClose(crypto.getRandomValues(new Uint8Array(300)))),
  registering: () =>
    repeatConcurrently(8, async () => (await RawClient.register(port, newName("r"))).close()),
  guessing: () => repeatConcurrently(8, guessPassword),
  "huge frames": () => repeatConcurrently(4, () => sendAndWaitForClose(new Uint8Array(4 << 20))),
  "grep in a loop": () =>
    floodRequests((client) => client.request("history", { grep: "not there", limit: 1_000 })),
  "pages in a loop": () => floodRequests((client) => client.request("history", { limit: 1_000 })),
  "asking who": () => floodRequests((client) => client.request("who", {})),
  "asking nonsense": () =>
    floodRequests((client) => client.request("topic", { room: "nowhere", topic: "" })),
  "talking elsewhere": async () => floodPosts("noise", 200),
  "talking here": async () => floodPosts("honest", 200),
  "long texts elsewhere": async () => floodPosts("noise", 20_000),
  "never reading": startUnreadPages,
};

async function floodRequests(makeRequest: (client: RawClient) => Promise<unknown>): Promise<void> {
  const client = await RawClient.register(port, newName("m"));
  for (let i = 0; i < 64; i++) repeatForever(() => makeRequest(client));
}

async function floodPosts(room: string, sizeBytes: number): Promise<void> {
  const client = await RawClient.register(port, newName("t"));
  if (room !== "lobby") await client.request("join", { room, create: true });
  const text = "x".repeat(sizeBytes);
  repeatForever(async () => {
    await Promise.allSettled(Array.from({ length: 128 }, () => client.post(room, text)));
  });
}

async function startUnreadPages(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const child = Bun.spawn([process.execPath, import.meta.path, "pages in a loop", portText], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await child.stdout.getReader().read();
    child.kill("SIGSTOP");
    process.on("exit", () => child.kill("SIGKILL"));
  }
}

async function sendAndWaitForClose(bytes: Uint8Array): Promise<void> {
  const link = await open();
  const closed = Promise.withResolvers<void>();
  link.receive({ message: () => undefined, closed: () => closed.resolve() });
  link.send(bytes);
  await closed.promise;
}

async function guessPassword(): Promise<void> {
  const client = await RawClient.connect(port);
  const { publicKey } = Identity.generate();
  await client
    .request("login", { user: "honest0", password: "wrong", deviceKey: publicKey })
    .catch(nextTurn);
  client.close();
}

function open(): Promise<Link> {
  return dial({ host: HOST, port, timeoutMs: 10_000 });
}

async function repeatConcurrently(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) repeatForever(act);
}

function repeatForever(act: () => Promise<unknown>): void {
  void (async () => {
    for (;;) {
      await act().catch(() => undefined);
      await nextTurn(); // Otherwise acts that fail at once would keep SIGTERM waiting.
    }
  })();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function burn(): void {
  for (const until = performance.now() + 20; performance.now() < until; );
  setImmediate(burn);
}

function newName(letter: string): string {
  return `${letter}${process.pid}-${++made}`;
}

process.on("SIGTERM", () => process.exit(0));
if (kind in IRC_FLOODS) await runIrcFlood(kind, port, Number(ircPortText));
else await (kind in FLOODS ? runFlood(kind, port) : ATTACKS[kind]?.());
process.stdout.write("ready\n");
setInterval(() => undefined, 1_000);
