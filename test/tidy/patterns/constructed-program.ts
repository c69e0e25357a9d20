/**
 * Prints the regular expressions that these modules construct, as JSON. A program of its own,
 * because a test may have loaded the modules before.
 */

import { join, relative } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const found: { path: string; line: number; source: string; flags: string }[] = [];

const { RegExp: Original } = globalThis;
globalThis.RegExp = new Proxy(Original, {
  construct: (target, args, newTarget) => noted(Reflect.construct(target, args, newTarget)),
  apply: (target, self, args) => noted(Reflect.apply(target, self, args)),
});

function noted(pattern: RegExp): RegExp {
  const frames = (new Error().stack ?? "").split("\n");
  const frame = frames
    .map((text) => /([^\s(]+\.tsx?):(\d+):\d+/.exec(text))
    .find((match) => match?.[1]?.includes("/src/"));
  const [, file = "", line = ""] = frame ?? [];
  if (file !== "") {
    const { source, flags } = pattern;
    found.push({ path: relative(ROOT, file), line: Number(line), source, flags });
  }
  return pattern;
}

for (const path of process.argv.slice(2)) await import(join(ROOT, path));
const { parseCsv } = await import("../../../src/base/csv.ts");
const { textHits } = await import("../../../src/cli/history/printer.ts");
const { casePattern, wordPattern } = await import("../../../src/io/archive/line-query.ts");
parseCsv("name,room\nana,lab\n");
textHits(["(a+)+", "b"], true);
casePattern("straße und wörter");
wordPattern(["registrar", "wi-fi"]);
process.stdout.write(JSON.stringify(found));
process.exit(0);
