/** Replaces the program with the one from a verified release. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { ReleaseKey } from "../../crypto/minisign.ts";
import { readFormat } from "../../io/disk/data-folder.ts";
import type { ProgramReplacement } from "../../io/file/program-replacement.ts";
import { parseObject } from "../../wire/record.ts";
import { ARCHIVE_SUFFIXES, readArchive } from "./archive.ts";
import {
  differenceFault,
  parseRelease,
  type Release,
  SIGNATURE_NAME,
  SUMS_NAME,
  sumOf,
} from "./release.ts";
import type { OnDownloadProgress, ReleaseSource } from "./source.ts";

const LIST_BYTES_MAX = 64 * 1024;
/** Five times the size of the largest archive. */
const ARCHIVE_BYTES_MAX = 256 * 1024 * 1024;
const RUN_TIMEOUT_MS = 30_000;
const UNREPORTED_FORMAT = 1;

export interface UpgradeOptions {
  readonly replacement: ProgramReplacement;
  readonly source: ReleaseSource;
  readonly key: ReleaseKey;
  readonly program: { readonly version: string; readonly target: string };
  readonly isDowngrade: boolean;
  readonly dataFolders: readonly string[];
  readonly onProgress: (name: string, ...progress: Parameters<OnDownloadProgress>) => void;
}

export interface Upgrade {
  readonly version: string;
  readonly oldPath: string;
  readonly converted: readonly string[];
}

/**
 * Keeps the old program until the new one is verified, complete and has run once.
 * @throws {Fault} release-untrusted, not-allowed for an older version, not-found, store-…,
 * version-unsupported if the new program does not run here or cannot read a data folder
 */
export async function upgradeProgram(options: UpgradeOptions): Promise<Upgrade> {
  const { replacement, source, key, program, dataFolders } = options;
  const release = await fetchRelease(source, key);
  checkVersion(release, program.version, options.isDowngrade);
  const archive = await fetchArchive(release, program.target, options);
  const folder = `chat-${release.version}-${program.target}`;
  const file = program.target.startsWith("windows") ? "chat.exe" : "chat";
  await replacement.write(readArchive(archive.name, archive.bytes, `${folder}/${file}`));
  const format = await checkProgram(replacement.path, release.version);
  const converted = checkDataFolders(dataFolders, release.version, format);
  return { version: release.version, oldPath: replacement.swap(), converted };
}

async function fetchRelease(source: ReleaseSource, key: ReleaseKey): Promise<Release> {
  const fetchText = async (name: string) => {
    const bytes = await source.read(name, LIST_BYTES_MAX);
    if (bytes !== undefined) return utf8Decode(bytes);
    throw new Fault("not-found", msg`the release has no ${name}`, {
      remedy: "name the folder or address that contains all files of a release",
    });
  };
  return parseRelease(key, await fetchText(SUMS_NAME), await fetchText(SIGNATURE_NAME));
}

function checkVersion({ version }: Release, current: string, isDowngrade: boolean): void {
  const order = Bun.semver.order(version, current);
  if (order > 0 || isDowngrade) return;
  const message =
    order === 0
      ? msg`chat ${version} is already installed`
      : msg`the release is older (chat ${version}) than this program (chat ${current})`;
  throw new Fault("not-allowed", message, { remedy: "add --downgrade to install it anyway" });
}

async function fetchArchive(
  { version, files }: Release,
  target: string,
  { source, onProgress }: Pick<UpgradeOptions, "source" | "onProgress">,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const names = ARCHIVE_SUFFIXES.map((suffix) => `chat-${version}-${target}${suffix}`);
  const listed = names.filter((name) => files.has(name));
  if (listed.length === 0) {
    throw new Fault("not-found", msg`chat ${version} has no program for ${target}`);
  }
  for (const name of listed) {
    const bytes = await source.read(name, ARCHIVE_BYTES_MAX, (...progress) =>
      onProgress(name, ...progress),
    );
    if (bytes === undefined) continue;
    if (sumOf(bytes) !== files.get(name)) throw differenceFault(name);
    return { name, bytes };
  }
  throw new Fault("not-found", msg`the release lacks ${listed.join(" and ")}`);
}

async function checkProgram(path: string, version: string): Promise<number> {
  const output = await runProgram(path);
  const build = parseObject(utf8Encode(output)) ?? {};
  if (build["kind"] !== "version") {
    throw new Fault("version-unsupported", "the new program does not run on this system", {
      remedy: "keep this version, and report it",
    });
  }
  if (build["version"] !== version) {
    throw new Fault(
      "release-untrusted",
      msg`the program in the release of chat ${version} is chat ${String(build["version"])}`,
    );
  }
  const { format } = build;
  return typeof format === "number" ? format : UNREPORTED_FORMAT;
}

async function runProgram(path: string): Promise<string> {
  try {
    const child = Bun.spawn([path, "version", "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: RUN_TIMEOUT_MS,
    });
    const [output, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
    return exitCode === 0 ? output.trim() : "";
  } catch {
    return "";
  }
}

function checkDataFolders(
  folders: readonly string[],
  version: string,
  format: number,
): readonly string[] {
  return folders.filter((folder) => {
    const current = readFormat(folder);
    if (current !== undefined && current > format) {
      const message = msg`chat ${version} cannot open ${folder} (format ${current})`;
      throw new Fault("version-unsupported", message, { remedy: "choose a newer release" });
    }
    return current !== undefined && current < format;
  });
}
