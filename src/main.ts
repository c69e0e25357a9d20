import { processIo } from "./cli/context.ts";
import { flushed, report, runProgram } from "./cli/program.ts";
import { VERBS } from "./commands/table.ts";

const SUMMARY = "Chat for people who share a network: server, client and history in one program";

const argv = process.argv.slice(2);

const world = processIo((fault) => {
  // The reader of the output is gone, as after `| head`: there is nothing left to do.
  if (fault === undefined) process.exit(0);
  end(report(fault, argv, world));
});

function end(exitCode: number): void {
  flushed(exitCode, world).then((code) => process.exit(code));
}

process.on("uncaughtException", (error) => end(report(error, argv, world)));
process.on("unhandledRejection", (error) => end(report(error, argv, world)));

end(await runProgram({ name: "chat", summary: SUMMARY, verbs: VERBS }, argv, world));
