/**
 * One kind of people who mean no good: `bun bench/hostile-party.ts KIND PORT` goes on until it is
 * killed. "ready" on standard output says that it has begun.
 */
import { connect } from "node:net";
import { setPriority } from "node:os";
import { Identity } from "../src/crypto/identity.ts";
import type { Link } from "../src/io/link/link.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { FLOODS, runFlood } from "./flood.ts";
import { RawClient } from "./raw-client.ts";

/** They would come from other machines: the server and the honest go first on this one. */
setPriority(5);

const HOST = "127.0.0.1";
const [, , kind = "", portText = ""] = process.argv;
const port = Number(portText);
const dial = wsDial();
let made = 0;

const PARTIES: Readonly<Record<string, () => Promise<void>>> = {
  nobody: () => Promise.resolve(),
  "burning CPU only": async () => burn(),
  garbage: () => many(8, () => told(crypto.getRandomValues(new Uint8Array(300)))),
  "connect and close": () => many(8, hello),
  registering: () => many(8, async () => (await RawClient.register(port, newName("r"))).close()),
  guessing: () => many(8, guess),
  "huge frames": () => many(4, () => told(new Uint8Array(4 << 20))),
  "grep in a loop": () => member((one) => one.ask("history", { grep: "not there", limit: 1_000 })),
  "pages in a loop": () => member((one) => one.ask("history", { limit: 1_000 })),
  "asking who": () => member((one) => one.ask("who", {})),
  "asking nonsense": () => member((one) => one.ask("topic", { room: "nowhere", topic: "" })),
  "talking elsewhere": async () => talk("noise", 200),
  "talking here": async () => talk("honest", 200),
  "long texts elsewhere": async () => talk("noise", 20_000),
  "never reading": neverRead,
};

/** As many as may be in flight, or as often as one is told to wait. */
async function member(ask: (one: RawClient) => Promise<unknown>): Promise<void> {
  const one = await RawClient.register(port, newName("m"));
  for (let i = 0; i < 64; i++) forEver(() => ask(one).catch(breath));
}

async function talk(room: string, sizeBytes: number): Promise<void> {
  const one = await RawClient.register(port, newName("t"));
  if (room !== "lobby") await one.ask("join", { room, create: true });
  const text = "x".repeat(sizeBytes);
  forEver(async () => {
    await Promise.allSettled(Array.from({ length: 128 }, () => one.post(room, text)));
  });
}

/** Asks for pages and leaves them in its socket. */
async function neverRead(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const child = Bun.spawn([process.execPath, import.meta.path, "pages in a loop", portText], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await child.stdout.getReader().read();
    child.kill("SIGSTOP");
    process.on("exit", () => child.kill("SIGKILL"));
  }
}

/** Says it, and waits until the server has hung up. */
async function told(bytes: Uint8Array): Promise<void> {
  const link = await open();
  const gone = Promise.withResolvers<void>();
  link.receive({ message: () => undefined, closed: () => gone.resolve() });
  link.send(bytes);
  await gone.promise;
}

function hello(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => socket.destroy());
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
}

async function guess(): Promise<void> {
  const one = await RawClient.greet(port);
  const { publicKey } = Identity.generate();
  await one
    .ask("login", { user: "honest0", password: "wrong", deviceKey: publicKey })
    .catch(breath);
  one.close();
}

function open(): Promise<Link> {
  return dial({ host: HOST, port, timeoutMs: 10_000 });
}

async function many(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) forEver(act);
}

function forEver(act: () => Promise<unknown>): void {
  void (async () => {
    for (;;) await act().catch(breath);
  })();
}

/** What is refused is tried again at once, but not in the same tick. */
function breath(): Promise<void> {
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
await (kind in FLOODS ? runFlood(kind, port) : PARTIES[kind]?.());
process.stdout.write("ready\n");
setInterval(() => undefined, 1_000);
