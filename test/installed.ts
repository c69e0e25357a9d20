/** What the machine lends to tests: programs, and the right to mount a file system. */

/** On CI everything is wanted: a test that lacks its program runs there, and fails. */
export function isInstalled(program: string): boolean {
  return process.env["CI"] === "true" || Bun.which(program) !== null;
}

const PROBE = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];

/** Containers often forbid it, on CI too; then the tests of the simulated disk are what remains. */
export const mayMount =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  Bun.which("unshare") !== null &&
  Bun.spawnSync(PROBE, { stdio: ["ignore", "ignore", "ignore"] }).success;
