import { processIo } from "../../src/cli/context.ts";
import { flushOutput, report } from "../../src/cli/program.ts";

/** Separate process for streams.test.ts: `print N`, `stall`. */

const [what, count] = process.argv.slice(2);

const world = processIo((fault) => {
  if (fault === undefined) process.exit(0);
  end(report(fault, [], world));
});

function end(exitCode: number): void {
  flushOutput(exitCode, world).then((code) => process.exit(code));
}

async function print(): Promise<void> {
  for (let i = 0; i < Number(count); i++) {
    world.stdout.write(`line ${i} ${"x".repeat(90)}\n`);
    if (i % 1000 === 0) await world.stdout.drained();
  }
  end(0);
}

function stall(): void {
  world.stdout.write("x".repeat(1 << 22));
  setTimeout(() => process.exit(world.stdout.queuedBytes() > 0 ? 7 : 8), 50);
}

if (what === "stall") stall();
else await print();
