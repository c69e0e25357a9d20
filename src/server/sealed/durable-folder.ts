import { type Disk, diskFault } from "../../io/disk/disk.ts";
import { syncAbove } from "../../io/log/folder.ts";

/** A folder that is made when it is first written to, and outlives a power cut from then on. */
export class DurableFolder {
  readonly path: string;
  readonly #disk: Disk;
  #isDurable = false;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.path = path;
  }

  /** @throws Fault store-… */
  async make(): Promise<void> {
    try {
      if (this.#isDurable && this.#disk.exists(this.path)) return;
      this.#disk.makeFolder(this.path);
      await syncAbove(this.#disk, this.path);
      this.#isDurable = true;
    } catch (error) {
      throw diskFault(error, this.path);
    }
  }
}
