import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { RawClient } from "../../bench/raw-client.ts";
import { deviceKeys, nativeHashing } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { Link } from "../../src/io/link/link.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import { wsDial } from "../../src/io/ws/dial.ts";

/**
 * Attackers in a separate process, with the port as argument. Prints "ready" when all have started,
 * and runs until the process is killed.
 */

const HOST = "127.0.0.1";
const port = Number(process.argv[2]);
const dial = wsDial();

const HALF_HELLO = Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);

function raw(bytes: Uint8Array): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.on("error", () => resolve(socket));
  });
}

function yieldNow(ms: number): Promise<void> {
  return new Promise((resolve) => {
    AbortSignal.timeout(ms).addEventListener("abort", () => resolve(), { once: true });
  });
}

async function forEver(paceMs: number, act: () => Promise<unknown>): Promise<never> {
  for (;;) {
    await act().catch(() => undefined);
    await yieldNow(paceMs);
  }
}

function linkOf(): Promise<Link> {
  return dial({ host: HOST, port, timeoutMs: 10_000 });
}

async function sendBytes(bytes: Uint8Array): Promise<void> {
  const link = await linkOf();
  const gone = Promise.withResolvers<void>();
  link.receive({ message: () => undefined, closed: () => gone.resolve() });
  link.send(bytes);
  await gone.promise;
}

const idle: unknown[] = [];
for (let i = 0; i < 30; i++) idle.push(await raw(HALF_HELLO));
for (let i = 0; i < 30; i++) idle.push(await raw(crypto.getRandomValues(new Uint8Array(512))));
async function idler(): Promise<void> {
  const link = await linkOf();
  link.receive({ message: () => undefined, closed: () => void idler().catch(() => undefined) });
  idle.push(link);
}
for (let i = 0; i < 200; i++) await idler();

void forEver(5, async () => (await raw(crypto.getRandomValues(new Uint8Array(2_000)))).destroy());
void forEver(10, () => sendBytes(crypto.getRandomValues(new Uint8Array(300))));
void forEver(20, () => sendBytes(new Uint8Array(900_000).fill(0x91)));
void forEver(20, () => sendBytes(new Uint8Array(4 << 20)));

for (let i = 0; i < 5; i++) {
  void forEver(5, async () => {
    const state = ClientState.inMemory();
    const keys = deviceKeys(Identity.generate(), state);
    const parts = {
      clock: systemClock(),
      entropy: systemEntropy(),
      dial: linkOf,
      state,
      keys,
      hashing: nativeHashing(),
    };
    const credentials = { user: `guess${i}`, mode: "login", password: "wrong" } as const;
    const options = { address: `${HOST}:${port}`, program: "guess", follow: "none" } as const;
    await new Client(parts, { ...options, credentials, reconnect: false }).connect();
  });
}

const greedy = await RawClient.register(port, `greedy${process.pid}`);
void forEver(1, async () => {
  const asked = Array.from({ length: 64 }, (_, i) =>
    i % 2 === 0
      ? greedy.request("history", { grep: "needle that is not there", limit: 1_000 })
      : greedy.request("who", {}),
  );
  await Promise.allSettled(asked);
});
const flooder = await RawClient.register(port, `loud${process.pid}`);
await flooder.request("join", { room: "noise", create: true });
void forEver(1, async () => {
  const posts = Array.from({ length: 64 }, () => flooder.post("noise", "x".repeat(200)));
  await Promise.allSettled(posts);
});

/** Low priority, because attackers on other machines would not use the server's CPU. */
setPriority(19);
process.stdout.write("ready\n");
