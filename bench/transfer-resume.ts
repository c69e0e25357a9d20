/**
 * Resumption of an upload: time until new bytes are sent, and number of uploaded bytes that are
 * read again. The sender is killed twice, for a timed and a traced run.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { ChatSite } from "./transfer-chat.ts";
import { type Content, contentSha256, sparseFile } from "./transfer-content.ts";
import { requireProgram } from "./transfer-contestant.ts";
import { runCommand } from "./transfer-usage.ts";

const STRIDE_BYTES = 16 << 20;
const FIRST_SHARE = 0.9;
const SECOND_SHARE = 0.93;
const CHECK_INTERVAL_MS = 1;
const SETTLE_MS = 300;
const SEND_TIMEOUT_MS = 300_000;

export async function benchResume(folder: string, sizeBytes: number): Promise<void> {
  const strace = requireProgram("strace");
  const content = sparseFile(join(folder, "sparse.bin"), sizeBytes, STRIDE_BYTES);
  const site = await ChatSite.open(folder);
  try {
    const first = await sendUntil(site, content, FIRST_SHARE * sizeBytes, 0);
    const second = await sendUntil(site, content, SECOND_SHARE * sizeBytes, first.reachedBytes);
    const trace = join(folder, "trace");
    const done = await tracedSend(site, content, strace, trace);
    const resumeBytes = second.reachedBytes;
    const { before, after } = bytesRead(
      fs.readFileSync(trace, "latin1"),
      content.path,
      resumeBytes,
    );
    if (contentSha256(site.storedPath(done.id)) !== content.sha256) throw new Error("wrong digest");
    const { firstMs } = second;
    print(`a file of ${size(sizeBytes)}, resumed at ${size(first.reachedBytes)}`);
    print(`from the start of the command to the first new chunk: ${firstMs.toFixed(0)} ms`);
    print(`resumed at ${size(resumeBytes)}, with ${size(done.resumedBytes)} reported as uploaded:`);
    print(`bytes read before the resume point ${before}, after it ${after}`);
  } finally {
    await site.server.stop();
  }
}

interface PartialSend {
  readonly reachedBytes: number;
  readonly firstMs: number;
}

async function sendUntil(
  site: ChatSite,
  content: Content,
  targetBytes: number,
  previousBytes: number,
): Promise<PartialSend> {
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
    if (Number.isNaN(firstMs) && bytes > previousBytes) firstMs = elapsedMs;
    if (bytes >= targetBytes) break;
    if (elapsedMs > SEND_TIMEOUT_MS || child.exitCode !== null) {
      throw new Error(`send-file stopped at ${bytes} of ${targetBytes} bytes`);
    }
    await Bun.sleep(CHECK_INTERVAL_MS);
  }
  child.kill("SIGKILL");
  await child.exited;
  await Bun.sleep(SETTLE_MS);
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
  const { stdout } = await runCommand([strace, ...options, ...argv], { env });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return JSON.parse(last) as { id: string; resumedBytes: number };
}

function storedBytes(site: ChatSite): number {
  const root = join(site.server.folder, "data", "files");
  if (!fs.existsSync(root)) return 0;
  const paths = fs.readdirSync(root).map((id) => join(root, id, "content"));
  return paths.reduce((sum, path) => sum + (fs.existsSync(path) ? fs.statSync(path).size : 0), 0);
}

function bytesRead(trace: string, path: string, offset: number): { before: number; after: number } {
  const sum = { before: 0, after: 0 };
  const unfinishedCalls = new Map<string, string>();
  const offsets = new Map<string, number>();
  for (const line of trace.split("\n")) {
    const thread = /^\d+/.exec(line)?.[0] ?? "";
    const unfinished = /^\d+ +(.*) <unfinished \.\.\.>$/.exec(line)?.[1];
    if (unfinished !== undefined) unfinishedCalls.set(thread, unfinished);
    const resumed = /<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    const call = resumed === undefined ? line : (unfinishedCalls.get(thread) ?? "") + resumed;
    if (!call.includes(`<${path}>`) || unfinished !== undefined) continue;
    const [, name = "", fd = "", args = ""] = /(\w+)\((\d+)<[^>]*>,?(.*)$/.exec(call) ?? [];
    const result = Number(/= (-?\d+)/.exec(args)?.[1] ?? -1);
    if (result < 0) continue;
    if (name === "lseek") offsets.set(fd, result);
    else if (name === "mmap" || name === "sendfile" || name === "copy_file_range") {
      throw new Error(`unexpected system call ${name}`);
    } else {
      const at = name === "read" || name === "readv" ? offsets.get(fd) : lastArgument(args);
      const from = at ?? 0;
      if (name === "read" || name === "readv") offsets.set(fd, from + result);
      const early = Math.max(0, Math.min(result, offset - from));
      sum.before += early;
      sum.after += result - early;
    }
  }
  return sum;
}

/** Parses the offset in `""..., 262144, 786432) = 262144`. */
function lastArgument(args: string): number {
  return Number(/, (\d+)\) += /.exec(args)?.[1] ?? 0);
}

function size(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
