/**
 * A large file that was sent to 90 %: how soon the same command moves bytes again, and what it
 * reads of the part that is there. The sender is killed twice, so that one run is timed and one is
 * traced.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { ChatSite } from "./transfer-chat.ts";
import { type Content, contentSha256, sparseFile } from "./transfer-content.ts";
import { need } from "./transfer-contestant.ts";
import { runEnd } from "./transfer-usage.ts";

const STRIDE_BYTES = 16 << 20;
const FIRST_SHARE = 0.9;
const SECOND_SHARE = 0.93;
const LOOK_EVERY_MS = 1;
const SETTLED_MS = 300;
const REACHED_WITHIN_MS = 300_000;

export async function benchResume(folder: string, sizeBytes: number): Promise<void> {
  const strace = need("strace");
  const content = sparseFile(join(folder, "sparse.bin"), sizeBytes, STRIDE_BYTES);
  const site = await ChatSite.open(folder);
  try {
    const first = await sendUntil(site, content, FIRST_SHARE * sizeBytes, 0);
    const second = await sendUntil(site, content, SECOND_SHARE * sizeBytes, first.reachedBytes);
    const trace = join(folder, "trace");
    const done = await tracedSend(site, content, strace, trace);
    const have = second.reachedBytes;
    const { before, after } = readsOf(fs.readFileSync(trace, "latin1"), content.path, have);
    if (contentSha256(site.stored(done.id)) !== content.sha256) throw new Error("damaged");
    const { firstMs } = second;
    print(`a file of ${size(sizeBytes)}, resumed at ${size(first.reachedBytes)}`);
    print(`from the start of the command to the first new chunk: ${firstMs.toFixed(0)} ms`);
    print(`resumed at ${size(have)}, with ${size(done.resumedBytes)} said to be there already:`);
    print(`bytes read before the resume point ${before}, after it ${after}`);
  } finally {
    await site.server.stop();
  }
}

interface Leg {
  /** At the server when the sender was dead. */
  readonly reachedBytes: number;
  /** Until the first byte more than before was there. */
  readonly firstMs: number;
}

/** Sends until the server has so much, and kills the sender. */
async function sendUntil(
  site: ChatSite,
  content: Content,
  wantedBytes: number,
  haveBytes: number,
): Promise<Leg> {
  const { argv, env } = site.command("send-file", "ana", [content.path]);
  const started = performance.now();
  let firstMs = Number.NaN;
  const child = Bun.spawn([...argv], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "ignore"],
  });
  for (;;) {
    const bytes = storedBytes(site);
    const elapsedMs = performance.now() - started;
    if (Number.isNaN(firstMs) && bytes > haveBytes) firstMs = elapsedMs;
    if (bytes >= wantedBytes) break;
    if (elapsedMs > REACHED_WITHIN_MS || child.exitCode !== null) {
      throw new Error(`send-file got to ${bytes} of ${wantedBytes} bytes`);
    }
    await Bun.sleep(LOOK_EVERY_MS);
  }
  child.kill("SIGKILL");
  await child.exited;
  await Bun.sleep(SETTLED_MS); // What it had sent arrives.
  return { reachedBytes: storedBytes(site), firstMs };
}

async function tracedSend(
  site: ChatSite,
  content: Content,
  strace: string,
  trace: string,
): Promise<{ id: string; resumedBytes: number }> {
  const { argv, env } = site.command("send-file", "ana", ["--json", content.path]);
  const calls = "read,pread64,readv,preadv,preadv2,lseek,mmap,sendfile,copy_file_range";
  const options = ["-f", "-y", "-s", "0", "-e", `trace=${calls}`, "-o", trace];
  const { stdout } = await runEnd([strace, ...options, ...argv], { env });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return JSON.parse(last) as { id: string; resumedBytes: number };
}

/** The one upload there is. */
function storedBytes(site: ChatSite): number {
  const root = join(site.server.folder, "data", "files");
  if (!fs.existsSync(root)) return 0;
  const paths = fs.readdirSync(root).map((id) => join(root, id, "content"));
  return paths.reduce((sum, path) => sum + (fs.existsSync(path) ? fs.statSync(path).size : 0), 0);
}

/** What the trace says was read of a file, before an offset and from it on. */
function readsOf(trace: string, path: string, offset: number): { before: number; after: number } {
  const sum = { before: 0, after: 0 };
  /** Calls that another thread interrupted, by thread. */
  const begun = new Map<string, string>();
  /** Where `read` goes on, by descriptor. */
  const places = new Map<string, number>();
  for (const line of trace.split("\n")) {
    const thread = /^\d+/.exec(line)?.[0] ?? "";
    const unfinished = /^\d+ +(.*) <unfinished \.\.\.>$/.exec(line)?.[1];
    if (unfinished !== undefined) begun.set(thread, unfinished);
    const resumed = /<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    const call = resumed === undefined ? line : (begun.get(thread) ?? "") + resumed;
    if (!call.includes(`<${path}>`) || unfinished !== undefined) continue;
    const [, name = "", fd = "", rest = ""] = /(\w+)\((\d+)<[^>]*>,?(.*)$/.exec(call) ?? [];
    const result = Number(/= (-?\d+)/.exec(rest)?.[1] ?? -1);
    if (result < 0) continue;
    if (name === "lseek") places.set(fd, result);
    else if (name === "mmap" || name === "sendfile" || name === "copy_file_range") {
      throw new Error(`it is read by ${name}, which is not counted here`);
    } else {
      const at = name === "read" || name === "readv" ? places.get(fd) : lastArgument(rest);
      const from = at ?? 0;
      if (name === "read" || name === "readv") places.set(fd, from + result);
      const early = Math.max(0, Math.min(result, offset - from));
      sum.before += early;
      sum.after += result - early;
    }
  }
  return sum;
}

/** `""..., 262144, 786432) = 262144`: the offset. */
function lastArgument(rest: string): number {
  return Number(/, (\d+)\) += /.exec(rest)?.[1] ?? 0);
}

function size(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
