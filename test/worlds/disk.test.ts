import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { Disk, DiskFile } from "../../src/io/disk/disk.ts";
import { openLog } from "../../src/io/log/log-file.ts";
import type { LogValue } from "../../src/io/log/snapshot.ts";
import { bodyMatches, parseLine } from "../../src/wire/record.ts";
import type { SimDisk } from "../io/disk/sim.ts";
import { FIRST_SEED, IS_SOAK, sampleSize } from "../samples.ts";
import { changedDisk } from "./changed-disk.ts";
import {
  DiskWorld,
  FOLDER,
  InvariantViolation,
  type Mutant,
  nextTurn,
  sha256,
  textOf,
} from "./disk-world.ts";
import { withFields } from "./with-fields.ts";

const USUAL_SEEDS = 100;
const SEEDS = sampleSize(USUAL_SEEDS, 20_000);
const LAST = FIRST_SEED + SEEDS - 1;

const STOPPED_SEEDS = IS_SOAK ? 100 : 4;

async function replayable(seed: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const command = `CHAT_SEED=${seed} CHAT_SAMPLES=1 bun test test/worlds/disk.test.ts`;
    throw new Error(`seed ${seed}: ${String(error)}; replay: ${command}`, { cause: error });
  }
}

test(`keeps acknowledged records once and in order, over ${SEEDS} seeds`, async () => {
  for (let seed = FIRST_SEED; seed <= LAST; seed++) {
    await replayable(seed, () => new DiskWorld(seed).run());
  }
});

test(`keeps acknowledged records with snapshots, over ${SEEDS} seeds`, async () => {
  let resumed = 0;
  for (let seed = FIRST_SEED; seed <= LAST; seed++) {
    await replayable(seed, async () => {
      const world = new DiskWorld(seed, {}, true);
      await world.run();
      resumed += world.resumed;
    });
  }
  if (SEEDS >= USUAL_SEEDS) expect(resumed).toBeGreaterThan(SEEDS / 2);
});

test("survives a power failure between any two disk calls, even during a snapshot", async () => {
  for (let seed = 1; seed <= STOPPED_SEEDS; seed++) {
    for (let call = 1; ; call++) {
      const world = new DiskWorld(seed, {}, true);
      await replayable(seed, async () => {
        await world.runOnce();
        if (await world.runUntil(call)) await world.runOnce();
        else call = Number.POSITIVE_INFINITY;
        await (await world.open()).close();
      });
      if (call === Number.POSITIVE_INFINITY) break;
    }
  }
});

function cutAtFirstBadLine(disk: SimDisk): void {
  const path = lastSegment(disk);
  if (path === undefined) return;
  const file = disk.fileAt(path);
  const bytes = Buffer.from(file.visible);
  let at = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    const parsed = parseLine(bytes.subarray(at, end));
    if (parsed.kind !== "record" || !bodyMatches(parsed.record, sha256)) break;
    at = end + 1;
  }
  file.truncate(at);
  file.keep(file.snapshot());
}

function lastSegment(disk: SimDisk): string | undefined {
  const name = disk.list(FOLDER).findLast((entry) => entry.endsWith(".jsonl"));
  return name === undefined ? undefined : `${FOLDER}/${name}`;
}

async function firstCaught(mutant: Mutant, hasSnapshots = false): Promise<number | undefined> {
  for (let seed = 1; seed <= 300; seed++) {
    try {
      await new DiskWorld(seed, mutant, hasSnapshots).run();
    } catch (error) {
      if (!(error instanceof InvariantViolation) && !(error instanceof Fault)) throw error;
      return seed;
    }
  }
  return undefined;
}

const isCheckpoint = (path: string) => path.includes("/checkpoint");

describe("detects planted bugs", () => {
  test("runs without fdatasync", async () => {
    const mutant = { disk: (disk: Disk) => changedDisk(disk, { sync: async () => undefined }) };
    expect(await firstCaught(mutant)).toBeDefined();
  });

  test("runs without fsync of the folder", async () => {
    const syncFolder = async () => undefined;
    const mutant = { disk: (disk: Disk) => changedDisk(disk, { syncFolder }) };
    expect(await firstCaught(mutant)).toBeDefined();
  });

  test("runs without fsync of the folder for a new segment", async () => {
    const disk = (inner: Disk) => {
      let isOpen = false;
      const syncFolder = async (folder: string) => {
        if (folder !== FOLDER || !isOpen) await inner.syncFolder(folder);
        isOpen ||= folder === "/";
      };
      return changedDisk(inner, { syncFolder });
    };
    expect(await firstCaught({ disk })).toBeDefined();
  });

  test("acknowledges before the end of the sync", async () => {
    const sync = async (file: DiskFile) => {
      file.sync().catch(() => undefined);
    };
    expect(await firstCaught({ disk: (disk) => changedDisk(disk, { sync }) })).toBeDefined();
  });

  test("snapshots omit an unfinished erasure", async () => {
    const snapshot = (value: LogValue) => ({ ...value, unfinished: [] });
    expect(await firstCaught({ snapshot }, true)).toBeDefined();
  });

  test("snapshots omit erased records", async () => {
    const snapshot = (value: LogValue) => ({ ...value, erased: [], unfinished: [] });
    expect(await firstCaught({ snapshot }, true)).toBeDefined();
  });

  test("uses a checkpoint before syncing it", async () => {
    const sync = async (file: DiskFile, path: string) => {
      if (!isCheckpoint(path)) await file.sync();
    };
    expect(await firstCaught({ disk: (disk) => changedDisk(disk, { sync }) })).toBeDefined();
  });

  test("does not sync the folder of a checkpoint", async () => {
    const disk = (inner: Disk) => {
      const syncFolder = async (folder: string) => {
        if (!inner.exists(`${FOLDER}/checkpoint`)) await inner.syncFolder(folder);
      };
      return changedDisk(inner, { syncFolder });
    };
    expect(await firstCaught({ disk })).toBeDefined();
  });

  test("does not compare a snapshot with the checkpoint", async () => {
    const snapshot = (value: LogValue) => {
      const open = Uint8Array.fromBase64(value.tree.open);
      open[0] = (open[0] ?? 0) ^ 1;
      return { ...value, tree: { ...value.tree, open: open.toBase64() } };
    };
    const exists = (inner: Disk) => (path: string) => !isCheckpoint(path) && inner.exists(path);
    const disk = (inner: Disk) => changedDisk(inner, { exists: exists(inner) });
    expect(await firstCaught({ snapshot, disk }, true)).toBeDefined();
  });

  test("does not overwrite erased texts", async () => {
    const disk = (inner: Disk) => ({
      ...inner,
      open: (path: string, access: "read" | "write") => {
        const file = inner.open(path, access);
        const write = (bytes: Uint8Array, offset: number) =>
          offset < file.sizeBytes() ? bytes.length : file.write(bytes, offset);
        return withFields(file, { write });
      },
    });
    expect(await firstCaught({ disk })).toBeDefined();
  });

  test("truncates at the first malformed line", async () => {
    const silent: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const rotten = await rot(seed, cutAtFirstBadLine).catch(() => "broken" as const);
      if (rotten === "broken") silent.push(seed);
    }
    expect(silent.length).toBeGreaterThan(0);
  });
});

