/** Whether the program may take the terminal that it was started on. */

import { spawnSync } from "node:child_process";
import { fstatSync, readFileSync } from "node:fs";

/** Reports whether the three standard streams, which are terminals, are the same one. */
export function isOneTerminal(): boolean {
  try {
    const [input, output, errors] = [0, 1, 2].map((fd) => fstatSync(fd).rdev);
    return input === output && output === errors;
  } catch {
    return false;
  }
}

/**
 * Reports whether the shell runs the program in the foreground. Changing the modes of the terminal
 * stops a program in the background.
 */
export function isInForeground(platform = process.platform): boolean {
  if (platform === "win32") return true;
  const [group, foreground] = platform === "linux" ? groupsOfProc() : groupsOfPs();
  return group !== undefined && group === foreground;
}

/** @internal */
export function groupsOfProc(statFile = "/proc/self/stat"): readonly string[] {
  try {
    const stat = readFileSync(statFile, "utf8");
    // The name of the program, in brackets, may contain blanks and brackets.
    const [, , group = "", , , foreground = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [group, foreground];
  } catch {
    return [];
  }
}

function groupsOfPs(): readonly string[] {
  const args = ["-o", "pgid=,tpgid=", "-p", String(process.pid)];
  const { stdout } = spawnSync("ps", args, { encoding: "utf8" });
  return (stdout ?? "").trim().split(/\s+/);
}
