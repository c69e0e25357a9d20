import { Fault } from "../../src/base/fault.ts";
import type { WorldKind } from "./fleet.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { Simulation } from "./simulation.ts";

/**
 * Runs worlds in a separate process, so that a failed assert or an unhandled rejection of the
 * program fails one seed. With bugs, runs each of them until a seed detects it. `SEEDS` are numbers
 * and ranges: `7` or `1-30,7`. Each line on standard output is JSON:
 *
 *     bun test/worlds/world-process.ts KIND SEEDS [BUG...]
 *
 * `CHAT_TRACE=1` prints the events of the run.
 */
const [kind = "server", ranges = "1", ...bugs] = process.argv.slice(2);
const sentKinds = new Set<string>();
let world: Simulation | undefined;
process.on("unhandledRejection", (error) => world?.fail(error));
process.on("uncaughtException", (error) => world?.fail(error));

type Make = (seed: number, bug: string) => Simulation;

const MAKERS: Readonly<Record<WorldKind, () => Promise<Make>>> = {
  server: async () => {
    const { World } = await import("./world.ts");
    const { PLANTED } = await import("./planted.ts");
    return (seed, bug) => new World(seed, PLANTED[bug]);
  },
  cluster: async () => {
    const { ClusterWorld } = await import("./cluster/world.ts");
    const { PLANTED } = await import("./cluster/planted.ts");
    return (seed, bug) => {
      PLANTED[bug]?.plant?.();
      return new ClusterWorld(seed, PLANTED[bug]);
    };
  },
  sealed: async () => {
    await import("../../src/client/sealed/code.ts");
    const { seededCrypto } = await import("./sealed/web-crypto.ts");
    const { PLANTED } = await import("./sealed/planted.ts");
    const { SealedWorld } = await import("./sealed/world.ts");
    // The library keeps the crypto that was registered first.
    let random = new SeededRandom(0);
    const value = seededCrypto((count) => random.bytes(count));
    Object.defineProperty(globalThis, "crypto", { value, configurable: true });
    // The library compares key packages with the system clock.
    Date.now = () => world?.clock.unixMs() ?? 0;
    let undo: (() => void) | undefined;
    return (seed, bug) => {
      random = new SeededRandom(-seed);
      undo?.();
      undo = PLANTED[bug]?.plant?.();
      return new SealedWorld(seed, PLANTED[bug]);
    };
  },
};

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Loading takes real time, which must not pass within a world.
await import("../../src/client/files/message.ts");
const make = await MAKERS[kind as WorldKind]();

async function run(seed: number, bug = ""): Promise<boolean> {
  world = make(seed, bug);
  try {
    const digest = await world.run();
    for (const one of world.platform.sentKinds) sentKinds.add(one);
    if (bug === "") print({ kind: "passed", seed, digest });
    return true;
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = error instanceof Fault ? String(error.cause) : "";
    print({ kind: "failed", seed, bug, error: String(error), stack, cause });
    return false;
  } finally {
    for (const line of world.trace.lines) process.stderr.write(`${line}\n`);
  }
}

const seeds = ranges.split(",").flatMap((range) => {
  const [first = 1, last = first] = range.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
});
for (const bug of bugs.length === 0 ? [undefined] : bugs) {
  for (const seed of seeds) {
    if (!(await run(seed, bug)) && bug !== undefined) break;
  }
}
print({ kind: "done", sentKinds: [...sentKinds] });
process.exit(0);
