/** Interface of the file store that all servers of a cluster share. */

import type { FileId } from "../../base/ids.ts";

/**
 * Shares file contents between the servers of a cluster: opaque parts of a file under names, as
 * objects in a bucket. Backed by JetStream or any durable object store.
 */
export interface ContentStore {
  /**
   * Resolves when the part survives the loss of one machine. Replaces an existing part.
   * @param part letters, digits, `-` and `_`
   * @throws {Fault} no-majority if it may or may not be stored; store-full
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /**
   * Like `put`, unless the part exists.
   * @returns false if it exists
   * @throws {Fault} like `put`
   */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * @returns `undefined` if it does not exist
   * @throws {Fault} no-majority
   */
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  /**
   * Names of all parts of a file, unordered.
   * @throws {Fault} no-majority
   */
  parts(file: FileId): Promise<string[]>;
  /**
   * Files that have a part of this name, unordered.
   * @throws {Fault} no-majority
   */
  filesWith(part: string): Promise<FileId[]>;
  /**
   * Time of the last `put`, Unix milliseconds. `undefined` if there is none.
   * @throws {Fault} no-majority
   */
  lastPutMs(file: FileId): Promise<number | undefined>;
  /**
   * Erases all parts of a file, if any.
   * @throws {Fault} no-majority
   */
  erase(file: FileId): Promise<void>;
}
