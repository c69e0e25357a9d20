import { mkdirSync } from "node:fs";
import { CHAT } from "./binary.ts";
import type { Program, Sandbox, StartOptions } from "./program.ts";

/** Small file system that only one program sees, to test a full or read-only disk. */

/**
 * Mounts a file system at `disk` and runs the script there. `$1` is its folder, `$2` is `chat`, and
 * the other arguments follow.
 */
export function onSmallDisk(
  sandbox: Sandbox,
  mount: string,
  script: string,
  args: readonly string[],
  options: StartOptions = {},
): Program {
  const disk = sandbox.path("disk");
  mkdirSync(disk);
  const whole = `mount -t tmpfs -o ${mount} tmpfs "$1" && ${script}`;
  return sandbox.start(["-m", "sh", "-c", whole, "sh", disk, CHAT, ...args], {
    ...options,
    program: "unshare",
  });
}

export function serveOnSmallDisk(
  sandbox: Sandbox,
  mount: string,
  then: string,
  args: readonly string[] = [],
): Program {
  const data = sandbox.path("disk", "data");
  const serve = ["serve", "--host", "127.0.0.1", "--port", "0", "--json", "--data", data, ...args];
  return onSmallDisk(sandbox, mount, `${then} && shift && exec "$@"`, serve);
}
