/** Programs that a server offers for download. */

import * as fs from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { RELEASE_KEY } from "../../base/version.ts";
import { certificatePin } from "../../crypto/certificate.ts";
import { statOf } from "../../io/disk/stat.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { ProgramFolder } from "../../io/file/program-folder.ts";
import type { ProgramSource } from "../../server/http/programs.ts";
import { builtInKey, readRelease, SIGNATURE_NAME, SUMS_NAME } from "../release/release.ts";
import type { ServeArgs } from "./flags.ts";
import type { OpenFolder } from "./folder.ts";

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

export function programFile(target: string): string {
  return `chat-${target}${target.startsWith("windows") ? ".exe" : ""}`;
}

export interface OfferedPrograms {
  readonly programs: ProgramFolder;
  readonly release?: OfferedRelease;
}

export interface OfferedRelease {
  readonly version: string;
  readonly isVerified: boolean;
}

/**
 * Opens a folder that contains individual programs or a complete release.
 * @throws {Fault} usage if the folder does not exist; release-untrusted, store-…
 */
export function openOffer(path: string): OfferedPrograms {
  const folder = absolutePath(path);
  if (statOf(folder)?.isDirectory() !== true) {
    throw new Fault("usage", `--offer: ${quoteText(path)} is not a folder`, {
      remedy: `specify a folder that contains ${programFile("linux-x64")} or similar files`,
    });
  }
  const newHash = () => new Bun.CryptoHasher("sha256");
  const programs = PROGRAM_TARGETS.map(programFile);
  if (!fs.existsSync(join(folder, SIGNATURE_NAME))) {
    return { programs: new ProgramFolder(folder, programs, newHash) };
  }
  const isVerified = RELEASE_KEY !== "";
  const { version, files } = readRelease(isVerified ? builtInKey() : undefined, folder);
  const names = [SUMS_NAME, SIGNATURE_NAME, ...files.keys()];
  return {
    programs: new ProgramFolder(folder, names, newHash, files),
    release: { version, isVerified },
  };
}

export function programSource(
  args: ServeArgs,
  open: OpenFolder,
  { programs, release }: OfferedPrograms,
): ProgramSource {
  return {
    list: () => programs.list(),
    open: (name) => programs.open(name),
    release: release && { version: release.version, pin: pinOf(args, open) },
  };
}

/** Returns `undefined` if curl can verify the operator's certificate without a pin. */
export function pinOf(args: ServeArgs, open: OpenFolder): string | undefined {
  const isCertified = args.cert !== undefined || !args.tls;
  return isCertified ? undefined : certificatePin(open.certificate.certPem);
}
