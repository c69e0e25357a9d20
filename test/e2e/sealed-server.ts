import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import { until } from "../event.ts";
import type { Program } from "./program.ts";

export function keyPackages(data: string, devices: number): Promise<true> {
  const keys = join(data, "sealed", "keys");
  const isPackage = (name: string) => name.endsWith(".json");
  return until(
    `key packages of ${devices} devices`,
    () => existsSync(keys) && readdirSync(keys).filter(isPackage).length >= devices,
  );
}

export async function openVault(
  data: string,
  owner: Program,
  others: Readonly<Record<string, Program>>,
): Promise<void> {
  owner.type("/join vault --sealed");
  await owner.json("joined", { room: "vault", created: true });
  const entries = Object.entries(others);
  await keyPackages(data, 1 + entries.length);
  for (const [name, other] of entries) {
    owner.type(`/invite ${name}`);
    const { added, missing } = await owner.json("let-in", { user: name });
    if (added !== 1 || missing !== 0)
      throw new Error(`${name}: ${added} added, ${missing} missing`);
    await other.json("may-join", { room: "vault" });
    other.type("/join vault");
    await owner.json("join", { from: name, room: "vault" });
  }
}

export async function holding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of new Glob("**/*").scan({ cwd: folder, dot: true })) {
    const bytes = await bytesOf(join(folder, path));
    if (bytes?.includes(text) === true || path.includes(text)) found.push(path);
  }
  return found;
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
