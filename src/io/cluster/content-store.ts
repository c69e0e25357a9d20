/** Interface of the file store that all servers of a cluster share. */

import type { FileId } from "../../base/ids.ts";

/** Durable store of opaque, named parts of files, for instance as objects in JetStream. */
export interface ContentStore {
  /**
   * Resolves when the part survives the loss of one machine. Replaces an existing part.
   * @param part letters, digits, `-` and `_`
   * @throws {Fault} no-majority if the outcome is unknown, store-full if there is no space
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /**
   * Stores the part unless it exists.
   * @returns false if the part exists
   * @throws {Fault} no-majority, store-full like `put`
   */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * @returns `undefined` if the part does not exist
   * @throws {Fault} no-majority if the store does not answer
   */
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  /**
   * Returns the names of all parts of a file, unordered.
   * @throws {Fault} no-majority if the store does not answer
   */
  parts(file: FileId): Promise<string[]>;
  /**
   * Returns the files that have a part of this name, unordered.
   * @throws {Fault} no-majority if the store does not answer
   */
  filesWith(part: string): Promise<FileId[]>;
  /**
   * Returns the time of the last `put` in Unix milliseconds; `undefined` if the file has no parts.
   * @throws {Fault} no-majority if the store does not answer
   */
  lastPutMs(file: FileId): Promise<number | undefined>;
  /**
   * Erases all parts of a file.
   * @throws {Fault} no-majority if the store does not answer
   */
  erase(file: FileId): Promise<void>;
}
