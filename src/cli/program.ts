/** Executes a command line: command lookup, flag parsing and exit codes. */

import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import type { Verb, VerbGroup, VerbRow, VerbTable } from "./command.ts";
import { createContext, type ProcessIo } from "./context.ts";
import { errorJson, errorLine, errorStack, toFault } from "./errors.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { checkDecoded, parseStrictly } from "./parser.ts";
import { nearestWord, wordByPurpose } from "./suggest.ts";
import { wrapWords } from "./word-wrap.ts";

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly examples?: readonly string[];
  readonly verbs: VerbTable;
}

interface ResolvedCall {
  readonly name: string;
  readonly row: VerbRow;
  readonly argv: readonly string[];
}

const EXIT_USAGE = 2;

/** @returns the exit code; output may still be buffered, so call `flushOutput` before exiting */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  io: ProcessIo,
): Promise<number> {
  try {
    return await dispatch(program, argv, io);
  } catch (error) {
    return report(error, argv, io);
  }
}

export function report(error: unknown, argv: readonly string[], io: ProcessIo): number {
  const fault = toFault(error);
  reportText(error, argv, io);
  if (flagsIn(argv).includes("--json")) io.stdout.write(errorJson(fault));
  return fault.exitCode;
}

/** Reports an error with which the program continues. */
export function reportText(error: unknown, argv: readonly string[], io: ProcessIo): void {
  if (flagsIn(argv).includes("--debug")) io.stderr.write(errorStack(error));
  io.stderr.write(wrapWords(io.stderr, errorLine(toFault(error))));
}

function flagsIn(argv: readonly string[]): readonly string[] {
  return argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
}

/**
 * Waits until all output is written, because an earlier exit would truncate it.
 * @returns the exit code, or a fault's exit code if standard output could not be written
 */
export async function flushOutput(exitCode: number, io: ProcessIo): Promise<number> {
  await io.stdout.flushed();
  await io.stderr.flushed();
  const fault = io.stdout.fault();
  return exitCode === 0 && fault !== undefined ? fault.exitCode : exitCode;
}

async function dispatch(program: Program, argv: readonly string[], io: ProcessIo): Promise<number> {
  const { before: globalFlags, rest: remaining } = splitGlobals(argv);
  const [verbName, ...laterWords] = remaining;
  const helpWord = laterWords.find((word) => !word.startsWith("-"));
  if (verbName === "help" && helpWord !== undefined && Object.hasOwn(program.verbs, helpWord)) {
    const exitCode = await dispatch(program, [...globalFlags, ...laterWords, "--help"], io);
    if (io.stderr.isTerminal) await nameGuide(helpWord, io);
    return exitCode;
  }
  if (globalFlags.includes("--version") || globalFlags.includes("-V")) {
    return callCommand(
      program,
      "version",
      [...globalFlags.filter((flag) => flag in GLOBAL_FLAG_NAMES), ...remaining],
      io,
    );
  }
  if (globalFlags.includes("--help") || globalFlags.includes("-h")) {
    return tableUsage(program, io, 0);
  }
  if (verbName === undefined) {
    return tableUsage(program, io, EXIT_USAGE);
  }
  return callCommand(program, verbName, [...globalFlags, ...laterWords], io);
}

/** A command hides the guide of the same name. */
async function nameGuide(commandName: string, io: ProcessIo): Promise<void> {
  const { loadGuides } = await import("./guides.ts");
  const guides = await loadGuides();
  if (!guides.some(({ name }) => name === commandName)) return;
  io.stderr.write(`\nThere is also a guide: chat help ${commandName}.md\n`);
}

const GLOBAL_FLAG_NAMES = { "--json": true, "--no-color": true, "--color": true, "--debug": true };
const STANDALONE_FLAG_NAMES = { "--help": true, "-h": true, "--version": true, "-V": true };

