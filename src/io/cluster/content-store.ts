/** The interface of the store of files that all servers of a cluster share. */

import type { FileId } from "../../base/ids.ts";

/**
 * Shares the contents of files between the servers of a cluster: opaque parts of a file under
 * names, as objects in a bucket. Backed by JetStream or any object store that keeps what it has
 * acknowledged.
 */
export interface ContentStore {
  /**
   * Resolves when the loss of one machine cannot lose the part. Replaces an existing one.
   * @param part of letters, digits, `-` and `_`
   * @throws Fault no-majority: whether it is stored is unknown; store-full
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /**
   * Like `put`, unless the part exists.
   * @returns false if it exists
   * @throws Fault as `put`
   */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * @returns undefined if it does not exist
   * @throws Fault no-majority
   */
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  /** Names of all parts of a file, in no order. @throws Fault no-majority */
  parts(file: FileId): Promise<string[]>;
  /**
   * Files that have a part of this name, in no order.
   * @throws Fault no-majority
   */
  filesWith(part: string): Promise<FileId[]>;
  /**
   * Unix ms of the last `put`; `undefined` if there is none.
   * @throws Fault no-majority
   */
  touchedMs(file: FileId): Promise<number | undefined>;
  /**
   * Erases all parts of a file. No-op if there are none.
   * @throws Fault no-majority
   */
  erase(file: FileId): Promise<void>;
}
