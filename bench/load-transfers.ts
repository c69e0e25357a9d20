/** Process that transfers files of many accounts concurrently; reads orders from standard input. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileId } from "../src/base/ids.ts";
import { deviceKeys, nativeHashing } from "../src/cli/connect/keys.ts";
import { Client } from "../src/client/client.ts";
import { sentWhole } from "../src/client/files/message.ts";
import { Identity } from "../src/crypto/identity.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { countPartialChunks } from "../src/io/file/partial-file.ts";
import { openSink } from "../src/io/file/sink.ts";
import { openSource } from "../src/io/file/source.ts";
import { ClientState } from "../src/io/state/client-state.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { serveOrders } from "./load-orders.ts";
import { contentSha256, randomFile } from "./transfer-content.ts";

export type TransfersOrder =
  | {
      readonly do: "register";
      readonly port: number;
      readonly name: string;
      readonly count: number;
    }
  | { readonly do: "transfer"; readonly sizeBytes: number };

export interface TransfersAnswer {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

const HOST = "127.0.0.1";
const TRANSFER_TIMEOUT_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), "chat-load-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGTERM", () => process.exit(0));
const clients: Client[] = [];
/** Newest upload of each client, by the index of the client. */
const lastUploads = new Map<number, { readonly id: FileId; readonly digest: string }>();
let files = 0;

await serveOrders<TransfersOrder>(async (order) => {
  const started = performance.now();
  const empty = { uploaded: 0, downloaded: 0, failures: [] };
  const result = await execute(order);
  return { ...empty, ...result, seconds: (performance.now() - started) / 1000 };
});

async function execute(order: TransfersOrder): Promise<Partial<TransfersAnswer>> {
  if (order.do === "register") {
    for (let i = 0; i < order.count; i++) {
      clients.push(await register(order.port, `${order.name}${i}`));
    }
    return {};
  }
  const path = join(folder, `source-${files++}`);
  const { sha256: digest } = randomFile(path, order.sizeBytes);
  const result = await transferAll(path, digest);
  rmSync(path);
  return result;
}

/** Each second client fetches its neighbour's upload of the last transfer, if there was one. */
async function transferAll(path: string, digest: string): Promise<Partial<TransfersAnswer>> {
  const [first] = clients;
  if (first === undefined) throw new Error("no clients");
  const initial = { id: await send(first, path), digest };
  const before = new Map(lastUploads);
  const failures: string[] = [];
  let [uploaded, downloaded] = [1, 0];
  const tasks = clients.map(async (client, i) => {
    try {
      if (i % 2 === 0) {
        lastUploads.set(i, { id: await send(client, path), digest });
        uploaded++;
      } else {
        const upload = before.get(i - 1) ?? initial;
        await fetchFile(client, upload.id, upload.digest);
        downloaded++;
      }
    } catch (error) {
      failures.push(String(error));
    }
  });
  await Promise.all(tasks);
  return { uploaded, downloaded, failures };
}

async function send(client: Client, path: string): Promise<FileId> {
  const source = await openSource(path);
  const signal = AbortSignal.timeout(TRANSFER_TIMEOUT_MS);
  const message = { to: ["lobby"], body: { text: "" }, files: [{ source }], signal };
  const [sent] = sentWhole(await client.transfers.sendMessage(message));
  if (sent === undefined) throw new Error("nothing was sent");
  return sent.id;
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
    chunksLeft: countPartialChunks,
    signal: AbortSignal.timeout(TRANSFER_TIMEOUT_MS),
  });
  const arrived = contentSha256(path);
  rmSync(into, { recursive: true });
  if (arrived !== digest) throw new Error(`${file} arrived as ${arrived}, not ${digest}`);
}

async function register(port: number, user: string): Promise<Client> {
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

async function drain(client: Client): Promise<void> {
  for await (const _ of client.read());
}
