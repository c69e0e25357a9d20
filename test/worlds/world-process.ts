import { Fault } from "../../src/base/fault.ts";
import { PLANTED } from "./planted.ts";
import type { Mutant } from "./platform.ts";
import { World } from "./world.ts";

/**
 * Runs worlds in a process of its own, so that a failed assert or an unheard rejection of the
 * product is the failure of one seed. Each line on standard output is JSON:
 *
 *     bun test/worlds/world-process.ts FIRST LAST [BUG]
 */
const [first = "1", last = first, bug] = process.argv.slice(2);
let world: World | undefined;
const asked = new Set<string>();
process.on("unhandledRejection", (error) => world?.fail(error));
process.on("uncaughtException", (error) => world?.fail(error));

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(seed: number, mutant: Mutant): Promise<boolean> {
  world = new World(seed, { mutant, isTold: process.env["CHAT_TELL"] !== undefined });
  try {
    const digest = await world.run();
    for (const kind of world.around.asked) asked.add(kind);
    if (first === last) say({ kind: "passed", seed, digest });
    return true;
  } catch (error) {
    for (const line of world.trace.lines) process.stderr.write(`${line}\n`);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = error instanceof Fault ? String(error.cause) : "";
    say({ kind: "failed", seed, error: String(error), stack, cause });
    return false;
  }
}

const mutant = bug === undefined ? {} : PLANTED[bug];
if (mutant === undefined) throw new Error(`no bug is called '${bug}'`);
for (let seed = Number(first); seed <= Number(last); seed++) {
  const passed = await run(seed, mutant);
  if (!passed && bug !== undefined) break;
}
say({ kind: "done", first: Number(first), last: Number(last), asked: [...asked] });
process.exit(0);
