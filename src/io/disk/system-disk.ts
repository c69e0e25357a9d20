/** Disk interface implemented on the operating system's file system. */

import * as fs from "node:fs";
import type { SpareDescriptors } from "./descriptors.ts";
import type { DiskFile, TreeDisk } from "./disk.ts";
import { callAsync, readAt, readBuffersAt } from "./reading.ts";
import { SearchThreads } from "./search-worker.ts";
import {
  freeBytes,
  kindOf,
  makeFolderNew,
  modifiedMs,
  moveFolderNew,
  nameNew,
  openPlain,
  removeFolder,
  setMetadata,
} from "./tree.ts";

const FOLDER_MODE = 0o700;
const NEW_FILE_MODE = 0o666;
const NEW = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;

export function systemDisk(spare?: SpareDescriptors): TreeDisk {
  const use: <Opened>(open: () => Opened) => Opened = (open) =>
    spare === undefined ? open() : spare.use(open);
  const close = (fd: number) => (spare === undefined ? fs.closeSync(fd) : spare.close(fd));
  const opened = (open: () => number) => new SystemFile(use(open), close);
  return {
    open: (path, access) => opened(() => openPlain(path, access === "read" ? "read" : "create")),
    list: (folder) => use(() => listFolder(folder)),
    makeFolder: (folder) => {
      fs.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    },
    syncFolder: async (folder) => {
      // Windows journals folder changes itself and cannot open a folder as a file.
      if (process.platform === "win32") return;
      const fd = use(() => fs.openSync(folder, "r"));
      try {
        await callAsync((done) => fs.fsync(fd, done));
      } finally {
        close(fd);
      }
    },
    exists: (path) => fs.existsSync(path),
    rename: (from, to) => fs.renameSync(from, to),
    remove: (path) => fs.rmSync(path, { force: true }),
    search: new SearchThreads(),
    openNew: (path) => opened(() => fs.openSync(path, NEW, NEW_FILE_MODE)),
    openPlain: (path, access) => opened(() => openPlain(path, access)),
    kind: kindOf,
    makeFolderNew,
    nameNew,
    moveFolderNew,
    metadata: setMetadata,
    removeFolder,
    modifiedMs,
    freeBytes,
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

class SystemFile implements DiskFile {
  readonly #fd: number;
  readonly #close: (fd: number) => void;

  constructor(fd: number, close: (fd: number) => void) {
    this.#fd = fd;
    this.#close = close;
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#fd).size;
  }

  read(into: Uint8Array, offset: number): number {
    let done = 0;
    while (done < into.length) {
      const bytesRead = fs.readSync(this.#fd, into, done, into.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  readLater(into: Uint8Array, offset: number): Promise<number> {
    return readAt(this.#fd, into, offset);
  }

  readBuffersLater(into: readonly Uint8Array[], offset: number): Promise<number> {
    return readBuffersAt(this.#fd, into, offset);
  }

  write(bytes: Uint8Array, offset: number): number {
    return fs.writeSync(this.#fd, bytes, 0, bytes.length, offset);
  }

  writeLater(bytes: Uint8Array, offset: number): Promise<number> {
    return callAsync((done) => fs.write(this.#fd, bytes, 0, bytes.length, offset, done));
  }

  writeBuffersLater(parts: readonly Uint8Array[], offset: number): Promise<number> {
    return callAsync((done) => fs.writev(this.#fd, parts, offset, done));
  }

  async sync(): Promise<void> {
    await callAsync((done) => fs.fdatasync(this.#fd, done));
    if (process.platform === "darwin") await flushDriveOfMac(this.#fd);
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#fd, sizeBytes);
  }

  close(): void {
    this.#close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function listFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

const F_FULLFSYNC = 51;

async function flushDriveOfMac(fd: number): Promise<void> {
  const { dlopen, FFIType } = await import("bun:ffi");
  const libc = dlopen("libSystem.B.dylib", {
    fcntl: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  // Ignore the result, because some network drives do not support this call.
  libc.symbols.fcntl(fd, F_FULLFSYNC);
}
