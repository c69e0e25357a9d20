import { afterEach, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openArchive } from "../../../src/io/archive/archive.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { type LogFile, openLog } from "../../../src/io/log/log-file.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { sampleSize } from "../../samples.ts";
import { unprivileged } from "../../unprivileged.ts";
import { collect, draftOf } from "../log-fixture.ts";

const KILLS = sampleSize(3, 100);

let data = "";

beforeEach(() => {
  data = fs.mkdtempSync(join(tmpdir(), "chat-log-"));
});

afterEach(() => {
  fs.rmSync(data, { recursive: true });
});

async function open(folder: string, observed: LogRecord[] = []): Promise<LogFile> {
  return await openLog({
    folder,
    disk: systemDisk(),
    clock: systemClock(),
    entropy: systemEntropy(),
    sha256,
    onRecord: (record) => observed.push(record),
  });
}

function textOf(record: LogRecord | undefined): string {
  return (parseBody(record as LogRecord) as { text: string }).text;
}

test(
  `killed ${KILLS} times, a writer loses nothing that it acknowledged`,
  async () => {
    const folder = join(data, "history");
    let ackedTotal = 0;
    for (let round = 0; round < KILLS; round++) {
      const script = join(import.meta.dir, "log-writer-process.ts");
      const writer = Bun.spawn([process.execPath, script, folder], { stdout: "pipe" });
      let output = "";
      for await (const chunk of writer.stdout) {
        output += Buffer.from(chunk).toString();
        if (output.length > 20_000 + round * 7_001) writer.kill("SIGKILL");
      }
      await writer.exited;
      const observed: LogRecord[] = [];
      const log = await open(folder, observed);
      expect(log.damaged).toEqual([]);
      const acked = output.split("\n").slice(0, -1);
      for (const line of acked) {
        const space = line.indexOf(" ");
        expect(textOf(observed[Number(line.slice(0, space)) - 1])).toBe(line.slice(space + 1));
      }
      expect(new Set(observed.map(textOf)).size).toBe(observed.length);
      ackedTotal += acked.length;
      await log.close();
    }
    expect(ackedTotal).toBeGreaterThan(KILLS * 50);
  },
  60_000 + KILLS * 20_000,
);

test("uses modes 0600 and 0700 under any umask", async () => {
  const before = process.umask(0);
  try {
    const folder = join(data, "deep", "history");
    const log = await open(folder);
    for (const text of ["one", "two"]) await log.append(draftOf(text));
    await log.close();
    const archive = openArchive({
      folder,
      disk: systemDisk(),
      sha256,
      cachePath: join(data, "deep", "cache", "index"),
    });
    await archive.ready();
    archive.close();
    const modeOf = (...path: string[]) => fs.statSync(join(data, "deep", ...path)).mode & 0o777;
    expect([modeOf(), modeOf("history"), modeOf("cache")]).toEqual([0o700, 0o700, 0o700]);
    expect(modeOf("history", "000000000001.jsonl")).toBe(0o600);
    expect([modeOf("reserve"), modeOf("cache", "index")]).toEqual([0o600, 0o600]);
  } finally {
    process.umask(before);
  }
});

test("writes large batches completely", async () => {
  const folder = join(data, "history");
  const log = await open(folder);
  const texts = Array.from({ length: 40 }, (_, i) => `${i} ${"é".repeat(30_000)}`);
  await Promise.all(texts.map((text) => log.append(draftOf(text))));
  expect((await collect(log.read(1))).map(textOf)).toEqual(texts);
  await log.close();
});

test("searches a long log with threads, with equal results", async () => {
  const folder = join(data, "history");
  const log = await open(folder);
  const textAt = (i: number) =>
    `${i % 100 === 7 ? "Rare" : i % 2 === 0 ? "even" : "odd"} ${"é".repeat(30_000)}`;
  for (let batch = 0; batch < 3; batch++) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(draftOf(textAt(i)))));
  }
  const archive = openArchive({ folder, disk: systemDisk(), sha256, head: () => log.head() });
  const search = async (grep: string, limit: number, ignoreCase: boolean) => {
    const query = { grep, limit, ignoreCase, bytesMax: 1 << 30, from: "newest" } as const;
    const page = await archive.page(query);
    return [...page.records.map(({ head }) => head.seq), page.more];
  };
  const rare = [8, 108, 208];
  expect(await search("Rare", 50, false)).toEqual([...rare, false]);
  expect(await search("rare", 50, true)).toEqual([...rare, false]);
  expect(await search("Rare", 2, false)).toEqual([...rare.slice(1), true]);
  expect(await search("rare", 50, false)).toEqual([false]);
  expect((await search("even", 100, false)).length).toBe(101);
  await log.close();
});

test("rejects a read-only folder", async () => {
  fs.chmodSync(data, 0o500);
  const refused = await unprivileged(() => open(join(data, "history")).catch((error) => error));
  expect(refused).toMatchObject({ code: "store-denied" });
  fs.chmodSync(data, 0o700);
});
