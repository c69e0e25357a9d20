/** Packs the archives of a release: `.tar.gz` and `.tar.zst`, or `.zip` for Windows. */

import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { programFile } from "../../src/cli/serve/offer.ts";
import { ROOT, run } from "./run.ts";

interface ArchiveOptions {
  readonly folder: string;
  readonly version: string;
  readonly targets: readonly string[];
  /** Folder with the files common to all archives. */
  readonly staged: string;
  /** Folder for the unpacked archives. */
  readonly trees: string;
  /** Modification time of all entries, in seconds since 1970. */
  readonly epoch: number;
}

/** Maximum concurrent compressors; each uses one core for half a minute. */
const CONCURRENT_ARCHIVES_MAX = 2;

export async function packArchives(options: ArchiveOptions): Promise<void> {
  const queue = options.targets.flatMap((target) => packersOf(options, target));
  const worker = async () => {
    for (let pack = queue.shift(); pack !== undefined; pack = queue.shift()) await pack();
  };
  await Promise.all(Array.from({ length: CONCURRENT_ARCHIVES_MAX }, worker));
}

function packersOf(options: ArchiveOptions, target: string): (() => Promise<void>)[] {
  const { folder, version, staged, trees, epoch } = options;
  const name = `chat-${version}-${target}`;
  const isWindows = target.startsWith("windows");
  const parent = join(trees, target);
  const tree = join(parent, name);
  mkdirSync(parent, { recursive: true });
  cpSync(staged, tree, { recursive: true });
  copyFileSync(
    join(ROOT, "dist", programFile(target)),
    join(tree, isWindows ? "chat.exe" : "chat"),
  );
  const env = { SOURCE_DATE_EPOCH: String(epoch), TZ: "UTC", name, out: join(folder, name) };
  const shell = (script: string) => run(["-euc", script], { program: "sh", cwd: parent, env });
  const tar =
    'tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner ' +
    '--mode=u=rwX,go=rX --format=ustar -c "$name"';
  if (isWindows) {
    const touch = 'find "$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +';
    const zip = 'find "$name" | LC_ALL=C sort | zip -9 -X -q "$out.zip" -@';
    return [() => shell(`${touch}; ${zip}`)];
  }
  return [
    () => shell(`${tar} | zstd -q -17 -T1 -o "$out.tar.zst"`),
    () => shell(`${tar} | gzip -9n > "$out.tar.gz"`),
  ];
}