// A changed letter in a kind looks like a later version and is refused too.
const REFUSALS: ReadonlySet<string> = new Set(["log-corrupt", "version-unsupported"]);

type Outcome = "refused" | "damaged" | "dropped" | "harmless";

/**
 * Writes a log, flips some bits in acknowledged records, and opens it again.
 * @throws if an acknowledged text is lost or different without a report
 */
async function rot(seed: number, beforeOpen?: (disk: SimDisk) => void): Promise<Outcome> {
  const world = new DiskWorld(seed, beforeOpen === undefined ? {} : { beforeOpen });
  await world.runOnce();
  let log = await world.open();
  for (let i = 0; i < 5; i++) {
    const body = { text: `late ${i}` };
    const draft = { kind: "text", room: "r1", by: "uA", id: "", body } as const;
    await log.append({ ...draft, room: draft.room as never, by: draft.by as never });
  }
  const texts: string[] = [...world.trace.slice(0, log.head() - 5)];
  for (let i = 0; i < 5; i++) texts.push(`late ${i}`);
  for await (const { head, erased } of log.read(1)) {
    if (erased !== undefined) texts[head.seq - 1] = "";
  }
  await log.close();
  const path = lastSegment(world.disk);
  if (path === undefined) throw new Error("no segment");
  const file = world.disk.fileAt(path);
  const before = Buffer.from(file.visible);
  const offset = world.int(before.length);
  const isSector = world.random() < 0.3;
  const flipped = Uint8Array.of((before[offset] ?? 0) ^ (1 << world.int(8)));
  const change = isSector ? new Uint8Array(Math.min(100, before.length - offset)) : flipped;
  file.rot(offset, change);
  // No later valid line confirms the last line or the newline before it.
  const lastNewline = before.lastIndexOf(10, before.length - 2);
  const isUnvouched = offset + change.length > lastNewline;
  const firstSeq = Number(path.slice(-"000000000000.jsonl".length, -".jsonl".length));
  const touched = firstSeq + before.subarray(0, offset).toString("latin1").split("\n").length - 1;
  const seen: string[] = [];
  try {
    beforeOpen?.(world.disk);
    log = await openLog({
      folder: FOLDER,
      disk: world.disk.boot(),
      clock: { now: () => 0, unixMs: () => 0, after: nextTurn },
      entropy: (sizeBytes) => new Uint8Array(sizeBytes),
      sha256,
      onRecord: (record) => seen.push(record.damaged === true ? "damaged" : textOf(record)),
    });
  } catch (error) {
    if (error instanceof Fault && REFUSALS.has(error.code)) return "refused";
    throw error;
  }
  const isCut = log.recovered.length > 0;
  await log.close();
  for (const [index, text] of texts.entries()) {
    const found = seen[index];
    // No later line proves that the last one was acknowledged; only a checkpoint would. Damage to
    // the previous line may make the last one inconsistent too.
    const isLast = isUnvouched || index + 1 === texts.length;
    if (found === undefined && isCut && isLast && index + 1 >= touched) continue;
    if (found === "damaged" && log.damaged.includes(index + 1)) continue;
    if (found !== text) throw new Error(`seq ${index + 1} is '${found}' in silence`);
  }
  if (isCut) return "dropped";
  return log.damaged.length > 0 ? "damaged" : "harmless";
}

test("never truncates damaged acknowledged records silently", async () => {
  const outcomes = new Map<Outcome, number>();
  for (let seed = FIRST_SEED; seed <= Math.min(LAST, FIRST_SEED + 299); seed++) {
    await replayable(seed, async () => {
      const outcome = await rot(seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    });
  }
  if (SEEDS >= USUAL_SEEDS) expect([...outcomes.keys()].sort()).toContain("refused");
});
