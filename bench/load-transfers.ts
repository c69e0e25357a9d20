/**
 * Files of many accounts at once, each by the real client, in a process of their own: orders come
 * on standard input. What arrives is compared with what was sent.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileId } from "../src/base/ids.ts";
import { nativeHashing } from "../src/cli/connect/hashing.ts";
import { deviceKeys } from "../src/cli/connect/keys.ts";
import { Client } from "../src/client/client.ts";
import { Identity } from "../src/crypto/identity.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { chunksLeft } from "../src/io/file/part-left.ts";
import { openSink } from "../src/io/file/sink.ts";
import { openSource } from "../src/io/file/source.ts";
import { ClientState } from "../src/io/state/client-state.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { answerOrders } from "./load-orders.ts";
import { contentSha256, randomFile } from "./transfer-content.ts";

export type TransfersOrder =
  | { readonly do: "enter"; readonly port: number; readonly name: string; readonly count: number }
  /** All of them at once: the even ones send, the odd ones fetch a file that one has sent. */
  | { readonly do: "transfer"; readonly sizeBytes: number }
  /** All of them send a file, are interrupted, and go on where they were. */
  | { readonly do: "interrupt"; readonly sizeBytes: number };

export interface TransfersAnswer {
  readonly sent: number;
  readonly got: number;
  readonly interrupted: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

const HOST = "127.0.0.1";
const TRANSFER_WITHIN_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), "chat-load-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGTERM", () => process.exit(0));
const clients: Client[] = [];
let files = 0;

await answerOrders<TransfersOrder>(async (order) => {
  const started = performance.now();
  const nothing = { sent: 0, got: 0, interrupted: 0, failures: [] };
  const result = await obey(order);
  return { ...nothing, ...result, seconds: (performance.now() - started) / 1000 };
});

async function obey(order: TransfersOrder): Promise<Partial<TransfersAnswer>> {
  if (order.do === "enter") {
    for (let i = 0; i < order.count; i++) {
      clients.push(await enter(order.port, `${order.name}${i}`));
    }
    return {};
  }
  const path = join(folder, `source-${files++}`);
  const { sha256: digest } = randomFile(path, order.sizeBytes);
  const run = order.do === "transfer" ? transferAll(path, digest) : interruptAll(path);
  const result = await run;
  rmSync(path);
  return result;
}

async function transferAll(path: string, digest: string): Promise<Partial<TransfersAnswer>> {
  const [first] = clients;
  if (first === undefined) throw new Error("nobody has entered");
  const offered = await send(first, path);
  const failures: string[] = [];
  let [sent, got] = [1, 0];
  const all = clients.map(async (client, i) => {
    try {
      if (i % 2 === 0) {
        await send(client, path);
        sent++;
      } else {
        await fetchFile(client, offered, digest);
        got++;
      }
    } catch (error) {
      failures.push(String(error));
    }
  });
  await Promise.all(all);
  return { sent, got, failures };
}

async function interruptAll(path: string): Promise<Partial<TransfersAnswer>> {
  const failures: string[] = [];
  let [sent, interrupted] = [0, 0];
  const all = clients.map(async (client) => {
    const stop = new AbortController();
    try {
      const source = await openSource(path);
      const onProgress = () => stop.abort();
      await client.transfers.send({ source, to: ["lobby"], onProgress, signal: stop.signal });
      sent++;
    } catch (error) {
      if ((error as { code?: string }).code === "interrupted") interrupted++;
      else failures.push(String(error));
    }
    if (!stop.signal.aborted) return;
    try {
      await send(client, path);
      sent++;
    } catch (error) {
      failures.push(String(error));
    }
  });
  await Promise.all(all);
  return { sent, interrupted, failures };
}

async function send(client: Client, path: string): Promise<FileId> {
  const source = await openSource(path);
  const signal = AbortSignal.timeout(TRANSFER_WITHIN_MS);
  const { id } = await client.transfers.send({ source, to: ["lobby"], signal });
  return id;
}

async function fetchFile(client: Client, file: FileId, digest: string): Promise<void> {
  const into = join(folder, `got-${files++}`);
  mkdirSync(into);
  const { path } = await client.transfers.get({
    file,
    into,
    openSink: ({ folderSize, sizeBytes, ...about }) =>
      openSink({
        ...about,
        sha256,
        ...(folderSize === undefined ? {} : { folderSize }),
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      }),
    chunksLeft,
    signal: AbortSignal.timeout(TRANSFER_WITHIN_MS),
  });
  const arrived = contentSha256(path);
  rmSync(into, { recursive: true });
  if (arrived !== digest) throw new Error(`${file} arrived as ${arrived}, not ${digest}`);
}

async function enter(port: number, user: string): Promise<Client> {
  const state = ClientState.inMemory();
  const dial = wsDial();
  const client = new Client(
    {
      clock: systemClock(),
      entropy: systemEntropy(),
      dial: () => dial({ host: HOST, port, timeoutMs: 10_000 }),
      state,
      keys: deviceKeys(Identity.generate(), state),
      hashing: nativeHashing(),
    },
    {
      address: `${HOST}:${port}`,
      program: "chat/bench",
      follow: "none",
      credentials: { user, mode: "register" },
    },
  );
  await client.connect();
  void drain(client);
  return client;
}

/** The events of a client have one reader, and are bounded. */
async function drain(client: Client): Promise<void> {
  for await (const _ of client.read());
}
