import { rmSync } from "node:fs";
import { join } from "node:path";
import { wsDial } from "../src/io/ws/dial.ts";
import {
  type Client,
  type Contestant,
  type Poster,
  type RunningServer,
  type Sender,
  type Sink,
  stopChild,
} from "./fan-out-contestant.ts";
import { newFolder } from "./harness.ts";

const encoder = new TextEncoder();
const dial = wsDial();
const DIAL_TIMEOUT_MS = 10_000;
const HELLO_READER = Uint8Array.of(1);
const HELLO_SENDER = Uint8Array.of(2);

/** Lower bound of a chat server on Bun, in fan-out-server.ts. */
export const floor: Contestant = {
  name: "publish + TLS + fdatasync",
  start,
  makeReader: (port, _, sink) => makeReader(port, sink),
  makeSender,
  makePoster,
};

async function start(): Promise<RunningServer> {
  const entry = new URL("fan-out-server.ts", import.meta.url).pathname;
  const folder = newFolder();
  const child = Bun.spawn([process.execPath, entry, join(folder, "texts")], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const stop = async () => {
    await stopChild(child);
    rmSync(folder, { recursive: true });
  };
  for await (const chunk of child.stdout) {
    const port = Number(new TextDecoder().decode(chunk));
    return { pid: child.pid, port, stop };
  }
  throw new Error("the server did not start");
}

async function makeReader(port: number, sink: Sink): Promise<Client> {
  const link = await dial({ host: "127.0.0.1", port, timeoutMs: DIAL_TIMEOUT_MS });
  const { promise, resolve } = Promise.withResolvers<void>();
  link.receive({
    message: (bytes) => (bytes.length === 1 ? resolve() : sink.delivered(bytes, 0)),
    closed: () => {},
  });
  link.send(HELLO_READER);
  await promise;
  return link;
}

async function makeSender(port: number): Promise<Sender> {
  const link = await dial({ host: "127.0.0.1", port, timeoutMs: DIAL_TIMEOUT_MS });
  link.receive({ message: () => {}, closed: () => {} });
  link.send(HELLO_SENDER);
  return { send: (text) => void link.send(encoder.encode(text)), close: () => link.close() };
}

async function makePoster(port: number): Promise<Poster> {
  const link = await dial({ host: "127.0.0.1", port, timeoutMs: DIAL_TIMEOUT_MS });
  let resolve = () => {};
  link.receive({ message: () => resolve(), closed: () => {} });
  const post = (text: string) =>
    new Promise<void>((acknowledged) => {
      resolve = acknowledged;
      link.send(encoder.encode(text));
    });
  return { post, close: () => link.close() };
}
