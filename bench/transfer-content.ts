import * as fs from "node:fs";
import { basename, join } from "node:path";

export interface Content {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** For a folder, the hash of all its files concatenated in the order of their paths. */
  readonly sha256: string;
  readonly isFolder: boolean;
}

const BLOCK_BYTES = 1 << 20;
const FILES_PER_FOLDER = 100;
/** Limit of `crypto.getRandomValues` per call. */
const RANDOM_BYTES_MAX = 65_536;

export function randomFile(path: string, sizeBytes: number): Content {
  const fd = fs.openSync(path, "w");
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < sizeBytes; at += block.length) {
    fillRandom(block);
    fs.writeSync(fd, block, 0, Math.min(block.length, sizeBytes - at));
  }
  fs.fdatasyncSync(fd); // Otherwise the write-back would slow down a later measurement.
  fs.closeSync(fd);
  return contentOf(path);
}

export function randomFolder(path: string, files: number, fileBytes: number): Content {
  const bytes = new Uint8Array(fileBytes);
  for (let i = 0; i < files; i++) {
    const folder = join(path, `part-${String(Math.floor(i / FILES_PER_FOLDER)).padStart(3, "0")}`);
    if (i % FILES_PER_FOLDER === 0) fs.mkdirSync(folder, { recursive: true });
    fillRandom(bytes);
    fs.writeFileSync(join(folder, `file-${String(i).padStart(5, "0")}.bin`), bytes);
  }
  return contentOf(path);
}

function contentOf(path: string): Content {
  const isFolder = fs.statSync(path).isDirectory();
  const sizeBytes = filesOf(path).reduce((sum, file) => sum + fs.statSync(file).size, 0);
  return { path, name: basename(path), sizeBytes, sha256: contentSha256(path), isFolder };
}

export function contentSha256(path: string, skipBytes = 0): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const block = new Uint8Array(BLOCK_BYTES);
  let at = skipBytes;
  for (const file of filesOf(path)) {
    const fd = fs.openSync(file, "r");
    for (;;) {
      const got = fs.readSync(fd, block, 0, block.length, at);
      if (got === 0) break;
      hasher.update(block.subarray(0, got));
      at += got;
    }
    fs.closeSync(fd);
    at = 0;
  }
  return hasher.digest("hex");
}

function filesOf(path: string): string[] {
  if (!fs.statSync(path).isDirectory()) return [path];
  const names = fs.readdirSync(path, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fillRandom(block: Uint8Array): void {
  for (let at = 0; at < block.length; at += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(block.subarray(at, at + RANDOM_BYTES_MAX));
  }
}
