import { Fault } from "../../../src/base/fault.ts";
import type { ClusterMutant } from "./node.ts";
import { PLANTED } from "./planted.ts";
import { ClusterWorld } from "./world.ts";

/**
 * Runs worlds of several servers in a process of its own. Each line on standard output is JSON, as
 * of ../world-process.ts:
 *
 *     bun test/worlds/cluster/world-process.ts FIRST LAST [BUG]
 */
const [first = "1", last = first, bug] = process.argv.slice(2);
let world: ClusterWorld | undefined;
process.on("unhandledRejection", (error) => world?.fail(error));
process.on("uncaughtException", (error) => world?.fail(error));

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(seed: number, mutant: ClusterMutant): Promise<boolean> {
  const isTold = process.env["CHAT_TELL"] !== undefined;
  world = new ClusterWorld(seed, { mutant, isTold });
  try {
    const digest = await world.run();
    if (first === last) say({ kind: "passed", seed, digest });
    return true;
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = error instanceof Fault ? String(error.cause) : "";
    say({ kind: "failed", seed, error: String(error), stack, cause });
    return false;
  } finally {
    if (isTold) for (const line of world.trace.lines) process.stderr.write(`${line}\n`);
  }
}

const mutant = bug === undefined ? {} : PLANTED[bug];
if (mutant === undefined) throw new Error(`no bug is called '${bug}'`);
mutant.plant?.();
for (let seed = Number(first); seed <= Number(last); seed++) {
  const passed = await run(seed, mutant);
  if (!passed && bug !== undefined) break;
}
say({ kind: "done", first: Number(first), last: Number(last) });
process.exit(0);