function splitGlobals(argv: readonly string[]) {
  const index = argv.findIndex((verbName) => !verbName.startsWith("-") || verbName === "-");
  const globalFlags = index < 0 ? argv : argv.slice(0, index);
  for (const flag of globalFlags) {
    if (Object.hasOwn(GLOBAL_FLAG_NAMES, flag) || Object.hasOwn(STANDALONE_FLAG_NAMES, flag))
      continue;
    const names = [...Object.keys(GLOBAL_FLAG_NAMES), ...Object.keys(STANDALONE_FLAG_NAMES)];
    const suggestion = nearestWord(flag, names);
    throw new Fault("usage", `unknown flag ${quoteText(flag)} before the command`, {
      remedy:
        suggestion === undefined
          ? "write it after the command; see chat --help"
          : `did you mean ${suggestion}?`,
    });
  }
  return { before: globalFlags, rest: index < 0 ? [] : argv.slice(index) };
}

async function callCommand(
  program: Program,
  verbName: string,
  argv: readonly string[],
  io: ProcessIo,
): Promise<number> {
  const row = rowOf(program.verbs, verbName, program.name);
  const { command } = await row.load();
  const inner: ResolvedCall = { name: `${program.name} ${verbName}`, row, argv };
  return command.kind === "group" ? callGroup(inner, command, io) : callVerb(inner, command, io);
}

async function callGroup({ name, row, argv }: ResolvedCall, group: VerbGroup, io: ProcessIo) {
  const { before: globalFlags, rest: remaining } = splitGlobals(argv);
  const [verbName, ...laterWords] = remaining;
  const program = { ...row, name, verbs: group.verbs };
  if (verbName === undefined || globalFlags.includes("--help") || globalFlags.includes("-h")) {
    const isRequested = verbName !== undefined || globalFlags.length > 0;
    return tableUsage(program, io, isRequested ? 0 : EXIT_USAGE);
  }
  const { defaultVerb, verbs } = group;
  return defaultVerb === undefined || Object.hasOwn(verbs, verbName)
    ? callCommand(program, verbName, [...globalFlags, ...laterWords], io)
    : callCommand(program, defaultVerb, [...globalFlags, ...remaining], io);
}

async function callVerb(
  { name, row, argv }: ResolvedCall,
  verb: Verb,
  io: ProcessIo,
): Promise<number> {
  for (const text of argv) checkDecoded(text, "an argument", io.areArgumentsUtf8);
  const parsed = parseStrictly({ ...verb.args, ...GLOBAL_FLAGS }, argv, name);
  if (parsed.kind === "help") {
    const globals = { json: false, color: !argv.includes("--no-color"), debug: false };
    const { color } = createContext(io, globals);
    const { verbHelp } = await import("./help.ts");
    const help = await verbHelp(name, row, verb, color);
    io.stdout.write(wrapWords(io.stdout, help));
    return 0;
  }
  const { json, color, debug } = parsed.values;
  const globals = { json: json === true, color: color === true, debug: debug === true };
  const context = createContext(io, globals);
  return verb.run(parsed.values, context, parsed.typedKeys);
}

async function tableUsage(program: Program, io: ProcessIo, exitCode: number): Promise<number> {
  const { tableHelp } = await import("./help.ts");
  const out = exitCode === 0 ? io.stdout : io.stderr;
  out.write(wrapWords(out, tableHelp(program.name, program, program.verbs)));
  return exitCode;
}

function rowOf(verbs: VerbTable, verbName: string, name: string): VerbRow {
  const row = Object.hasOwn(verbs, verbName) ? verbs[verbName] : undefined;
  if (row !== undefined) return row;
  const known = Object.keys(verbs).filter((verb) => verbs[verb]?.hidden !== true);
  const suggestion = wordByPurpose(verbName, known) ?? nearestWord(verbName, known);
  throw new Fault("usage", `unknown command ${quoteText(verbName)}`, {
    remedy: suggestion === undefined ? `see ${name} --help` : `did you mean ${name} ${suggestion}?`,
  });
}
