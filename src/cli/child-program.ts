/** Starts other programs, such as a pager. */

import type { SpawnOptions, Subprocess } from "bun";
import { formatAddress, parseServerSpec } from "../wire/invite.ts";
import { SECRET_VARIABLES } from "./secrets.ts";
import type { Environment } from "./settings.ts";

const INVITE = "CHAT_INVITE";

/**
 * Environment of another program, which may log it: without passwords and codes. CHAT_SERVER
 * replaces an invite, so that the program can call `chat` on this device, which is signed in.
 */
function childEnvironment(env: Environment): Record<string, string | undefined> {
  const child: Record<string, string | undefined> = { ...env };
  for (const name of [...SECRET_VARIABLES, INVITE]) delete child[name];
  const invite = env[INVITE];
  return invite ? { ...child, CHAT_SERVER: serverOf(invite) } : child;
}

/**
 * The only way to start a program; the child gets `childEnvironment(env)`.
 * @throws Error if the program does not exist or cannot be run
 */
export function startProgram<
  const In extends SpawnOptions.Writable = "ignore",
  const Out extends SpawnOptions.Readable = "pipe",
  const Err extends SpawnOptions.Readable = "inherit",
>(
  command: readonly string[],
  env: Environment,
  options: Omit<SpawnOptions.OptionsObject<In, Out, Err>, "env">,
): Subprocess<In, Out, Err> {
  return Bun.spawn<In, Out, Err>([...command], { ...options, env: childEnvironment(env) });
}

function serverOf(invite: string): string | undefined {
  try {
    return formatAddress(parseServerSpec(invite));
  } catch {
    return undefined; // The command itself reports an invalid invite.
  }
}
