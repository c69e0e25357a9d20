/** Installs a release from a folder or an address. */

import { closeSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg, unlessFault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import type { ReleaseKey } from "../../crypto/minisign.ts";
import type { Clock } from "../../io/clock.ts";
import { readFormat } from "../../io/disk/data-folder.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { openPlain } from "../../io/disk/plain-file.ts";
import { statOf } from "../../io/disk/stat.ts";
import { readAt } from "../../io/disk/system-disk.ts";
import type { ProgramReplacement } from "../../io/file/program-replacement.ts";
import { CLIENT_STATE_FILE, readHomeFormat } from "../../io/state/schema.ts";
import { parseObject } from "../../wire/record.ts";
import { startProgram } from "../child-program.ts";
import type { Environment } from "../settings.ts";
import { openZip } from "../zip.ts";
import { copyCapabilities } from "./capabilities.ts";
import {
  differenceFault,
  parseRelease,
  type Release,
  SIGNATURE_NAME,
  SUMS_NAME,
  sumOf,
} from "./release.ts";

/** Maximum time without a received byte. */
const STALL_TIMEOUT_MS = 30_000;
const LENGTH = "content-length";

export type OnDownloadProgress = (doneBytes: number, sizeBytes: number | undefined) => void;

export interface ReleaseSource {
  /**
   * @param onProgress called for a file at an address, the last time with equal numbers
   * @returns `undefined` if the file does not exist
   * @throws {Fault} release-untrusted if the file is too large; unreachable, timeout, too-many,
   * store-…
   */
  read(
    name: string,
    sizeBytesMax: number,
    onProgress?: OnDownloadProgress,
  ): Promise<Uint8Array | undefined>;
}

/** @throws {Fault} usage, not-found */
export function openReleaseSource(
  from: string,
  clock: Pick<Clock, "after">,
  env: Environment,
): ReleaseSource {
  if (/^https?:\/\//i.test(from)) return remoteSource(from, clock, env);
  if (statOf(from)?.isDirectory() !== true) {
    throw new Fault("not-found", msg`no such folder: ${from}`, {
      remedy: "name the folder of a release, or an address that begins with https://",
    });
  }
  return { read: (name, sizeBytesMax) => readFile(join(from, name), sizeBytesMax) };
}

async function readFile(path: string, sizeBytesMax: number): Promise<Uint8Array | undefined> {
  let file: number | undefined;
  try {
    file = openPlain(path, "read");
    const { size } = statSync(path);
    // Reads one extra byte, to detect that the file has grown.
    const bytes = new Uint8Array(Math.min(size, sizeBytesMax) + 1);
    const count = await readAt(file, bytes, 0);
    if (count > sizeBytesMax) throw tooLarge(path, sizeBytesMax);
    return bytes.subarray(0, count);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw diskFault(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function remoteSource(from: string, clock: Pick<Clock, "after">, env: Environment): ReleaseSource {
  const base = URL.parse(from.replace(/(?<!\/)\/*$/, "/"));
  if (base === null || base.search !== "" || base.hash !== "") {
    throw new Fault("usage", msg`${from} is not a valid address`, {
      remedy: "name the address of a release, such as https://chat.example.org/0.3.0",
    });
  }
  if (base.username !== "" || base.password !== "") {
    // A password would not be safe, because the certificate is not checked.
    throw new Fault("usage", "the address of a release cannot contain a user name or password");
  }
  const read: ReleaseSource["read"] = async (name, sizeBytesMax, onProgress) => {
    const url = new URL(encodeURIComponent(name), base);
    const options = proxyRemedy(url, env);
    const stall = new AbortController();
    let stopTimer = clock.after(STALL_TIMEOUT_MS, () => stall.abort());
    const onBytes: OnDownloadProgress = (doneBytes, sizeBytes) => {
      stopTimer();
      stopTimer = clock.after(STALL_TIMEOUT_MS, () => stall.abort());
      onProgress?.(doneBytes, sizeBytes);
    };
    try {
      return await download(url, sizeBytesMax, stall.signal, onBytes);
    } catch (error) {
      if (error instanceof Fault && error.code !== "unreachable") throw error;
      if (stall.signal.aborted)
        throw new Fault("timeout", msg`${url.href} does not answer`, options);
      const reason = error instanceof Error ? error.message : String(error);
      const message =
        error instanceof Fault ? error.message : `cannot download ${url.href}: ${reason}`;
      throw new Fault("unreachable", message, { ...options, cause: error });
    } finally {
      stopTimer();
    }
  };
  return { read };
}

/** The runtime uses a proxy that the environment names, also for addresses in the local network. */
function proxyRemedy({ protocol, hostname }: URL, env: Environment): { remedy?: string } {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = [name, name.toUpperCase()].find((found) => env[found]);
  if (variable === undefined) return {};
  return { remedy: `check the proxy in ${variable}, or set NO_PROXY=${hostname}` };
}

async function download(
  url: URL,
  sizeBytesMax: number,
  signal: AbortSignal,
  onBytes: OnDownloadProgress,
): Promise<Uint8Array | undefined> {
  // Certificates are not checked, because a chat server signs its own. The release signature
  // authenticates the content.
  const response = await fetch(url, { signal, tls: { rejectUnauthorized: false } });
  if (response.status === 404) return undefined;
  if (response.status === 429 || response.status === 503) {
    throw new Fault("too-many", msg`${url.href}: too many downloads`);
  }
  if (!response.ok) {
    throw new Fault("unreachable", msg`cannot download ${url.href}: HTTP ${response.status}`);
  }
  // A compressed response has an unknown size.
  const length = response.headers.has("content-encoding") ? null : response.headers.get(LENGTH);
  const chunks: Uint8Array[] = [];
  let doneBytes = 0;
  for await (const chunk of response.body ?? []) {
    doneBytes += chunk.length;
    if (doneBytes > sizeBytesMax) throw tooLarge(url.href, sizeBytesMax);
    onBytes(doneBytes, length === null ? undefined : Number(length));
    chunks.push(chunk);
  }
  onBytes(doneBytes, doneBytes);
  return concatBytes(...chunks);
}

function tooLarge(name: string, sizeBytesMax: number): Fault {
  return new Fault("release-untrusted", msg`${name} is larger than ${formatSize(sizeBytesMax)}`);
}

/** @internal */
export const ARCHIVE_SUFFIXES = [".tar.zst", ".tar.gz", ".zip"] as const;

/**
 * @param path path in the archive, such as `chat-0.2.0-linux-x64/chat`
 * @throws {Fault} release-untrusted if the file is missing, is a link, or cannot be unpacked
 * @internal
 */
export async function* readArchive(
  name: string,
  bytes: Uint8Array,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    if (name.endsWith(".zip")) yield* slices(zipEntry(bytes, path));
    else yield* tarEntry(unpacked(bytes, name.endsWith(".zst")), path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Fault && error.code !== "folder-malformed") throw error;
    throw new Fault("release-untrusted", msg`cannot unpack ${name}: ${reason}`, { cause: error });
  }
}

function unpacked(bytes: Uint8Array, isZstd: boolean): AsyncIterable<Uint8Array> {
  return Readable.from(slices(bytes)).pipe(isZstd ? createZstdDecompress() : createGunzip());
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

const BLOCK_BYTES = 512;
const REGULAR_FILE = new Set(["0", "\0"]);

async function* tarEntry(
  stream: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  let header: Uint8Array = new Uint8Array(0);
  let remaining = 0;
  let padding = 0;
  let isWanted = false;
  for await (const chunk of stream) {
    for (let rest = chunk; rest.length > 0; ) {
      if (remaining > 0) {
        const content = rest.subarray(0, remaining);
        if (isWanted) yield content;
        remaining -= content.length;
        rest = rest.subarray(content.length);
        if (isWanted && remaining === 0) return;
        continue;
      }
      const skipped = Math.min(padding, rest.length);
      padding -= skipped;
      rest = rest.subarray(skipped);
      const more = rest.subarray(0, BLOCK_BYTES - header.length);
      header = concatBytes(header, more);
      rest = rest.subarray(more.length);
      if (header.length < BLOCK_BYTES) continue;
      const entry = tarHeader(header);
      header = new Uint8Array(0);
      isWanted = entry.path === path;
      if (isWanted && !REGULAR_FILE.has(entry.type)) throw notRegular(path);
      if (isWanted && entry.sizeBytes === 0) return;
      remaining = entry.sizeBytes;
      padding = (BLOCK_BYTES - (remaining % BLOCK_BYTES)) % BLOCK_BYTES;
    }
  }
  throw missing(path, isWanted);
}

function tarHeader(block: Uint8Array) {
  const text = (from: number, to: number) =>
    utf8Decode(block.subarray(from, to)).replace(/\0.*$/s, "");
  const prefix = text(345, 500);
  const sizeBytes = Number.parseInt(text(124, 136).trim() || "0", 8);
  if (!Number.isSafeInteger(sizeBytes)) throw new Error("a header is malformed");
  const path = `${prefix === "" ? "" : `${prefix}/`}${text(0, 100)}`;
  return { path, sizeBytes, type: String.fromCharCode(block[156] ?? 0) };
}

function zipEntry(bytes: Uint8Array, path: string): Uint8Array {
  const { entries, read } = openZip(bytes);
  const entry = entries.get(path);
  if (entry === undefined) throw missing(path, false);
  if (!entry.isRegular) throw notRegular(path);
  return read(path);
}

function notRegular(path: string): Fault {
  return new Fault("release-untrusted", msg`${path} in the archive is not a regular file`);
}

function missing(path: string, isTruncated: boolean): Fault {
  const state = isTruncated ? "truncated" : "missing";
  return new Fault("release-untrusted", msg`${path} in the archive is ${state}`);
}

const LIST_BYTES_MAX = 64 * 1024;
/** Five times the size of the largest archive. */
const ARCHIVE_BYTES_MAX = 256 * 1024 * 1024;
const RUN_TIMEOUT_MS = 30_000;
/** Programs before 0.3.0, which open no present folder or home, do not report their formats. */
const UNREPORTED_FORMAT = 1;

export interface UpgradeOptions {
  readonly replacement: ProgramReplacement;
  readonly source: ReleaseSource;
  readonly key: ReleaseKey;
  readonly program: { readonly version: string; readonly target: string };
  readonly isDowngrade: boolean;
  readonly dataFolders: readonly string[];
  /** Values of CHAT_HOME. */
  readonly homes: readonly string[];
  /** Installs a program that cannot open some of them. */
  readonly allowsUnreadable: boolean;
  readonly env: Environment;
  readonly onProgress: (name: string, ...progress: Parameters<OnDownloadProgress>) => void;
}

export interface ProgramUpgrade {
  readonly version: string;
  readonly oldPath: string;
  readonly converted: readonly string[];
  readonly unreadable: readonly Unreadable[];
  /** Command that gives the new program the file capabilities of the old one. */
  readonly setcap: string | undefined;
}

/** A data folder or home that the new program cannot open. */
export interface Unreadable {
  readonly path: string;
  readonly format: number;
  /** How the user makes it readable. */
  readonly wayBack: string;
}

/**
 * Keeps the old program until the new one is verified, complete and has run once.
 * @returns `undefined` if this version is already installed
 * @throws {Fault} release-untrusted, not-allowed for an older version, not-found, store-…,
 * version-unsupported if the new program does not run here or cannot read a data folder
 */
export async function upgradeProgram(options: UpgradeOptions): Promise<ProgramUpgrade | undefined> {
  const { replacement, source, key, program, dataFolders, homes } = options;
  const release = await fetchRelease(source, key);
  if (!isWanted(release, program.version, options.isDowngrade)) return undefined;
  const archive = await fetchArchive(release, program.target, options);
  const folder = `chat-${release.version}-${program.target}`;
  const file = program.target.startsWith("windows") ? "chat.exe" : "chat";
  await replacement.write(readArchive(archive.name, archive.bytes, `${folder}/${file}`));
  const { version } = release;
  const formats = await checkProgram(replacement.path, version, options.env);
  const unreadable = [
    ...dataFolders.flatMap((path) => unreadableFolder(path, formats.format) ?? []),
    ...homes.flatMap((path) => unreadableHome(path, formats.home) ?? []),
  ];
  if (unreadable.length > 0 && !options.allowsUnreadable)
    throw unreadableFault(version, unreadable);
  const converted = dataFolders.filter((path) => {
    const current = readFormat(path);
    return current !== undefined && current < formats.format;
  });
  const setcap = await copyCapabilities(replacement.program, replacement.path, options.env);
  return { version, oldPath: replacement.swap(), converted, unreadable, setcap };
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

function isWanted({ version }: Release, current: string, isDowngrade: boolean): boolean {
  const order = Bun.semver.order(version, current);
  if (order >= 0 || isDowngrade) return order > 0 || isDowngrade;
  const message = msg`the release is older (chat ${version}) than this program (chat ${current})`;
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

interface Formats {
  /** Newest format of data folders that the program opens. */
  readonly format: number;
  readonly home: number;
}

async function checkProgram(path: string, version: string, env: Environment): Promise<Formats> {
  const output = await runProgram(path, env);
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
  const { format, home } = build;
  return {
    format: typeof format === "number" ? format : UNREPORTED_FORMAT,
    home: typeof home === "number" ? home : UNREPORTED_FORMAT,
  };
}

async function runProgram(path: string, env: Environment): Promise<string> {
  try {
    const child = startProgram([path, "version", "--json"], env, {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: RUN_TIMEOUT_MS,
    });
    const [output, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
    return exitCode === 0 ? output.trim() : "";
  } catch {
    return "";
  }
}

function unreadableFolder(path: string, newest: number): Unreadable | undefined {
  const format = readFormat(path);
  if (format === undefined || format <= newest) return undefined;
  return { path, format, wayBack: "restore a backup made before its format changed" };
}

function unreadableHome(path: string, newest: number): Unreadable | undefined {
  const home = unlessFault(() => readHomeFormat(path));
  if (home === undefined || home.format <= newest) return undefined;
  const copy = home.copies.find((number) => number <= newest);
  const file = join(path, CLIENT_STATE_FILE);
  const wayBack =
    copy === undefined
      ? "sign in again with another CHAT_HOME and the account's password"
      : `remove ${file}-wal and ${file}-shm, and rename ${file}.v${copy} to ${file}`;
  return { path, format: home.format, wayBack };
}

function unreadableFault(version: string, unreadable: readonly Unreadable[]): Fault {
  const all = unreadable.map(({ path, format }) => `${path} (format ${format})`).join(", ");
  const ways = unreadable.map(({ path, wayBack }) => `for ${path}, ${wayBack}`).join("; ");
  return new Fault("version-unsupported", msg`chat ${version} cannot open ${all}`, {
    remedy: `choose a newer release, or add --allow-unreadable; then ${ways}`,
  });
}
