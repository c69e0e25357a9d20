/** Interface to the file store that all servers of a cluster share. */

import type { FileId } from "../../base/ids.ts";

export interface ContentStore {
  /**
   * Replaces an existing part.
   * @param part letters, digits, `-` and `_`
   * @throws {Fault} no-majority if the outcome is unknown, store-full if there is no space
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /**
   * Returns false if the part exists.
   * @throws {Fault} no-majority, store-full like `put`
   */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  parts(file: FileId): Promise<string[]>;
  filesWith(part: string): Promise<FileId[]>;
  /** Unix milliseconds; `undefined` if the file has no parts. */
  lastPutMs(file: FileId): Promise<number | undefined>;
  erase(file: FileId): Promise<void>;
}
