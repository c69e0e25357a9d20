/** A bucket in a folder: one file per value. */

import { equalBytes } from "../../base/bytes.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../disk/whole-file.ts";
import { syncWithParents } from "../log/folder.ts";
import type { Bucket, Value } from "./bucket.ts";

export interface BucketFolder {
  readonly disk: Disk;
  readonly folder: string;
  /** Suffix of the file names, with its dot. */
  readonly suffix: string;
  readonly sizeBytesMax: number;
}

/**
 * One file per value, used by one process; writes of one name must not overlap. The folder is
 * created at the first write and is durable from then on.
 */
export class FolderBucket implements Bucket {
  readonly #place: BucketFolder;
  #isDurable = false;

  constructor(place: BucketFolder) {
    this.#place = place;
  }

  async read(name: string): Promise<Value | undefined> {
    const { disk, sizeBytesMax } = this.#place;
    const bytes = readWholeFile(disk, this.#path(name), sizeBytesMax);
    return bytes === undefined ? undefined : { bytes, revision: "" };
  }

  async write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean> {
    const there = await this.read(name);
    const isSame =
      there === undefined || before === undefined
        ? there === before
        : equalBytes(there.bytes, before.bytes);
    if (!isSame) return false;
    const { disk, folder } = this.#place;
    await this.#make();
    await writeWholeFile(disk, this.#path(name), bytes, folder);
    return true;
  }

  async remove(name: string): Promise<void> {
    const { disk } = this.#place;
    try {
      disk.remove(this.#path(name));
    } catch (error) {
      throw diskFault(error, this.#path(name));
    }
  }

  names(): readonly string[] {
    const { disk, folder, suffix } = this.#place;
    const files = disk.list(folder).filter((file) => file.endsWith(suffix));
    return files.map((file) => file.slice(0, -suffix.length));
  }

  /** Call before the first write. */
  async sweep(isKept: (name: string) => boolean): Promise<void> {
    const { disk, folder, suffix } = this.#place;
    for (const file of disk.list(folder)) {
      const isUnfinished = file.endsWith(`${suffix}.tmp`);
      if (!isUnfinished && !file.endsWith(suffix)) continue;
      if (isUnfinished || !isKept(file.slice(0, -suffix.length))) disk.remove(`${folder}/${file}`);
    }
  }

  #path(name: string): string {
    return `${this.#place.folder}/${name}${this.#place.suffix}`;
  }

  async #make(): Promise<void> {
    const { disk, folder } = this.#place;
    try {
      if (this.#isDurable && disk.exists(folder)) return;
      disk.makeFolder(folder);
      await syncWithParents(disk, folder);
      this.#isDurable = true;
    } catch (error) {
      throw diskFault(error, folder);
    }
  }
}
