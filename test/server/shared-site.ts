import type { FileId } from "../../src/base/ids.ts";
import type { BlobStore } from "../../src/io/blob/interfaces.ts";
import { MemoryContent } from "../io/cluster/memory-content.ts";
import { Site, type SiteOptions } from "./site.ts";

export type SharedSite = Awaited<ReturnType<typeof openSharedSite>>;

/**
 * Server that shares its file store with others. Two such servers have the same accounts, because
 * they use the same seed, and separate logs.
 */
export async function openSharedSite(store = new MemoryContent(), options: SiteOptions = {}) {
  let disk: BlobStore | undefined;
  const cluster = { others: () => Promise.resolve() };
  const site = await Site.open({
    ...options,
    contents: { store, waitUntilCurrent: () => cluster.others().then(() => true) },
    blobs: (blobs) => {
      disk = blobs;
      return blobs;
    },
  });
  store.unixMs = () => site.clock.unixMs();
  if (disk === undefined) throw new Error("a server has a disk");
  const blobs = disk;
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  const lose = (file: FileId) => site.wait(blobs.remove(file));
  const have = async (file: FileId) => {
    const blob = await site.wait(blobs.open(file));
    blob?.close();
    return blob?.have;
  };
  const stored = () => site.disk.list("/d/files").filter((name) => name.startsWith("f"));
  return { site, store, ana, ben, cluster, lose, have, stored };
}
