/**
 * Runs one command line: finds the verb, reads its flags, and maps every outcome to an exit code.
 */

import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import type { Verb, VerbGroup, VerbRow, VerbTable } from "./command.ts";
import { createContext, type ProcessIo } from "./context.ts";
import { errorJson, errorLine, errorStack, toFault } from "./errors.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { parseStrictly } from "./parser.ts";
import { nearest } from "./suggest.ts";
import { wrapWords } from "./word-wrap.ts";

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly examples?: readonly string[];
  readonly verbs: VerbTable;
}

/** Words before the verb, the verb's row, and the rest. */
interface Call {
  readonly name: string;
  readonly row: VerbRow;
  readonly argv: readonly string[];
}

const EXIT_USAGE = 2;

/** @returns the exit code; everything is written, though perhaps not yet flushed */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  world: ProcessIo,
): Promise<number> {
  try {
    return await dispatch(program, argv, world);
  } catch (error) {
    return report(error, argv, world);
  }
}

/** A line on standard error; under `--json` also one on standard output. */
export function report(error: unknown, argv: readonly string[], world: ProcessIo): number {
  const fault = toFault(error);
  const flags = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  if (flags.includes("--debug")) world.stderr.write(errorStack(error));
  world.stderr.write(wrapWords(world.stderr, errorLine(fault)));
  if (flags.includes("--json")) world.stdout.write(errorJson(fault));
  return fault.exitCode;
}

/**
 * Waits until a pipe has accepted everything: an earlier exit would cut a long output short.
 * @returns the exit code, which is a fault's if the output could not be written
 */
export async function flushed(exitCode: number, world: ProcessIo): Promise<number> {
  await world.stdout.flushed();
  await world.stderr.flushed();
  const fault = world.stdout.fault();
  return exitCode === 0 && fault !== undefined ? fault.exitCode : exitCode;
}

async function dispatch(
  program: Program,
  argv: readonly string[],
  world: ProcessIo,
): Promise<number> {
  const { before, rest } = splitGlobals(argv);
  const [word, ...after] = rest;
  if (word === "help" && after.length > 0) {
    return dispatch(program, [...before, ...after, "--help"], world);
  }
  if (before.includes("--version") || before.includes("-V")) {
    return call(program, "version", [...before.filter((flag) => flag in GLOBALS), ...rest], world);
  }
  if (before.includes("--help") || before.includes("-h") || word === "help") {
    return tableUsage(program, world, 0);
  }
  if (word === undefined) {
    return tableUsage(program, world, EXIT_USAGE);
  }
  return call(program, word, [...before, ...after], world);
}

const GLOBALS = { "--json": true, "--no-color": true, "--color": true, "--debug": true };
const ALONE = { "--help": true, "-h": true, "--version": true, "-V": true };

/** Before the verb only global flags are valid. */
function splitGlobals(argv: readonly string[]) {
  const at = argv.findIndex((word) => !word.startsWith("-") || word === "-");
  const before = at < 0 ? argv : argv.slice(0, at);
  for (const flag of before) {
    if (Object.hasOwn(GLOBALS, flag) || Object.hasOwn(ALONE, flag)) continue;
    const names = [...Object.keys(GLOBALS), ...Object.keys(ALONE)];
    const near = nearest(flag, names);
    throw new Fault("usage", `unknown flag ${quoteText(flag)} before the command`, {
      remedy: near === undefined ? "see chat --help" : `did you mean ${near}?`,
    });
  }
  return { before, rest: at < 0 ? [] : argv.slice(at) };
}

async function call(
  program: Program,
  word: string,
  argv: readonly string[],
  world: ProcessIo,
): Promise<number> {
  const row = rowOf(program.verbs, word, program.name);
  const { command } = await row.load();
  const inner: Call = { name: `${program.name} ${word}`, row, argv };
  return command.kind === "group"
    ? callGroup(inner, command, world)
    : callVerb(inner, command, world);
}

async function callGroup({ name, row, argv }: Call, group: VerbGroup, world: ProcessIo) {
  const { before, rest } = splitGlobals(argv);
  const [word, ...after] = rest;
  const program = { ...row, name, verbs: group.verbs };
  if (word === undefined || before.includes("--help") || before.includes("-h")) {
    const isAsked = word !== undefined || before.length > 0;
    return tableUsage(program, world, isAsked ? 0 : EXIT_USAGE);
  }
  return call(program, word, [...before, ...after], world);
}

async function callVerb({ name, row, argv }: Call, verb: Verb, world: ProcessIo): Promise<number> {
  const parsed = parseStrictly({ ...verb.args, ...GLOBAL_FLAGS }, argv, name);
  if (parsed.kind === "help") {
    const globals = { json: false, color: !argv.includes("--no-color"), debug: false };
    const { color } = createContext(world, globals);
    const { verbHelp } = await import("./help.ts");
    const help = await verbHelp(name, row, verb, color);
    world.stdout.write(wrapWords(world.stdout, help));
    return 0;
  }
  const { json, color, debug } = parsed.values;
  const globals = { json: json === true, color: color === true, debug: debug === true };
  const context = createContext(world, globals);
  return verb.run(parsed.values, context, parsed.given);
}

/** Requested help is data. Help that is shown because no command was given is for users. */
async function tableUsage(program: Program, world: ProcessIo, exitCode: number): Promise<number> {
  const { tableHelp } = await import("./help.ts");
  const out = exitCode === 0 ? world.stdout : world.stderr;
  out.write(wrapWords(out, tableHelp(program.name, program, program.verbs)));
  return exitCode;
}

function rowOf(verbs: VerbTable, word: string, name: string): VerbRow {
  const row = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (row !== undefined) return row;
  const near = nearest(word, Object.keys(verbs));
  throw new Fault("usage", `unknown command ${quoteText(word)}`, {
    remedy: near === undefined ? `see ${name} --help` : `did you mean ${name} ${near}?`,
  });
}
