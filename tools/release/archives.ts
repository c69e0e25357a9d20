/** Archives of a release: `.tar.gz` and `.tar.zst`, or `.zip` for Windows. */

import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { programFile } from "../../src/cli/serve/offer.ts";
import { ROOT, run } from "./run.ts";

interface ArchiveOptions {
  readonly folder: string;
  readonly version: string;
  readonly programs: string;
  readonly staged: string;
  readonly trees: string;
  readonly epoch: number;
}

/** 1 % smaller than level 16 in the same time. Every decoder accepts the window of 64 MiB. */
const ZSTD_STRATEGY = "strategy=7,wlog=26,clog=21,hlog=21,slog=3,mml=3,tlen=48";

export function archiveTasks(options: ArchiveOptions, target: string): (() => Promise<void>)[] {
  const { folder, version, staged, trees, epoch } = options;
  const name = `chat-${version}-${target}`;
  const isWindows = target.startsWith("windows");
  const parent = join(trees, target);
  const tree = join(parent, name);
  mkdirSync(parent, { recursive: true });
  cpSync(staged, tree, { recursive: true });
  copyFileSync(
    join(options.programs, programFile(target)),
    join(tree, isWindows ? "chat.exe" : "chat"),
  );
  if (target.startsWith("linux")) {
    for (const name of ["chat.service", "settings.toml"]) {
      copyFileSync(join(ROOT, "tools/packaging", name), join(tree, name));
    }
  }
  const env = { SOURCE_DATE_EPOCH: String(epoch), TZ: "UTC", name, out: join(folder, name) };
  const shell = (script: string) => run(["-euc", script], { program: "sh", cwd: parent, env });
  const tar =
    'tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner ' +
    '--mode=u=rwX,go=rX --format=ustar -c "$name"';
  if (isWindows) {
    // zip stores times and permissions from the disk.
    const mode = 'chmod -R u=rwX,go=rX "$name"';
    const touch = 'find "$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +';
    const zip = 'find "$name" | LC_ALL=C sort | zip -6 -X -q "$out.zip" -@';
    return [() => shell(`${mode}; ${touch}; ${zip}`)];
  }
  return [
    () => shell(`${tar} | zstd -q -17 --zstd=${ZSTD_STRATEGY} -T1 -o "$out.tar.zst"`),
    () => shell(`${tar} | gzip -6n > "$out.tar.gz"`),
  ];
}
