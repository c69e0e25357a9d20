import "../../../src/client/sealed/code.ts";
import { Fault } from "../../../src/base/fault.ts";
import { Dice } from "../dice.ts";
import { seededCrypto } from "./web-crypto.ts";
import { SealedWorld } from "./world.ts";

/**
 * Runs worlds of sealed rooms in a process of its own, whose WebCrypto and wall clock are those of
 * the world. Each line on standard output is JSON, as of ../world-process.ts:
 *
 *     bun test/worlds/sealed/world-process.ts FIRST LAST
 */
const [first = "1", last = first] = process.argv.slice(2);
let world: SealedWorld | undefined;
const asked = new Set<string>();
process.on("unhandledRejection", (error) => world?.fail(error));
process.on("uncaughtException", (error) => world?.fail(error));

/** Behind the first: the suite keeps what it was given when it was made. */
let dice = new Dice(0);
const crypto = seededCrypto((count) => dice.bytes(count));
Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
// The library compares key packages with the machine's own clock.
Date.now = () => world?.clock.unixMs() ?? 0;

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(seed: number): Promise<void> {
  dice = new Dice(-seed);
  world = new SealedWorld(seed, process.env["CHAT_TELL"] !== undefined);
  try {
    const digest = await world.run();
    for (const kind of world.around.asked) asked.add(kind);
    if (first === last) say({ kind: "passed", seed, digest });
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = error instanceof Fault ? String(error.cause) : "";
    say({ kind: "failed", seed, error: String(error), stack, cause });
  }
  if (process.env["CHAT_TELL"] !== undefined) {
    for (const line of world.trace.lines) process.stderr.write(`${line}\n`);
  }
}

for (let seed = Number(first); seed <= Number(last); seed++) await run(seed);
say({ kind: "done", first: Number(first), last: Number(last), asked: [...asked] });
process.exit(0);
