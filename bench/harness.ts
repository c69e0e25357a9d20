/** Shared by the benchmarks: output, temporary folders, ports, concurrency, lines and syncs. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RECORD_BYTES = 330;

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "chat-bench-"));
}

/** Free loopback port, for servers that cannot choose one themselves. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

export async function acceptsConnections(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** Calls the action with the numbers from `from` to `to - 1`. */
export async function forEachConcurrently(
  concurrency: number,
  [from, to]: readonly [from: number, to: number],
  action: (number: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) await action(next++);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, to - from) }, worker));
}

export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let partialLine = "";
  for await (const chunk of stream) {
    const lines = (partialLine + decoder.decode(chunk, { stream: true })).split("\n");
    partialLine = lines.pop() ?? "";
    yield* lines;
  }
  return undefined;
}

/** Milliseconds of each write of a record's size with its sync, until `isDone` returns true. */
export function syncTimesMs(isDone: (times: readonly number[]) => boolean): number[] {
  const folder = newFolder();
  const file = openSync(join(folder, "raw"), "w");
  const line = Buffer.alloc(RECORD_BYTES, "x");
  const times: number[] = [];
  while (!isDone(times)) {
    const before = performance.now();
    writeSync(file, line);
    fdatasyncSync(file);
    times.push(performance.now() - before);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times;
}
