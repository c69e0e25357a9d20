import { fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { LEASE_BYTES, LEASE_COUNT_MAX } from "../../base/limits-sealed.ts";
import { diskFault } from "../../io/disk/disk.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { SealedFolder } from "./group-info.ts";

/** What is known of one device. */
interface Leases {
  readonly count: number;
  readonly lease: string;
  /** The one before, which the device has as long as it does not know of the answer. */
  readonly former?: string;
}

/** Two leases of 22 characters, and a number. */
const FILE_BYTES_MAX = 256;

/**
 * Which lease each device has, a file each: a folder that was restored or copied has an older one.
 * They are numbered, so that a server that was itself restored from a backup puts no device out:
 * then it is the one that knows less.
 */
export class LeaseStore {
  readonly #place: SealedFolder;
  readonly #mutex = new Mutex();

  constructor(place: SealedFolder) {
    this.#place = place;
  }

  /** @param device its key in base64url @throws Fault store-… */
  take(
    device: string,
    asked: Pick<RequestOf<"seal-lease">, "count" | "lease" | "next">,
  ): Promise<Answer<"seal-lease">> {
    return this.#mutex.run(async () => {
      const known = this.#read(device);
      const [next, lease] = [toBase64Url(asked.next), asked.lease && toBase64Url(asked.lease)];
      const count = known?.count ?? 0;
      const had = Math.min(asked.count, LEASE_COUNT_MAX);
      // The answer was lost, or another process of the same folder asks for the same.
      const isAgain = known?.lease === next && known.former === lease;
      if (isAgain) return { count, isLatest: true };
      const isLatest =
        known === undefined ||
        had > count ||
        (had === count && (lease === undefined || lease === known.lease));
      if (!isLatest) return { count, isLatest };
      const former = lease === undefined ? {} : { former: lease };
      const given: Leases = {
        count: Math.min(Math.max(count, had) + 1, LEASE_COUNT_MAX),
        lease: next,
        ...former,
      };
      await this.#write(device, given);
      return { count: given.count, isLatest };
    });
  }

  /** Those of devices that are no more. */
  sweep(isKnown: (device: string) => boolean): void {
    const { disk } = this.#place;
    for (const name of disk.list(this.#folder)) {
      if (!isKnown(name.replace(/\.json(\.tmp)?$/, ""))) disk.remove(`${this.#folder}/${name}`);
    }
  }

  get #folder(): string {
    return `${this.#place.folder}/leases`;
  }

  /** What is damaged is none: the next one that asks is believed. */
  #read(device: string): Leases | undefined {
    const path = `${this.#folder}/${device}.json`;
    const bytes = readWholeFile(this.#place.disk, path, FILE_BYTES_MAX);
    if (bytes === undefined) return undefined;
    try {
      const { count, lease, former } = JSON.parse(utf8Decode(bytes));
      const isOurs = Number.isSafeInteger(count) && count > 0 && isLease(lease);
      if (!isOurs) return undefined;
      return { count, lease, ...(isLease(former) ? { former } : {}) };
    } catch {
      return undefined;
    }
  }

  async #write(device: string, leases: Leases): Promise<void> {
    const { disk } = this.#place;
    try {
      disk.makeFolder(this.#folder);
    } catch (error) {
      throw diskFault(error, this.#folder);
    }
    const bytes = utf8Encode(JSON.stringify(leases));
    await writeWholeFile(disk, `${this.#folder}/${device}.json`, bytes, this.#folder);
  }
}

function isLease(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    return fromBase64Url(value).length === LEASE_BYTES;
  } catch {
    return false;
  }
}
