/** Runs other programs for a release. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..", "..");

/** Thrown for invalid arguments, or if the tree is not ready for a release. */
export class UsageError extends Error {}

interface RunOptions {
  readonly program: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function run(
  args: readonly string[],
  { program, cwd = ROOT, env = {} }: RunOptions,
): Promise<void> {
  const child = Bun.spawn([program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const exitCode = await child.exited;
  if (exitCode !== 0) throw new Error(`${program} ${args[0] ?? ""} failed with code ${exitCode}`);
}

export function output(...command: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT });
  if (!success) throw new Error(`${command.join(" ")} failed: ${stderr}`);
  return stdout.toString().trim();
}

export function hashOf(path: string, algorithm: "sha256" | "sha512" = "sha256"): string {
  return new Bun.CryptoHasher(algorithm).update(readFileSync(path)).digest("hex");
}
