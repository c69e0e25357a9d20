import { expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { IS_SOAK } from "../samples.ts";
import { Couriers, gets, MIB, noise, sends, sha256Of } from "./couriers.ts";

/**
 * Transfers of many files and of a large one, which arrive unchanged. The length
 * in `npm run soak -- tests` exceeds 32 bits.
 */

const SPARSE_BYTES = (IS_SOAK ? 4_096 * MIB : 12 * MIB) + 1;
const FOLDERS = IS_SOAK ? 100 : 4;

interface Entry {
  readonly mode: number;
  readonly mtimeMs: bigint;
  readonly sum: string | undefined;
}

async function entriesOf(root: string): Promise<Map<string, Entry>> {
  const paths = readdirSync(root, { recursive: true }).map(String).sort();
  const all = new Map<string, Entry>();
  for (const path of paths) {
    const stat = lstatSync(join(root, path), { bigint: true });
    const sum = stat.isFile() ? await sha256Of(join(root, path)) : undefined;
    all.set(path, { mode: Number(stat.mode) & 0o777, mtimeMs: stat.mtimeNs / 1_000_000n, sum });
  }
  return all;
}

const FILES_A_FOLDER = 50;
const couriers = new Couriers();
const NAMES = [
  "plain.txt",
  "with space",
  "Grüße.md",
  "写真.jpg",
  ".hidden",
  "a.tar.gz",
  "e\u0301.c",
];

function makeTree(root: string): void {
  for (let i = 0; i < FOLDERS; i++) {
    const folder = join(root, `d${i % 7}`, `folder ${i}`);
    mkdirSync(join(folder, "empty"), { recursive: true });
    for (let j = 0; j < FILES_A_FOLDER; j++) {
      const path = join(folder, `${j} ${NAMES[j % NAMES.length]}`);
      const isLarge = i === 3 && j % 25 === 0;
      writeFileSync(path, noise(isLarge ? CHUNK_BYTES + j : (i * j) % 700));
      chmodSync(path, [0o644, 0o600, 0o755, 0o444][j % 4] ?? 0o644);
      utimesSync(path, 1_600_000_000 + i, 1_600_000_000 + i + j / 1_000);
    }
    utimesSync(join(folder, "empty"), 1_500_000_000, 1_500_000_000 + i);
    chmodSync(folder, i % 2 === 0 ? 0o755 : 0o700);
    utimesSync(folder, 1_550_000_000, 1_550_000_000 + i);
  }
}

test(`sends a folder of ${FOLDERS * FILES_A_FOLDER} files in both directions`, async () => {
  const { sandbox, ana, bob } = couriers;
  makeTree(sandbox.path("tree"));
  const before = await entriesOf(sandbox.path("tree"));
  const sent = await sends(ana, sandbox.path("tree"));
  const there = await gets(bob, sent["id"], sandbox.path("there"));
  expect(there["entries"]).toBe(before.size);
  const back = await sends(bob, String(there["path"]));
  expect(back["digest"]).toBe(sent["digest"]);
  const again = await gets(ana, back["id"], sandbox.path("back"));
  for (const path of [there["path"], again["path"]]) {
    const after = await entriesOf(String(path));
    expect([...after.keys()]).toEqual([...before.keys()]);
    const different = [...after].filter(
      ([name, entry]) => !Bun.deepEquals(entry, before.get(name)),
    );
    expect(different).toEqual([]);
  }
});

test(
  `a sparse file of ${SPARSE_BYTES} bytes arrives unchanged`,
  async () => {
    const { sandbox, ana, bob } = couriers;
    const path = sandbox.path("sparse.img");
    const fd = openSync(path, "w");
    ftruncateSync(fd, SPARSE_BYTES);
    for (const at of [0, Math.floor(SPARSE_BYTES / 2), SPARSE_BYTES - 1_000])
      writeSync(fd, noise(1_000), 0, 1_000, at);
    closeSync(fd);
    const sent = await sends(ana, path);
    const chunks = Math.ceil(SPARSE_BYTES / CHUNK_BYTES);
    expect(sent).toMatchObject({ sizeBytes: SPARSE_BYTES, chunks, resumedBytes: 0 });
    const got = await gets(bob, sent["id"], couriers.inbox());
    expect(got).toMatchObject({ sizeBytes: SPARSE_BYTES, digest: sent["digest"] });
    expect(statSync(String(got["path"])).size).toBe(SPARSE_BYTES);
    expect(await sha256Of(String(got["path"]))).toBe(await sha256Of(path));
  },
  240_000 + SPARSE_BYTES / 2_000,
);
