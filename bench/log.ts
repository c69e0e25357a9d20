/** Cost of the log as ratios: `bun bench/log.ts [--records 10000000] [--folder F]`. Prints JSON. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { UserId } from "../src/base/ids.ts";
import { openArchive } from "../src/io/archive/archive.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemDisk } from "../src/io/disk/system-disk.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import type { PageQuery } from "../src/io/log/log.ts";
import { openLog } from "../src/io/log/log-file.ts";
import { DISTINCT_BODIES, LogWriter, roomOf } from "./data-folder.ts";
import { saveSample, spreadOf } from "./samples.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    folder: { type: "string" },
    ms: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    keep: { type: "boolean", default: false },
  },
});
const RECORDS = Number(values.records);
const FOLDER = values.folder ?? fs.mkdtempSync(join(tmpdir(), "chat-bench-log-"));
const MEASURE_MS = Number(values.ms);
const ROOMS = 200;
const RARE = "xylophonist";
const PAGE = { from: "newest", limit: 50, bytesMax: 256 << 10 } as const;

const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(Bun.SHA256.hash(bytes) as unknown as ArrayBuffer);
const author = "uAbCdEfGhIjK" as UserId;

function print(name: string, fields: Record<string, number | string | boolean>): void {
  const rounded = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "number" ? Number(value.toPrecision(4)) : value,
  ]);
  process.stdout.write(`${JSON.stringify({ name, ...Object.fromEntries(rounded) })}\n`);
}

function median(samples: readonly number[]): number {
  return spreadOf(samples)?.median ?? 0;
}

async function timeOf(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

async function medianTime(times: number, action: () => unknown): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) samples.push(await timeOf(action));
  return median(samples);
}

async function benchRaw(folder: string): Promise<{ p50: number; rate: number }> {
  const fd = fs.openSync(join(folder, "raw"), "w");
  const line = Buffer.alloc(330, "x");
  const samples: number[] = [];
  const start = performance.now();
  for (let offset = 0; performance.now() - start < MEASURE_MS; offset += line.length) {
    const startedAt = performance.now();
    fs.writeSync(fd, line, 0, line.length, offset);
    await new Promise<void>((resolve) => fs.fdatasync(fd, () => resolve()));
    samples.push(performance.now() - startedAt);
  }
  const rate = (samples.length / (performance.now() - start)) * 1000;
  fs.closeSync(fd);
  return { p50: median(samples), rate };
}

async function benchAppend(folder: string): Promise<void> {
  const log = await openLog({
    folder: join(folder, "append"),
    disk: systemDisk(),
    clock: systemClock(),
    entropy: systemEntropy(),
    sha256,
  });
  const run = async (clients: number): Promise<{ p50: number; rate: number }> => {
    const samples: number[] = [];
    const start = performance.now();
    const client = async (number: number): Promise<void> => {
      for (let i = 0; performance.now() - start < MEASURE_MS; i++) {
        const startedAt = performance.now();
        const text = `message ${i} of client ${number}, about as long as people write them`;
        const draft = { kind: "text", room: roomOf(number % ROOMS), by: author } as const;
        await log.append({ ...draft, id: `AbCdEfGhIjK.${i}`, body: { text } });
        samples.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    return { p50: median(samples), rate: (samples.length / (performance.now() - start)) * 1000 };
  };
  await run(64);
  for (let round = 0; round < Number(values.rounds); round++) {
    const raw = await benchRaw(folder);
    save("write + fdatasync", raw);
    const single = await run(1);
    save("clients 1", single);
    print("append", { clients: 1, ...single, rawP50: raw.p50, p50OverRaw: single.p50 / raw.p50 });
    for (const clients of [64, 512]) {
      const many = await run(clients);
      save(`clients ${clients}`, many);
      print("append", { clients, ...many, overOne: many.rate / single.rate });
    }
  }
  await log.close();

  function save(name: string, { p50, rate }: { p50: number; rate: number }): void {
    saveSample({ table: "append", row: { name }, values: { p50Ms: p50, perSecond: rate } });
  }
}

function generate(folder: string): void {
  const log = new LogWriter(folder);
  for (let seq = 1; seq <= RECORDS; seq++) {
    const isQuiet = seq % Math.ceil(RECORDS / 100) === 1;
    const isRare = seq % Math.ceil(RECORDS / 3) === 7;
    const i = (seq * 7919) % DISTINCT_BODIES;
    const text = `Message ${i} of the lab: the second run is done, see you at lunch`;
    const [room, said] = isQuiet
      ? [ROOMS, "a word in the quiet room"]
      : isRare
        ? [0, `the ${RARE} comes at noon`]
        : [i % ROOMS, text];
    const id = `AbCdEfGhIjK.${seq}`;
    log.add({ kind: "text", room: roomOf(room), by: author, id, body: { text: said } });
  }
  log.close();
}

async function run(command: readonly string[]): Promise<void> {
  await Bun.spawn([...command], { stdout: "ignore", stderr: "ignore" }).exited;
}

async function benchArchive(folder: string): Promise<void> {
  const history = join(folder, "history");
  const cachePath = join(folder, "cache", "index-history");
  if (!fs.existsSync(history)) {
    const startedAt = performance.now();
    generate(history);
    print("generate", { records: RECORDS, ms: performance.now() - startedAt });
  }
  fs.rmSync(cachePath, { force: true });
  const options = { folder: history, disk: systemDisk(), sha256, cachePath };
  const archive = openArchive(options);
  await medianTime(1, () => run(["rg", "-c", "-F", RARE, history]));
  Bun.gc(true);
  const heapBefore = process.memoryUsage.rss();
  const build = await medianTime(1, () => archive.ready());
  archive.close();
  const cacheBytes = fs.existsSync(cachePath) ? fs.statSync(cachePath).size : 0;
  const grownMb = (process.memoryUsage.rss() - heapBefore) / 1e6;
  print("index", { buildMs: build, cacheMb: cacheBytes / 1e6, rssGrownMb: grownMb });
  const load = await medianTime(1, () => openArchive(options).ready());
  print("index-from-cache", { ms: load });

  const last = fs.readdirSync(history).sort().at(-1) ?? "";
  const tail = await medianTime(9, () => run(["tail", "-n", "50", join(history, last)]));
  const room = (number: number) => ({ ...PAGE, rooms: new Set([roomOf(number)]) });
  const page = async (name: string, query: PageQuery) => {
    const ms = await medianTime(21, () => archive.page(query));
    saveSample({ table: "last-50", row: { name }, values: { ms } });
    return ms;
  };
  saveSample({ table: "last-50", row: { name: "tail -n 50" }, values: { ms: tail } });
  const busy = await page("a busy room", room(1));
  const quiet = await page("a quiet room", room(ROOMS));
  const all = await page("all rooms", PAGE);
  print("last-50", { busyMs: busy, quietMs: quiet, allRoomsMs: all, tailMs: tail });

  const scan = async (name: string, text: string, flags: string[], search: Partial<PageQuery>) => {
    const query = { ...PAGE, ...(search.words === undefined ? { grep: text } : {}), ...search };
    const times: { readonly ms: number; readonly rgMs: number }[] = [];
    for (let i = 0; i < 5; i++) {
      const ms = await timeOf(() => archive.page(query));
      const rgMs = await timeOf(() => run(["rg", "-c", ...flags, text, history]));
      saveSample({ table: "scan", row: { name }, values: { ms, rgMs, overRg: ms / rgMs } });
      times.push({ ms, rgMs });
    }
    const [ours, rg] = [median(times.map(({ ms }) => ms)), median(times.map(({ rgMs }) => rgMs))];
    const found = (await archive.page(query)).records.length;
    print(name, { ms: ours, rgMs: rg, overRg: ours / rg, found });
  };
  await scan("scan-rare", RARE, ["-F"], {});
  await scan("scan-absent", "no such words", ["-F"], {});
  await scan("scan-ignore-case", RARE.toUpperCase(), ["-i", "-F"], { ignoreCase: true });
  await scan("scan-non-ascii-ignore-case", "zürich", ["-i", "-F"], { ignoreCase: true });
  await scan("scan-words", RARE, ["-i", "-F"], { words: [RARE.toUpperCase()] });
}

fs.mkdirSync(FOLDER, { recursive: true });
try {
  await benchAppend(FOLDER);
  fs.rmSync(join(FOLDER, "append"), { recursive: true });
  fs.rmSync(join(FOLDER, "raw"));
  await benchArchive(FOLDER);
} finally {
  if (!values.keep) fs.rmSync(FOLDER, { recursive: true });
}
