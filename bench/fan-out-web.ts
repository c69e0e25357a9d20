import { wsDial } from "../src/io/ws/dial.ts";
import {
  type Client,
  type Contestant,
  type RunningServer,
  type Sender,
  type Sink,
  stopChild,
} from "./fan-out-contestant.ts";

const encoder = new TextEncoder();
const dial = wsDial();
const DIAL_TIMEOUT_MS = 10_000;
const HELLO_READER = Uint8Array.of(1);
const HELLO_SENDER = Uint8Array.of(2);

export function webContestant(kind: "bare" | "link"): Contestant {
  return {
    name: kind === "bare" ? "server.publish + TLS" : "io/ws-listener",
    start: () => start(kind),
    makeReader: (port, _, sink) => makeReader(port, sink),
    makeSender,
  };
}

async function start(kind: string): Promise<RunningServer> {
  const entry = new URL("fan-out-server.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, entry, kind], { stdout: "pipe", stderr: "inherit" });
  for await (const chunk of child.stdout) {
    const port = Number(new TextDecoder().decode(chunk));
    return { pid: child.pid, port, stop: () => stopChild(child) };
  }
  throw new Error(`the ${kind} server did not start`);
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
