/** Opens and reads regular files, without following links. */

import * as fs from "node:fs";
import { linkStatOf } from "./stat.ts";

export const FILE_MODE = 0o600;

export function openPlain(path: string, access: "read" | "write" | "create"): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  // Windows has no O_NOFOLLOW, so check before opening.
  if (O_NOFOLLOW === 0 && kindOf(path) === "other") throw notPlain(path);
  // Open without blocking, because opening a pipe waits for its other end.
  const mode = { read: O_RDONLY, write: O_RDWR, create: O_RDWR | O_CREAT }[access];
  const fd = fs.openSync(path, mode | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw notPlain(path);
}

/** Reads the start of a regular file, without following links. */
export function readStart(path: string, sizeBytesMax: number): Buffer {
  const bytes = Buffer.alloc(sizeBytesMax);
  const read = (fd: number) => fs.readSync(fd, bytes, 0, sizeBytesMax, 0);
  return bytes.subarray(0, withFile(openPlain(path, "read"), read));
}

export function withFile<Result>(fd: number, use: (fd: number) => Result): Result {
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

export function notPlain(path: string): Error {
  return Object.assign(new Error(`${path} is not a regular file`), { code: "ELOOP" });
}

export function kindOf(path: string): "file" | "folder" | "other" | undefined {
  const stat = linkStatOf(path);
  if (stat === undefined) return undefined;
  if (stat.isFile()) return "file";
  return stat.isDirectory() ? "folder" : "other";
}
