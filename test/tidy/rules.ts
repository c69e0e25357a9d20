import { cycles, folders, portable, preact } from "./house.ts";
import { appends, homes, layers, purity, shared } from "./layers.ts";
import { docs, pins, places } from "./repository.ts";
import { dates, sizes, state } from "./shape.ts";
import type { Rule } from "./source.ts";
import { mirror, rejects, sleep } from "./tests.ts";

export const RULES: readonly Rule[] = [
  layers,
  homes,
  purity,
  shared,
  appends,
  sizes,
  state,
  dates,
  mirror,
  sleep,
  rejects,
  places,
  docs,
  pins,
  cycles,
  folders,
  portable,
  preact,
];

export interface Exemption {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

/** An exemption that is no longer needed fails, too. */
export const EXEMPTIONS: readonly Exemption[] = [
  {
    rule: "state",
    path: "src/io/disk/buffer-pool.ts",
    reason: "memory of the process, as that of the runtime's own allocator",
  },
  { rule: "mirror", path: "src/base/version.ts", reason: "set by build.ts; test/e2e reads it" },
  {
    rule: "sleep",
    path: "test/io/streams-program.ts",
    reason: "the program under test: its timer must go off while its output is stalled",
  },
  { rule: "sleep", path: "test/event.ts", reason: "the one place that waits, with a deadline" },
];
