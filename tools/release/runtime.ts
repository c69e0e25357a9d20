/** Texts of the runtime that a compiled program must not contain, and their replacements. */

import { utf8Encode } from "../../src/base/bytes.ts";

interface RuntimeText {
  readonly text: string;
  readonly replacement: string;
  /** Number of places. Any other number means that the runtime has changed. */
  readonly count: number;
}

const REPORT_REQUEST =
  "To send a redacted crash report to Bun's team,\n" +
  "please file a GitHub issue using the link below:\n";

/** `=` cannot occur in the name of an environment variable, so nobody can set these. */
const withoutName = (name: string) => name.replace("_", "=");

/**
 * After a crash, the runtime starts a download program with an address of its makers, on macOS and
 * Windows by default. A path that cannot exist makes that program fail without a connection.
 * `BUN_BE_BUN` would turn the program into a script interpreter, `BUN_OPTIONS` load scripts and
 * settings of the current folder, `BUN_INSPECT` open a port whose users can run code, and
 * `BUN_BYTECODE_DIGEST_OUT` names a file to overwrite. The prefix covers their variants.
 */
const RUNTIME_TEXTS: readonly RuntimeText[] = [
  { text: "https://bun.report", replacement: "file:///dev/null//", count: 1 },
  ...["BUN_CRASH_REPORT_URL", "BUN_ENABLE_CRASH_REPORTING", "BUN_BE_BUN"].map((name) => ({
    text: name,
    replacement: withoutName(name),
    count: 1,
  })),
  ...[
    { name: "BUN_OPTIONS", count: 2 },
    { name: "BUN_BYTECODE_", count: 4 },
    { name: "BUN_INSPECT", count: 11 },
  ].map(({ name, count }) => ({ text: name, replacement: withoutName(name), count })),
  {
    text: `Bun has crashed. This indicates a bug in Bun, not your code.\n\n${REPORT_REQUEST}`,
    replacement:
      "chat cannot run here (it needs /proc, and ulimit -v\n" +
      "and -d of 500 MB), or has a bug. Nothing was sent.\n" +
      "Report a bug together with the lines above and below:\n",
    count: 2,
  },
  {
    text: `Bun has run out of memory.\n\n${REPORT_REQUEST}`,
    replacement:
      "The memory is exhausted, or limited (ulimit -v, -d).\n" +
      "Nothing was sent. See the lines above and below:\n",
    count: 1,
  },
  // The runtime asks for the folder before it starts the program.
  {
    text:
      " The current working directory was deleted, so that command didn't work. " +
      "Please cd into a different directory and try again.",
    replacement:
      " The current folder was deleted, so chat cannot start. " +
      "Change to another folder, for example with cd, and try again.",
    count: 2,
  },
];

/**
 * Replaces the texts in place, so that nothing moves. A signature must be made afterwards.
 * @throws Error if the program does not contain each text as often as expected
 */
export function replaceRuntimeTexts(program: Uint8Array): void {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.length);
  for (const { text, replacement, count } of RUNTIME_TEXTS) {
    const found = placesOf(bytes, text);
    if (found.length !== count) {
      throw new Error(
        `the runtime has changed: ${found.length} places with ${text.split("\n")[0]}`,
      );
    }
    const padded = utf8Encode(replacement.padEnd(text.length));
    if (padded.length !== text.length) throw new Error(`too long: ${replacement}`);
    for (const at of found) bytes.set(padded, at);
  }
}

/** Returns the texts that the program still contains. */
export function remainingRuntimeTexts(program: Uint8Array): string[] {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.length);
  return RUNTIME_TEXTS.map(({ text }) => text).filter((text) => bytes.includes(text));
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) {
    places.push(at);
  }
  return places;
}
