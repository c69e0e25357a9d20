import { existsSync, readdirSync } from "node:fs";
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
    const bytes = Buffer.from(await Bun.file(`${folder}/${path}`).arrayBuffer());
    if (bytes.includes(text) || path.includes(text)) found.push(path);
  }
  return found;
}
