/** Downloaded release: its signed list of checksums and the listed files. */

import { closeSync } from "node:fs";
import { basename, join } from "node:path";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { RELEASE_KEY } from "../../base/version.ts";
import {
  parseReleaseKey,
  type ReleaseKey,
  unverifiedComment,
  verifyRelease,
} from "../../crypto/minisign.ts";
import { decodeText, readNamedInput, readSmallFile } from "../../io/disk/data-folder.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { openPlain } from "../../io/disk/plain-file.ts";
import { hashFileInto } from "../../io/file/file-hash.ts";

export const SUMS_NAME = "SHA256SUMS";
export const SIGNATURE_NAME = "SHA256SUMS.minisig";
const COMMENT = /^chat (?<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)$/;
const SUM = /^(?<sha256>[0-9a-f]{64}) [ *](?<name>[0-9A-Za-z][0-9A-Za-z._+~-]{0,127})$/;
/** Limit well above the number of files in a release. */
const FILES_MAX = 256;

export interface Release {
  readonly version: string;
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Returns the built-in release key, or the key in the file that the user names.
 * @throws {Fault} usage if there is no key
 */
export async function releaseKey(path: string | undefined): Promise<ReleaseKey> {
  if (path === undefined) return builtInKey();
  const text = await readNamedInput(path);
  if (text === undefined)
    throw new Fault("not-found", msg`no such file: ${path}`, { remedy: msg`check the path` });
  return parseReleaseKey(decodeText(text, path));
}

/** @throws {Fault} usage if there is none */
export function builtInKey(): ReleaseKey {
  if (RELEASE_KEY !== "") return parseReleaseKey(RELEASE_KEY);
  throw new Fault("usage", "this program was built without a release key", {
    remedy: "name the public key with --key FILE",
  });
}

/**
 * @param key `undefined` skips the signature check
 * @throws {Fault} release-untrusted
 */
export function parseRelease(
  key: ReleaseKey | undefined,
  sums: string,
  signature: string,
): Release {
  const comment =
    key === undefined
      ? unverifiedComment(signature)
      : verifyRelease(key, utf8Encode(sums), signature);
  const version = COMMENT.exec(comment)?.groups?.["version"];
  const lines = sums.split("\n").slice(0, -1);
  const files = new Map<string, string>();
  for (const line of lines.slice(0, FILES_MAX)) {
    const { sha256, name } = SUM.exec(line)?.groups ?? {};
    if (sha256 !== undefined && name !== undefined) files.set(name, sha256);
  }
  if (version === undefined || files.size === 0 || files.size !== lines.length) {
    throw new Fault("release-untrusted", `${SUMS_NAME} is not the list of a chat release`);
  }
  return { version, files };
}

/** @throws {Fault} not-found, release-untrusted, store-… */
export function readRelease(key: ReleaseKey | undefined, folder: string): Release {
  const read = (name: string) => {
    const text = readSmallFile(join(folder, name));
    if (text !== undefined) return text;
    throw new Fault("not-found", msg`no ${name} in ${folder}`, {
      remedy: `download ${SUMS_NAME} and ${SIGNATURE_NAME} into the same folder`,
    });
  };
  return parseRelease(key, read(SUMS_NAME), read(SIGNATURE_NAME));
}

/**
 * Compares a file with its checksum, without following links.
 * @returns false if the file does not exist
 * @throws {Fault} release-untrusted if the file is not listed or its checksum differs; store-…
 */
export async function checkReleaseFile(
  { version, files }: Release,
  path: string,
): Promise<boolean> {
  const name = basename(path);
  const expected = files.get(name);
  if (expected === undefined) {
    throw new Fault("release-untrusted", msg`${name} is not part of chat ${version}`);
  }
  const actual = await hashFile(path);
  if (actual === undefined || actual === expected) return actual !== undefined;
  throw differenceFault(name);
}

export function sumOf(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function differenceFault(name: string): Fault {
  return new Fault("release-untrusted", msg`${name} differs from the signed release`);
}

async function hashFile(path: string): Promise<string | undefined> {
  let file: number | undefined;
  try {
    file = openPlain(path, "read");
    const hash = new Bun.CryptoHasher("sha256");
    await hashFileInto(hash, file);
    return hash.digest("hex");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw diskFault(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
