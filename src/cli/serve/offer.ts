/** Programs that a server offers for download. */

import * as fs from "node:fs";
import { resolve } from "node:path";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { ProgramFolder } from "../../io/file/program-folder.ts";

/** Targets of `bun build.ts --all`. `baseline` is for x64 processors without AVX2. */
export const PROGRAM_TARGETS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-arm64",
  "darwin-x64",
  "windows-x64",
] as const;

/** Returns the file name of a program, by which `chat serve --offer` finds it. */
export function programFile(target: string): string {
  return `chat-${target}${target.startsWith("windows") ? ".exe" : ""}`;
}

/** @throws {Fault} usage if the folder does not exist; store-… */
export function openOffer(path: string): ProgramFolder {
  const folder = resolve(path);
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Fault("usage", `--offer: ${quoteText(path)} is not a folder`, {
      remedy: `specify a folder that contains ${programFile("linux-x64")} or similar files`,
    });
  }
  const names = PROGRAM_TARGETS.map(programFile);
  return new ProgramFolder(folder, names, () => new Bun.CryptoHasher("sha256"));
}
