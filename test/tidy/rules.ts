import { appends, layers, packages, purity, shared } from "./layers.ts";
import { docs, machinePaths, pins } from "./repository.ts";
import { dates, sizes, state } from "./shape.ts";
import type { Rule } from "./source.ts";
import { cycles, folders, portable, preact } from "./structure.ts";
import { mirror, rejects, sleep } from "./tests.ts";
import { wording } from "./wording.ts";

export const RULES: readonly Rule[] = [
  layers,
  packages,
  purity,
  shared,
  appends,
  sizes,
  state,
  dates,
  mirror,
  sleep,
  rejects,
  machinePaths,
  docs,
  pins,
  cycles,
  folders,
  portable,
  preact,
  wording,
];

export interface Exemption {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

export const EXEMPTIONS: readonly Exemption[] = [
  {
    rule: "state",
    path: "src/io/disk/buffer-pool.ts",
    reason: "a pool for the whole process, like the allocator of the runtime",
  },
  {
    rule: "cycles",
    path: "src/web/view/account",
    reason: "the folders of views open each other's dialogs",
  },
  { rule: "mirror", path: "src/base/version.ts", reason: "set by build.ts; test/e2e reads it" },
  {
    rule: "sleep",
    path: "test/io/streams-program.ts",
    reason: "the program under test: its timer must fire while its output is blocked",
  },
  { rule: "sleep", path: "test/event.ts", reason: "the only file that waits, with a deadline" },
];
