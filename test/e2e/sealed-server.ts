import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import { eventually } from "../event.ts";

/** What a server's folder has of sealed rooms. */

/** A device can be let in once the server has its key packages, a moment after it came. */
export function keyPackages(data: string, devices: number): Promise<true> {
  const keys = join(data, "sealed", "keys");
  const isKept = (name: string) => name.endsWith(".json");
  return eventually(
    `key packages of ${devices} devices`,
    () => existsSync(keys) && readdirSync(keys).filter(isKept).length >= devices,
  );
}

/** Paths below the folder with a file that holds the text, or is called by it. */
export async function holding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of new Glob("**/*").scan({ cwd: folder, dot: true })) {
    const bytes = await bytesOf(join(folder, path));
    if (bytes?.includes(text) === true || path.includes(text)) found.push(path);
  }
  return found;
}

/** @returns undefined: it is gone since it was listed, as what is written is renamed when whole */
async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
