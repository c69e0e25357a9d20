import type { FileId } from "../../src/base/ids.ts";
import type { BlobStore } from "../../src/io/blob/interfaces.ts";
import { MemoryContent } from "../io/cluster/memory-content.ts";
import type { Guest } from "./guest.ts";
import { Site, type SiteOptions } from "./site.ts";

/**
 * A server whose contents are in a store that others share. Two of them with one store have the
 * same accounts, since their dice are the same, and each a log of its own.
 */
export class SharedSite {
  readonly site: Site;
  readonly store: MemoryContent;
  readonly blobs: BlobStore;
  readonly ana: Guest;
  readonly ben: Guest;

  /** What other servers record is known here when this resolves. */
  others: () => Promise<void> = () => Promise.resolve();

  private constructor(parts: Pick<SharedSite, "site" | "store" | "blobs" | "ana" | "ben">) {
    this.site = parts.site;
    this.store = parts.store;
    this.blobs = parts.blobs;
    this.ana = parts.ana;
    this.ben = parts.ben;
  }

  static async open(store = new MemoryContent(), options: SiteOptions = {}): Promise<SharedSite> {
    let disk: BlobStore | undefined;
    let shared: SharedSite | undefined;
    const site = await Site.open({
      ...options,
      contents: {
        store,
        isCurrent: async () => {
          await shared?.others();
          return true;
        },
      },
      blobs: (blobs) => {
        disk = blobs;
        return blobs;
      },
    });
    store.unixMs = () => site.clock.unixMs();
    if (disk === undefined) throw new Error("a server has a disk");
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    shared = new SharedSite({ site, store, blobs: disk, ana, ben });
    return shared;
  }

  /** From now on it is a server that was not sent the file. */
  lose(file: FileId): Promise<void> {
    return this.site.wait(this.blobs.remove(file));
  }

  /** Chunks of a file on this server's disk. */
  async have(file: FileId): Promise<number | undefined> {
    const blob = await this.site.wait(this.blobs.open(file));
    const have = blob?.have;
    blob?.close();
    return have;
  }

  get stored(): readonly string[] {
    return this.site.disk.list("/d/files").filter((name) => name.startsWith("f"));
  }
}
