import { ContainedErrors } from "./cli/contained.ts";
import { processIo } from "./cli/context.ts";
import { flushOutput, report, reportText, runProgram } from "./cli/program.ts";
import { EXAMPLES, SUMMARY, VERBS } from "./commands/table.ts";

/** Commands that end sooner run too little machine code to be worth compiling. */
const JIT_DELAY_MS = 200;

/** A umask must not take the user's own access to the files that this program creates. */
process.umask(process.umask() & 0o077);

const argv = process.argv.slice(2);

const world = processIo((fault) => {
  // The reader of the output has closed the pipe, as `| head` does.
  if (fault === undefined) process.exit(0);
  end(report(fault, argv, world));
});

const contained = new ContainedErrors(
  () => process.stdin.isRaw === true,
  (error) => reportText(error, argv, world),
);

function end(exitCode: number): void {
  contained.flush();
  flushOutput(exitCode, world).then((code) => process.exit(code));
}

setTimeout(() => Bun.unsafe.setJITPolicy(1), JIT_DELAY_MS).unref();

process.on("uncaughtException", (error) => end(report(error, argv, world)));
process.on("unhandledRejection", (error) => {
  if (!contained.contain(error)) end(report(error, argv, world));
});

end(
  await runProgram(
    { name: "chat", summary: SUMMARY, examples: EXAMPLES, verbs: VERBS },
    argv,
    world,
  ),
);
