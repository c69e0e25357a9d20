/** Replaces a program that may be running. */

import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { PERMISSIONS } from "../../wire/modes.ts";
import { diskFault, errorCode, onDisk } from "../disk/disk.ts";
import { type Lock, lockFile } from "../disk/lock.ts";
import { removeFolder, removeFolderNow, removePath, renamePath } from "../disk/open-elsewhere.ts";
import { kindOf, withFile } from "../disk/plain-file.ts";
import { makeFolderNew } from "../disk/system-disk.ts";
import { PROGRAM_BYTES_MAX } from "./program-folder.ts";

const LOCK_NAME = "LOCK";
/**
 * Maximum number of old programs on Windows, which cannot remove a running program. Each
 * replacement removes those that have ended.
 */
const OLD_PROGRAMS_MAX = 1_000;

/**
 * Prepares the new program in a folder beside the old one and installs it by renaming it, so the
 * old program is intact even if this process is killed. The next run removes remaining files.
 */
export class ProgramReplacement {
  private constructor(
    readonly program: string,
    private readonly folder: string,
    private readonly lock: Lock,
    private readonly platform: NodeJS.Platform,
  ) {}

  /**
   * @throws {Fault} data-locked if another process is replacing the program, store-… if the disk
   * fails, data-foreign if `program` is not a regular file or the folder beside it belongs to
   * another program or user
   */
  static open(program: string, platform = process.platform): ProgramReplacement {
    const folder = join(dirname(program), `.${basename(program)}-upgrade`);
    try {
      if (!fs.lstatSync(program).isFile()) {
        throw new Fault("data-foreign", msg`${program} is not a regular file`);
      }
      if (!makeFolderNew(folder) && !isOwnFolder(folder)) {
        throw new Fault("data-foreign", msg`${folder} belongs to another program or user`, {
          remedy: "remove it",
        });
      }
      const lockPath = join(folder, LOCK_NAME);
      const lock = lockFile(lockPath);
      // The lock file is missing if a process that has just finished removed the folder.
      if (lock !== undefined && kindOf(lockPath) === "file") {
        return new ProgramReplacement(program, folder, lock, platform);
      }
      lock?.release();
    } catch (error) {
      throw diskFault(error, folder);
    }
    throw new Fault("data-locked", msg`another process is replacing ${program}`, {
      remedy: "wait until it has finished",
    });
  }

  get path(): string {
    return join(this.folder, basename(this.program));
  }

  /**
   * The new program gets the owner and permissions of the old one.
   * @throws {Fault} store-…, and the faults of `chunks`
   */
  async write(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { path } = this;
    await onDisk(path, async () => {
      await removeFolder(path);
      const file = await fs.promises.open(path, "wx", 0o600);
      try {
        let sizeBytes = 0;
        for await (const chunk of chunks) {
          sizeBytes += chunk.length;
          if (sizeBytes > PROGRAM_BYTES_MAX) {
            throw new Fault("release-untrusted", "the program in the archive is too large");
          }
          for (let done = 0; done < chunk.length; ) {
            done += (await file.write(chunk, done)).bytesWritten;
          }
        }
        const { mode, uid, gid } = fs.statSync(this.program);
        if (process.getuid?.() === 0) await file.chown(uid, gid);
        await file.chmod(mode & PERMISSIONS);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  /** Returns the path of the old program, which is unchanged if this call fails. */
  swap(): string {
    return onDisk(this.program, () =>
      this.platform === "win32" ? this.#swapOnWindows() : this.#swap(),
    );
  }

  close(): void {
    try {
      // Windows cannot remove an open file.
      if (this.platform === "win32") this.lock.release();
      removeFolderNow(this.folder);
    } catch {
    } finally {
      this.lock.release();
    }
  }

  #swap(): string {
    const old = oldPath(this.program, 0);
    if (kindOf(old) === "folder") throw inTheWay(old);
    const copy = join(this.folder, "old");
    removePath(copy);
    try {
      fs.linkSync(this.program, copy);
    } catch {
      fs.copyFileSync(this.program, copy);
    }
    renamePath(copy, old);
    renamePath(this.path, this.program);
    withFile(fs.openSync(dirname(this.program), "r"), fs.fsyncSync);
    return old;
  }

  /** Windows can rename a running program but not replace it. */
  #swapOnWindows(): string {
    const old = this.#freeOldPath();
    renamePath(this.program, old);
    try {
      renamePath(this.path, this.program);
    } catch (error) {
      renamePath(old, this.program);
      throw error;
    }
    return old;
  }

  /** Removes the old programs that have ended. Returns the first free name. */
  #freeOldPath(): string {
    const paths = Array.from({ length: OLD_PROGRAMS_MAX }, (_, i) => oldPath(this.program, i));
    const kept = new Set(paths.filter((path) => kindOf(path) !== undefined && !removes(path)));
    return paths.find((path) => !kept.has(path)) ?? oldPath(this.program, OLD_PROGRAMS_MAX);
  }
}

/** Returns false if the system refuses, as it does while the program runs. */
function removes(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return false;
  }
}

function oldPath(program: string, number: number): string {
  return `${program}.old${number === 0 ? "" : number}`;
}

function inTheWay(path: string): Fault {
  return new Fault("data-foreign", msg`the old program cannot be kept: ${path} is a folder`, {
    remedy: "remove or rename it",
  });
}

function isOwnFolder(folder: string): boolean {
  const stat = fs.lstatSync(folder);
  const uid = process.getuid?.();
  return stat.isDirectory() && (uid === undefined || stat.uid === uid);
}
