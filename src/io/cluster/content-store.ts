/** The interface of the store of files that all servers of a cluster share. */

import type { FileId } from "../../base/ids.ts";

/**
 * Where the servers of a cluster share the contents of files: parts of a file under names, as
 * objects lie in a bucket. What stands in them is not looked at here. JetStream behind it, or any
 * store of objects that keeps what it has acknowledged.
 */
export interface ContentStore {
  /**
   * Resolves when the loss of one machine does not lose it. What is there is replaced.
   * @param part of letters, digits, `-` and `_`
   * @throws Fault no-majority: whether it is stored is not known; store-full
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /** The same where there is none. @returns false: there is one @throws Fault as `put` */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  /** @returns undefined: there is none @throws Fault no-majority */
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  /** Names of all parts of a file, in no order. @throws Fault no-majority */
  parts(file: FileId): Promise<string[]>;
  /** Files that have a part of this name, in no order. @throws Fault no-majority */
  filesWith(part: string): Promise<FileId[]>;
  /** Unix ms of the last part that was put; undefined: there is none. @throws Fault no-majority */
  touchedMs(file: FileId): Promise<number | undefined>;
  /** All parts of a file. Nothing happens if there is none. @throws Fault no-majority */
  erase(file: FileId): Promise<void>;
}
