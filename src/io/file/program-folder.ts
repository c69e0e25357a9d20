/** Program files that a server offers for download. */

import * as fs from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { PROGRAM_BYTES_MAX } from "../../base/limits-page.ts";
import { diskFault, errorCode } from "../disk/disk.ts";
import { changedFault, readAt, stampOf } from "./source-stamp.ts";

export interface ListedProgram {
  readonly name: string;
  readonly sizeBytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** The caller closes it. */
export interface OpenProgram extends ListedProgram {
  /** Of CHUNK_BYTES each, from that one on. @throws Fault file-changed, store-… */
  chunks(from: number): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** What computes a SHA-256 piece by piece. */
export type NewHash = () => { update(bytes: Uint8Array): unknown; digest(as: "hex"): string };

interface Opened {
  readonly fd: number;
  readonly sizeBytes: number;
  /** Changes with the content, and with the file in its place. */
  readonly stamp: string;
}

interface Known {
  readonly stamp: string;
  readonly hash: Promise<string>;
}

/** No link is followed, and nothing that is no file holds the process up. */
const ACCESS =
  fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);
/** Not there, or no longer, or a link after all. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EMLINK"]);

/**
 * A folder of which files of some names are given out, and nothing else: regular ones, that are no
 * links. Each is looked at anew each time, and hashed anew when it is another one.
 */
export class ProgramFolder {
  readonly #path: string;
  readonly #names: readonly string[];
  readonly #newHash: NewHash;
  /** By name; bounded by the names. */
  readonly #known = new Map<string, Known>();
  #listing: Promise<readonly ListedProgram[]> | undefined;

  constructor(path: string, names: readonly string[], newHash: NewHash) {
    this.#path = path;
    this.#names = names;
    this.#newHash = newHash;
  }

  /** Those that are there at this moment. @throws Fault store-… */
  present(): readonly string[] {
    return this.#names.filter((name) => {
      const opened = this.#open(name);
      if (opened !== undefined) fs.closeSync(opened.fd);
      return opened !== undefined;
    });
  }

  /** All who ask while it is made get the same. What cannot be read is left out. */
  list(): Promise<readonly ListedProgram[]> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #list(): Promise<readonly ListedProgram[]> {
    const listed: ListedProgram[] = [];
    for (const name of this.#names) {
      try {
        const program = await this.open(name);
        if (program === undefined) continue;
        program.close();
        listed.push({ name, sizeBytes: program.sizeBytes, sha256: program.sha256 });
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
    return listed;
  }

  /**
   * @returns undefined: there is none of that name, it is none of those that are given out, or it
   * is being written
   * @throws Fault store-…
   */
  async open(name: string): Promise<OpenProgram | undefined> {
    const opened = this.#names.includes(name) ? this.#open(name) : undefined;
    if (opened === undefined) return undefined;
    const { fd, sizeBytes, stamp } = opened;
    let isClosed = false;
    const close = () => {
      if (!isClosed) fs.closeSync(fd);
      isClosed = true;
    };
    try {
      const sha256 = await this.#hashed(name, opened);
      if (stampOfFile(fd) !== stamp) {
        close();
        return undefined;
      }
      const chunks = (from: number) => chunksOf(name, fd, from);
      return { name, sizeBytes, sha256, chunks, close };
    } catch (error) {
      close();
      throw error instanceof Fault ? error : diskFault(error, join(this.#path, name));
    }
  }

  #open(name: string): Opened | undefined {
    const path = join(this.#path, name);
    try {
      const before = fs.lstatSync(path, { bigint: true });
      if (!isOffered(before)) return undefined;
      const fd = fs.openSync(path, ACCESS);
      const stat = fs.fstatSync(fd, { bigint: true });
      // Another one may have come in its place; and not every system can refuse a link.
      if (isOffered(stat) && stat.ino === before.ino && stat.dev === before.dev) {
        return { fd, sizeBytes: Number(stat.size), stamp: stampWithPlace(stat) };
      }
      fs.closeSync(fd);
      return undefined;
    } catch (error) {
      if (ABSENT.has(errorCode(error))) return undefined;
      throw diskFault(error, path);
    }
  }

  #hashed(name: string, { fd, sizeBytes, stamp }: Opened): Promise<string> {
    const known = this.#known.get(name);
    if (known?.stamp === stamp) return known.hash;
    const hash = this.#hash(name, fd, sizeBytes);
    this.#known.set(name, { stamp, hash });
    hash.catch(() => {
      if (this.#known.get(name)?.hash === hash) this.#known.delete(name);
    });
    return hash;
  }

  async #hash(name: string, fd: number, sizeBytes: number): Promise<string> {
    const hash = this.#newHash();
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < sizeBytes; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, sizeBytes - at));
      if ((await readAt(fd, piece, at)) < piece.length) throw changedFault(name);
      hash.update(piece);
    }
    return hash.digest("hex");
  }
}

function isOffered(stat: fs.BigIntStats): boolean {
  return stat.isFile() && stat.size > 0n && stat.size <= BigInt(PROGRAM_BYTES_MAX);
}

function stampWithPlace(stat: fs.BigIntStats): string {
  return `${stampOf(stat)}.${stat.ctimeNs}`;
}

function stampOfFile(fd: number): string {
  return stampWithPlace(fs.fstatSync(fd, { bigint: true }));
}

/** One that was replaced meanwhile goes on as it was; one that was written into breaks off. */
async function* chunksOf(name: string, fd: number, from: number): AsyncGenerator<Uint8Array> {
  const stat = fs.fstatSync(fd, { bigint: true });
  const [stamp, sizeBytes] = [stampOf(stat), Number(stat.size)];
  for (let at = from * CHUNK_BYTES; at < sizeBytes; at += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - at));
    const got = await readAt(fd, chunk, at);
    const isSame = stampOf(fs.fstatSync(fd, { bigint: true })) === stamp;
    if (got < chunk.length || !isSame) throw changedFault(name);
    yield chunk;
  }
}
