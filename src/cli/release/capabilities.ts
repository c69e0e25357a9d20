/** File capabilities of a program (Linux), with which it may, for example, listen on port 80. */

import { readFileSync } from "node:fs";
import { startProgram } from "../child-program.ts";
import type { Environment } from "../settings.ts";

/** Folders of system programs, which the PATH of many users lacks. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];
/** As `getcap` prints it after the path: `NAME=ep`, or `= NAME+ep` in old versions. */
const CAPABILITIES = /^[a-z0-9_,+=\s]+$/;
const BIND_SERVICE = 1n << 10n;
const TIMEOUT_MS = 10_000;

/**
 * Gives the file the capabilities of another one, which belong to the file and not to its path.
 * @returns command that the user must run, if this user may not set them; `undefined` if nothing is
 * left to do
 */
export async function copyCapabilities(
  from: string,
  to: string,
  env: Environment,
): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const output = await outputOf("getcap", [from], env);
  const text = output === undefined ? ownCapabilities() : capabilitiesIn(output, from);
  if (text === undefined) return undefined;
  const isSet = (await outputOf("setcap", [text, to], env)) !== undefined;
  return isSet ? undefined : `sudo setcap ${text} ${from}`;
}

function capabilitiesIn(output: string, path: string): string | undefined {
  if (!output.startsWith(path)) return undefined;
  const text = output
    .slice(path.length)
    .replace(/^\s*=?\s*/, "")
    .trim();
  return text !== "" && CAPABILITIES.test(text) ? text : undefined;
}

/** Without `getcap`: a user other than root has capabilities only because the program has them. */
function ownCapabilities(): string | undefined {
  try {
    const [, bits = "0"] =
      /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    const set = process.getuid?.() === 0 ? 0n : BigInt(`0x${bits}`);
    if (set === 0n) return undefined;
    return set === BIND_SERVICE ? "cap_net_bind_service=ep" : "CAPABILITIES";
  } catch {
    return undefined;
  }
}

/** Returns `undefined` if the program is missing or fails. */
async function outputOf(
  name: string,
  args: readonly string[],
  env: Environment,
): Promise<string | undefined> {
  const path = [env["PATH"] ?? "", ...SYSTEM_FOLDERS].join(":");
  const program = Bun.which(name, { PATH: path });
  if (program === null) return undefined;
  const stdio = ["ignore", "pipe", "ignore"] as const;
  const child = startProgram([program, ...args], env, { stdio: [...stdio], timeout: TIMEOUT_MS });
  const [output, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  return exitCode === 0 ? output : undefined;
}
