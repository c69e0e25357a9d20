/**
 * First sign-ins from one address at once, each with a sign-in code and a new password, and the
 * return of everyone after the server's restart. All stay, and try again as a page does:
 * `bun bench/sign-ins.ts [--rounds 3] [--pupils 60] [--people 300]`.
 */
import { readFileSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deviceKeys, nativeHashing } from "../src/cli/connect/keys.ts";
import { Client } from "../src/client/client.ts";
import type { Credentials } from "../src/client/login.ts";
import { Identity } from "../src/crypto/identity.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { ClientState } from "../src/io/state/client-state.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { forEachConcurrently, print } from "./harness.ts";
import { RawClient } from "./raw-client.ts";
import { saveSample } from "./samples.ts";
import { type ServerProcess, startServer, UNLIMITED } from "./server-process.ts";

const HOST = "127.0.0.1";
const DIAL_TIMEOUT_MS = 30_000;
const REGISTRATIONS_AT_ONCE = 16;
const SIGN_INS_TIMEOUT_MS = 300_000;
/** A page tries again after 3 s. */
const RETRY_MS_MIN = 2_000;
const RETURN_TIMEOUT_MS = 300_000;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    pupils: { type: "string", default: "60" },
    people: { type: "string", default: "300" },
  },
});
const [pupils, people] = [Number(values.pupils), Number(values.people)];

for (let round = 0; round < Number(values.rounds); round++) {
  await measureSignIns();
  await measureReturn();
}
process.exit(0);

async function measureSignIns(): Promise<void> {
  // The limits per address do not apply to loopback addresses.
  const host = outsideAddress();
  const server = await startServer(UNLIMITED, undefined, 0, [], host);
  const dial = () => wsDial()({ host, port: server.port, timeoutMs: DIAL_TIMEOUT_MS });
  const teacher = await RawClient.register(server.port, "teacher", undefined, undefined, dial);
  const token = readFileSync(join(server.folder, "data", "operator"), "utf8").trim();
  await teacher.request("operate", { token });
  const codes: string[] = [];
  for (let i = 0; i < pupils; i++) {
    codes.push((await teacher.request("enrol", { user: `pupil${i}` })).token);
  }
  const start = performance.now();
  const doneMs: number[] = [];
  let refused = 0;
  const attempt = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (performance.now() - start > SIGN_INS_TIMEOUT_MS) throw error;
        refused++;
        await Bun.sleep(RETRY_MS_MIN + Math.random() * RETRY_MS_MIN);
      }
    }
  };
  const signIn = async (code: string, i: number) => {
    const password = `password of pupil ${i}`;
    await attempt(async () => {
      const entering = await RawClient.connect(server.port, dial);
      await entering.request("recover", { token: code, password });
      entering.close();
    });
    const deviceKey = Identity.generate().publicKey;
    const client = await attempt(async () => {
      const entering = await RawClient.connect(server.port, dial);
      await entering.request("login", { user: `pupil${i}`, deviceKey, password });
      return entering;
    });
    doneMs.push(performance.now() - start);
    return client;
  };
  const outcomes = await Promise.allSettled(codes.map(signIn));
  const failures = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  print(`${refused} refused attempts`);
  report("sign-ins", { count: pupils, failed: failures.length, seconds: lastOf(doneMs) });
  for (const failure of failures.slice(0, 1)) print(`first failure: ${failure}`);
  await server.stop();
}

async function measureReturn(): Promise<void> {
  const server = await startServer();
  const backMs: number[] = [];
  let start = Number.POSITIVE_INFINITY;
  const all = Promise.withResolvers<void>();
  const clients: Client[] = [];
  await forEachConcurrently(REGISTRATIONS_AT_ONCE, [0, people], async (i) => {
    const client = newClient(HOST, server, { user: `person${i}`, mode: "register" });
    await client.connect();
    clients.push(client);
    void watch(client, () => {
      if (performance.now() < start) return;
      backMs.push(performance.now() - start);
      if (backMs.length === people) all.resolve();
    });
  });
  await server.stop(true);
  start = performance.now();
  const next = await startServer(UNLIMITED, server.folder, server.port);
  const timeout = setTimeout(all.resolve, RETURN_TIMEOUT_MS);
  await all.promise;
  clearTimeout(timeout);
  report("return after a restart", {
    count: people,
    failed: people - backMs.length,
    seconds: lastOf(backMs),
  });
  await Promise.all(clients.map((client) => client.close()));
  await next.stop();
  rmSync(server.folder, { recursive: true, force: true });
}

async function watch(client: Client, onConnected: () => void): Promise<void> {
  for await (const event of client.read()) if (event.kind === "connected") onConnected();
}

function newClient(host: string, { port }: ServerProcess, credentials: Credentials): Client {
  const state = ClientState.inMemory();
  const dial = wsDial();
  return new Client(
    {
      clock: systemClock(),
      entropy: systemEntropy(),
      dial: () => dial({ host, port, timeoutMs: DIAL_TIMEOUT_MS }),
      state,
      keys: deviceKeys(Identity.generate(), state),
      hashing: nativeHashing(),
    },
    { address: `${host}:${port}`, program: "chat/bench", follow: "none", credentials },
  );
}

function outsideAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? HOST;
}

function lastOf(times: readonly number[]): number {
  return Math.max(0, ...times) / 1000;
}

interface Outcome {
  readonly count: number;
  readonly failed: number;
  readonly seconds: number;
}

function report(step: string, { count, failed, seconds }: Outcome): void {
  print(`${step}: ${count - failed} of ${count} within ${seconds.toFixed(1)} s`);
  saveSample({ table: "sign-ins", row: { step, count }, values: { failed, seconds } });
}
