/** Latency of posts during many uploads. */
import { join } from "node:path";
import { chatServer } from "./fan-out-chat.ts";
import { readStamp, stampedText } from "./fan-out-contestant.ts";
import { ChatSite } from "./transfer-chat.ts";
import { type Content, contentSha256, randomFile } from "./transfer-content.ts";
import { usageDuring } from "./transfer-usage.ts";

const TRANSFERS = 20;
const POST_INTERVAL_MS = 10;
const QUIET_MS = 5_000;

export async function benchLatency(folder: string, sizeBytes: number): Promise<void> {
  const contents = Array.from({ length: TRANSFERS }, (_, i) =>
    randomFile(join(folder, `file-${i}.bin`), sizeBytes),
  );
  const site = await ChatSite.open(folder);
  const echo = await Echo.open(site.server.port);
  try {
    await echo.measureDuring(() => Bun.sleep(1_000)); // Warm-up.
    const quiet = await echo.measureDuring(() => Bun.sleep(QUIET_MS));
    const started = performance.now();
    let ids: string[] = [];
    const [busy, usage] = await usageDuring(site.server.pid, () =>
      echo.measureDuring(async () => {
        ids = await sendAll(site, contents);
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    check(site, contents, ids);
    const rate = ((TRANSFERS * sizeBytes) / 1e6 / seconds).toFixed(0);
    print(`latency of a durable post every ${POST_INTERVAL_MS} ms`);
    print(`without uploads:     ${echoLine(quiet)}`);
    print(`during ${TRANSFERS} uploads:   ${echoLine(busy)}`);
    const cpu = `${((100 * usage.cpuSeconds) / seconds).toFixed(0)} % CPU`;
    const peak = `${(usage.peakBytes / 1e6).toFixed(0)} MB peak`;
    print(`uploads: ${rate} MB/s in total; server: ${cpu}, ${peak}`);
  } finally {
    echo.close();
    await site.server.stop();
  }
}

/** Low priority, because real senders do not compete with the server. */
function sendAll(site: ChatSite, contents: readonly Content[]): Promise<string[]> {
  const sending = contents.map(async (content) => {
    const { argv, env } = site.command("send-file", "ana", ["--json", content.path]);
    const child = Bun.spawn(["nice", "-n", "19", ...argv], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const stdout = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`send-file failed: ${stdout}`);
    return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { id: string }).id;
  });
  return Promise.all(sending);
}

function check(site: ChatSite, contents: readonly Content[], ids: readonly string[]): void {
  for (const [i, { sha256 }] of contents.entries()) {
    const path = site.storedPath(ids[i] ?? "");
    if (contentSha256(path) !== sha256) throw new Error(`${path} has the wrong digest`);
  }
}

class Echo {
  readonly #sender: { send(text: string): void; close(): void };
  #reader: { close(): void } | undefined;
  #latencies: number[] = [];
  #sent = 0;
  #received = 0;

  private constructor(sender: { send(text: string): void; close(): void }) {
    this.#sender = sender;
  }

  static async open(port: number): Promise<Echo> {
    const echo = new Echo(await chatServer.makeSender(port, 0));
    echo.#reader = await chatServer.makeReader(port, 0, {
      delivered: (bytes, offset) => echo.#delivered(bytes, offset),
    });
    return echo;
  }

  async measureDuring(work: () => Promise<unknown>): Promise<number[]> {
    this.#latencies = [];
    const timer = setInterval(() => this.#post(), POST_INTERVAL_MS);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    while (this.#received < this.#sent) await Bun.sleep(1);
    return this.#latencies.sort((a, b) => a - b);
  }

  close(): void {
    this.#sender.close();
    this.#reader?.close();
  }

  #post(): void {
    this.#sent += 1;
    this.#sender.send(stampedText(performance.now()));
  }

  #delivered(bytes: Uint8Array, offset: number): void {
    this.#received += 1;
    this.#latencies.push(performance.now() - readStamp(bytes, offset));
  }
}

function echoLine(latencies: readonly number[]): string {
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  const [p50, p99, worst] = [at(0.5), at(0.99), latencies.at(-1) ?? Number.NaN];
  const digits = (ms: number) => ms.toFixed(1);
  return `p50 ${digits(p50)} ms, p99 ${digits(p99)} ms, worst ${digits(worst)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
