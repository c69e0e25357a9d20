/** Storage for sealed rooms: buckets of GroupInfos, key packages and leases. */

import {
  GROUP_INFO_BYTES_MAX,
  KEY_PACKAGE_BYTES_MAX,
  KEY_PACKAGES_MAX,
} from "../../base/limits-sealed.ts";
import { GROUP_INFOS } from "../../io/backup/copy.ts";
import { type Bucket, FolderBucket } from "../../io/bucket/bucket.ts";
import type { Disk } from "../../io/disk/disk.ts";

export interface SealedBuckets {
  readonly groups: Bucket;
  readonly keys: Bucket;
  readonly leases: Bucket;
}

interface SealedFolder extends SealedBuckets {
  readonly groups: FolderBucket;
  readonly keys: FolderBucket;
  readonly leases: FolderBucket;
}

/** Maximum bytes of a device's packages: each has its time, base64url and JSON punctuation. */
const STOCK_BYTES_MAX = KEY_PACKAGES_MAX * (Math.ceil((KEY_PACKAGE_BYTES_MAX * 4) / 3) + 24) + 2;
/** Maximum bytes of two leases of 22 characters and a number. */
const LEASES_BYTES_MAX = 256;

interface SealedLocation {
  readonly disk: Disk;
  readonly folder: string;
}

export function sealedFolder({ disk, folder }: SealedLocation): SealedFolder {
  const json = { disk, suffix: ".json" };
  return {
    groups: new FolderBucket({
      disk,
      folder,
      suffix: GROUP_INFOS.suffix,
      sizeBytesMax: GROUP_INFO_BYTES_MAX,
    }),
    keys: new FolderBucket({ ...json, folder: `${folder}/keys`, sizeBytesMax: STOCK_BYTES_MAX }),
    leases: new FolderBucket({
      ...json,
      folder: `${folder}/leases`,
      sizeBytesMax: LEASES_BYTES_MAX,
    }),
  };
}

export async function migrateToCluster(
  location: SealedLocation,
  shared: SealedBuckets,
): Promise<void> {
  const local = sealedFolder(location);
  for (const kind of ["groups", "keys", "leases"] as const) {
    for (const name of local[kind].names()) {
      const value = await local[kind].read(name);
      if (value !== undefined) await shared[kind].write(name, value.bytes, undefined);
      await local[kind].remove(name);
    }
  }
}
