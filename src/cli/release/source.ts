/** Files of a release in a folder or at an address. */

import { closeSync, statSync } from "node:fs";
import { join } from "node:path";
import { concatBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { formatSize } from "../../base/sizes.ts";
import type { Clock } from "../../io/clock.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { openPlain } from "../../io/disk/plain-file.ts";
import { readAt } from "../../io/disk/system-disk.ts";

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
export function openReleaseSource(from: string, clock: Pick<Clock, "after">): ReleaseSource {
  if (/^https?:\/\//i.test(from)) return remoteSource(from, clock);
  if (statSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) {
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

function remoteSource(from: string, clock: Pick<Clock, "after">): ReleaseSource {
  const base = URL.parse(from.replace(/\/*$/, "/"));
  if (base === null || base.search !== "" || base.hash !== "") {
    throw new Fault("usage", msg`${from} is not a valid address`, {
      remedy: "name the address of a release, such as https://chat.example.org/0.2.0",
    });
  }
  if (base.username !== "" || base.password !== "") {
    // A password would not be safe, because the certificate is not checked.
    throw new Fault("usage", "the address of a release cannot contain a user name or password");
  }
  const read: ReleaseSource["read"] = async (name, sizeBytesMax, onProgress) => {
    const url = new URL(encodeURIComponent(name), base);
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
      if (error instanceof Fault) throw error;
      if (stall.signal.aborted) throw new Fault("timeout", msg`${url.href} does not answer`);
      const reason = error instanceof Error ? error.message : String(error);
      throw new Fault("unreachable", msg`cannot download ${url.href}: ${reason}`, { cause: error });
    } finally {
      stopTimer();
    }
  };
  return { read };
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
