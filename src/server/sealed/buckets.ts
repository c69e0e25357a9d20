import {
  GROUP_INFO_BYTES_MAX,
  KEY_PACKAGE_BYTES_MAX,
  KEY_PACKAGES_MAX,
} from "../../base/limits-sealed.ts";
import type { Bucket } from "../../io/bucket/bucket.ts";
import { FolderBucket } from "../../io/bucket/folder.ts";
import type { Disk } from "../../io/disk/disk.ts";

/** What devices need that are away, beside what the log has. */
export interface SealedBuckets {
  /** GroupInfos, by room and hash. */
  readonly groups: Bucket;
  /** Key packages, by device. */
  readonly keys: Bucket;
  /** By device. */
  readonly leases: Bucket;
}

interface SealedFolder extends SealedBuckets {
  readonly groups: FolderBucket;
  readonly keys: FolderBucket;
  readonly leases: FolderBucket;
}

/** All packages of a device: when each came, in base64url, with quotes, commas and brackets. */
const STOCK_BYTES_MAX = KEY_PACKAGES_MAX * (Math.ceil((KEY_PACKAGE_BYTES_MAX * 4) / 3) + 24) + 2;
/** Two leases of 22 characters, and a number. */
const LEASES_BYTES_MAX = 256;

interface SealedPlace {
  readonly disk: Disk;
  readonly folder: string;
}

/** Of a server that stands alone. */
export function sealedFolder({ disk, folder }: SealedPlace): SealedFolder {
  const json = { disk, suffix: ".json" };
  return {
    groups: new FolderBucket({
      ...{ disk, folder, suffix: ".group" },
      sizeBytesMax: GROUP_INFO_BYTES_MAX,
    }),
    keys: new FolderBucket({ ...json, folder: `${folder}/keys`, sizeBytesMax: STOCK_BYTES_MAX }),
    leases: new FolderBucket({
      ...{ ...json, folder: `${folder}/leases` },
      sizeBytesMax: LEASES_BYTES_MAX,
    }),
  };
}

/**
 * Of a server that stood alone, and is one of several from now on: what it has kept goes to where
 * all have it, once. @throws Fault store-…, no-majority
 */
export async function moveIn(place: SealedPlace, shared: SealedBuckets): Promise<void> {
  const own = sealedFolder(place);
  for (const kind of ["groups", "keys", "leases"] as const) {
    for (const name of own[kind].names()) {
      const value = await own[kind].read(name);
      // What is there is newer.
      if (value !== undefined) await shared[kind].write(name, value.bytes, undefined);
      await own[kind].remove(name);
    }
  }
}
