/** Small named values that a server stores for offline devices. */

import { equalBytes } from "../../base/bytes.ts";
import {
  type Disk,
  onDisk,
  readWholeFile,
  removeFile,
  syncWithParents,
  writeWholeFile,
} from "../disk/disk.ts";

export interface Value {
  readonly bytes: Uint8Array;
  readonly revision: string;
}

export interface Bucket {
  read(name: string): Promise<Value | undefined>;
  /**
   * Resolves to false if the current value differs from `before`; `undefined` creates a value.
   * @throws {Fault} store-… if the disk fails, no-majority if the outcome is unknown
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  remove(name: string): Promise<void>;
  /**
   * Removes values for which `isKept` returns false, except recent ones, which another server may
   * be about to use.
   */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}

export interface FolderBucketOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly suffix: string;
  readonly sizeBytesMax: number;
}

/** For use by a single process. Writes to the same name must not overlap. */
export class FolderBucket implements Bucket {
  #isDurable = false;

  constructor(private readonly options: FolderBucketOptions) {}

  async read(name: string): Promise<Value | undefined> {
    const { disk, sizeBytesMax } = this.options;
    const bytes = readWholeFile(disk, this.#path(name), sizeBytesMax);
    return bytes === undefined ? undefined : { bytes, revision: "" };
  }

  async write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean> {
    const current = await this.read(name);
    const isSame =
      current === undefined || before === undefined
        ? current === before
        : equalBytes(current.bytes, before.bytes);
    if (!isSame) return false;
    await this.#ensureFolder();
    await writeWholeFile(this.options.disk, this.#path(name), bytes);
    return true;
  }

  async remove(name: string): Promise<void> {
    const { disk } = this.options;
    await onDisk(this.#path(name), () => removeFile(disk, this.#path(name)));
  }

  names(): readonly string[] {
    const { disk, folder, suffix } = this.options;
    const files = disk.list(folder).filter((file) => file.endsWith(suffix));
    return files.map((file) => file.slice(0, -suffix.length));
  }

  async sweep(isKept: (name: string) => boolean): Promise<void> {
    const { disk, folder, suffix } = this.options;
    for (const file of disk.list(folder)) {
      const isUnfinished = file.endsWith(`${suffix}.tmp`);
      if (!isUnfinished && !file.endsWith(suffix)) continue;
      const isRemoved = isUnfinished || !isKept(file.slice(0, -suffix.length));
      if (isRemoved) await removeFile(disk, `${folder}/${file}`);
    }
  }

  #path(name: string): string {
    return `${this.options.folder}/${name}${this.options.suffix}`;
  }

  async #ensureFolder(): Promise<void> {
    const { disk, folder } = this.options;
    await onDisk(folder, async () => {
      if (this.#isDurable && disk.exists(folder)) return;
      disk.makeFolder(folder);
      await syncWithParents(disk, folder);
      this.#isDurable = true;
    });
  }
}
