/** Folder of the program files that a server offers for download. */

import * as fs from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { diskFault, errorCode } from "../disk/disk.ts";
import { readAt } from "../disk/system-disk.ts";
import { sharedRun } from "../promises.ts";
import { hashFileInto, type NewHash } from "./file-hash.ts";
import { changedFault } from "./source.ts";
import { stampOf, untilSettledMs } from "./stamp.ts";

export const PROGRAM_BYTES_MAX = 1024 * 1024 * 1024;

export interface ListedProgram {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface OpenProgram extends ListedProgram {
  chunks(from: number): AsyncGenerator<Uint8Array>;
  close(): void;
}

interface OpenFile {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly stamp: string;
  /** Time until a later change is certain to change the stamp. */
  readonly waitMs: number;
}

interface CachedHash {
  readonly stamp: string;
  readonly hash: Promise<string>;
}

const OPEN_FLAGS =
  fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);
const ABSENT_CODES: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EMLINK"]);

export class ProgramFolder {
  readonly #hashes = new Map<string, CachedHash>();

  /** @param expected SHA-256 by file name, in hex. Files with other hashes are not offered. */
  constructor(
    private readonly path: string,
    private readonly names: readonly string[],
    private readonly newHash: NewHash,
    private readonly expected: ReadonlyMap<string, string> = new Map(),
  ) {}

  present(): readonly string[] {
    return this.names.filter((name) => {
      const opened = this.#open(name);
      if (opened !== undefined) fs.closeSync(opened.fd);
      return opened !== undefined;
    });
  }

  readonly list = sharedRun(() => this.#list());

  async #list(): Promise<readonly ListedProgram[]> {
    const listed: ListedProgram[] = [];
    for (const name of this.names) {
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

  /** Returns `undefined` if the file is missing, is being written or has a different hash. */
  async open(name: string): Promise<OpenProgram | undefined> {
    const opened = this.names.includes(name) ? this.#open(name) : undefined;
    if (opened === undefined) return undefined;
    const { fd, sizeBytes, stamp, waitMs } = opened;
    let isClosed = false;
    const close = () => {
      if (!isClosed) fs.closeSync(fd);
      isClosed = true;
    };
    try {
      if (waitMs > 0) await Bun.sleep(waitMs);
      const sha256 = await this.#cachedHash(name, opened);
      if (
        stampOf(fs.fstatSync(fd, { bigint: true })) !== stamp ||
        (this.expected.get(name) ?? sha256) !== sha256
      ) {
        close();
        return undefined;
      }
      const chunks = (from: number) => this.#chunks({ name, sizeBytes, sha256 }, fd, stamp, from);
      return { name, sizeBytes, sha256, chunks, close };
    } catch (error) {
      close();
      throw error instanceof Fault ? error : diskFault(error, join(this.path, name));
    }
  }

  #open(name: string): OpenFile | undefined {
    const path = join(this.path, name);
    try {
      const before = fs.lstatSync(path, { bigint: true });
      if (!isOffered(before)) return undefined;
      const fd = fs.openSync(path, OPEN_FLAGS);
      const stat = fs.fstatSync(fd, { bigint: true });
      // The file may have been replaced, and some systems cannot refuse links when opening.
      if (isOffered(stat) && stat.ino === before.ino && stat.dev === before.dev) {
        const waitMs = untilSettledMs(stat) ?? 0;
        return { fd, sizeBytes: Number(stat.size), stamp: stampOf(stat), waitMs };
      }
      fs.closeSync(fd);
      return undefined;
    } catch (error) {
      if (ABSENT_CODES.has(errorCode(error))) return undefined;
      throw diskFault(error, path);
    }
  }

  #cachedHash(name: string, { fd, sizeBytes, stamp }: OpenFile): Promise<string> {
    const cached = this.#hashes.get(name);
    if (cached?.stamp === stamp) return cached.hash;
    const hash = this.#hash(name, fd, sizeBytes);
    this.#hashes.set(name, { stamp, hash });
    hash.catch(() => {
      if (this.#hashes.get(name)?.hash === hash) this.#hashes.delete(name);
    });
    return hash;
  }

  /** Hashes the file again if only its stamp has changed, for example because it was replaced. */
  async *#chunks(
    { name, sizeBytes, sha256 }: ListedProgram,
    fd: number,
    stampBefore: string,
    from: number,
  ): AsyncGenerator<Uint8Array> {
    let stamp = stampBefore;
    for (let at = from * CHUNK_BYTES; at < sizeBytes; at += CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - at));
      const bytesRead = await readAt(fd, chunk, at);
      const current = stampOf(fs.fstatSync(fd, { bigint: true }));
      const isSame = current === stamp || (await this.#hash(name, fd, sizeBytes)) === sha256;
      if (bytesRead < chunk.length || !isSame) throw changedFault(name);
      stamp = current;
      yield chunk;
    }
  }

  async #hash(name: string, fd: number, sizeBytes: number): Promise<string> {
    const hash = this.newHash();
    if ((await hashFileInto(hash, fd, sizeBytes)) < sizeBytes) throw changedFault(name);
    return hash.digest("hex");
  }
}

function isOffered(stat: fs.BigIntStats): boolean {
  return stat.isFile() && stat.size > 0n && stat.size <= BigInt(PROGRAM_BYTES_MAX);
}
