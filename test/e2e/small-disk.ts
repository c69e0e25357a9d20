import { mkdirSync } from "node:fs";
import { CHAT } from "./binary.ts";
import type { Program, StartOptions, Town } from "./program.ts";

/**
 * A disk that is full or may not be written, for real: a small file system that only one program
 * sees. Without the right to mount one, the simulated disk of test/worlds has to do.
 */
const PROBE = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];

export const mayMount =
  process.platform === "linux" &&
  Bun.which("unshare") !== null &&
  Bun.spawnSync(PROBE, { stdio: ["ignore", "ignore", "ignore"] }).success;

/**
 * Mounts a file system at `disk` and does what the script says there: `$1` is its folder, `$2` is
 * `chat`, and the other arguments follow.
 */
export function onSmallDisk(
  town: Town,
  mount: string,
  script: string,
  args: readonly string[],
  options: StartOptions = {},
): Program {
  const disk = town.path("disk");
  mkdirSync(disk);
  const whole = `mount -t tmpfs -o ${mount} tmpfs "$1" && ${script}`;
  return town.start(["-m", "sh", "-c", whole, "sh", disk, CHAT, ...args], {
    ...options,
    program: "unshare",
  });
}

/** Runs `chat serve` on a file system of its own; `then` is done in there first. */
export function serveOnSmallDisk(
  town: Town,
  mount: string,
  then: string,
  args: readonly string[] = [],
): Program {
  const data = town.path("disk", "data");
  const serve = ["serve", "--host", "127.0.0.1", "--port", "0", "--json", "--data", data, ...args];
  return onSmallDisk(town, mount, `${then} && shift && exec "$@"`, serve);
}
