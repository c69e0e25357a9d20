import { fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  KEY_PACKAGE_BYTES_MAX,
  KEY_PACKAGE_KEEP_MS,
  KEY_PACKAGE_PAIRS_MAX,
  KEY_PACKAGES_MAX,
  KEY_PACKAGES_PER_HOUR,
} from "../../base/limits-sealed.ts";
import type { Clock } from "../../io/clock.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";
import { DurableFolder } from "./durable-folder.ts";
import type { SealedFolder } from "./group-info.ts";

/** All packages of a device: when each came, in base64url, with quotes, commas and brackets. */
const STOCK_BYTES_MAX = KEY_PACKAGES_MAX * (Math.ceil((KEY_PACKAGE_BYTES_MAX * 4) / 3) + 24) + 2;
const HOUR_MS = 60 * 60_000;

/**
 * Key packages of devices (RFC 9420, section 10), a file each. One that is given out is off the
 * disk before the answer, so that none is given out twice.
 */
export class KeyPackageStore {
  readonly #place: SealedFolder;
  readonly #folder: DurableFolder;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();
  /** When each account took packages of another, oldest first. Bounded by KEY_PACKAGE_PAIRS_MAX. */
  readonly #taken = new Map<string, number[]>();

  constructor(place: SealedFolder, clock: Clock) {
    this.#place = place;
    this.#folder = new DurableFolder(place.disk, `${place.folder}/keys`);
    this.#clock = clock;
  }

  /**
   * Adds to the stock of a device, as far as there is room; the oldest stay.
   * @param device its key in base64url
   * @returns how many there are @throws Fault store-…
   */
  add(device: string, packages: readonly Uint8Array[]): Promise<number> {
    return this.#mutex.run(async () => {
      const stock = this.#read(device);
      const before = stock.length;
      const known = new Set(stock.map(textOf));
      const now = this.#clock.unixMs();
      for (const one of packages) {
        const text = toBase64Url(one);
        if (stock.length >= KEY_PACKAGES_MAX || known.has(text)) continue;
        known.add(text);
        stock.push(`${now} ${text}`);
      }
      // A device that gives what there is no room for makes the disk work for nothing.
      if (stock.length > before) await this.#write(device, stock);
      return stock.length;
    });
  }

  /** @returns the oldest, and how many are left; undefined: there is none @throws Fault store-… */
  take(
    device: string,
  ): Promise<{ readonly keyPackage: Uint8Array; readonly left: number } | undefined> {
    return this.#mutex.run(async () => {
      const [first, ...left] = this.#read(device);
      if (first === undefined) return undefined;
      await this.#write(device, left);
      return { keyPackage: fromBase64Url(textOf(first)), left: left.length };
    });
  }

  /** @throws Fault too-fast: one account would use up what another has */
  checkPace(by: UserId, of: UserId): void {
    const now = this.#clock.now();
    const pair = `${by} ${of}`;
    const times = (this.#taken.get(pair) ?? []).filter((time) => now - time < HOUR_MS);
    const [oldest = now] = times;
    if (times.length >= KEY_PACKAGES_PER_HOUR) {
      throw new Fault("too-fast", `${KEY_PACKAGES_PER_HOUR} times in an hour is the most`, {
        retryAfterMs: HOUR_MS - (now - oldest),
      });
    }
    this.#taken.delete(pair);
    this.#taken.set(pair, [...times, now]);
    for (const longest of this.#taken.keys()) {
      if (this.#taken.size <= KEY_PACKAGE_PAIRS_MAX) break;
      this.#taken.delete(longest);
    }
  }

  /** Those of devices that are no more. */
  sweep(isKnown: (device: string) => boolean): void {
    const { disk } = this.#place;
    for (const name of disk.list(this.#folder.path)) {
      if (!isKnown(name.replace(/\.json(\.tmp)?$/, "")))
        disk.remove(`${this.#folder.path}/${name}`);
    }
  }

  #path(device: string): string {
    return `${this.#folder.path}/${device}.json`;
  }

  /** What is damaged or old is none: the device gives new ones. */
  #read(device: string): string[] {
    const bytes = readWholeFile(this.#place.disk, this.#path(device), STOCK_BYTES_MAX);
    if (bytes === undefined) return [];
    try {
      const stock: unknown = JSON.parse(utf8Decode(bytes));
      const isOurs = Array.isArray(stock) && stock.every((one) => typeof one === "string");
      if (!isOurs) return [];
      const oldest = this.#clock.unixMs() - KEY_PACKAGE_KEEP_MS;
      return stock.filter((one) => Number(one.slice(0, one.indexOf(" "))) > oldest);
    } catch {
      return [];
    }
  }

  async #write(device: string, stock: readonly string[]): Promise<void> {
    const { disk } = this.#place;
    await this.#folder.make();
    await writeWholeFile(
      disk,
      this.#path(device),
      utf8Encode(JSON.stringify(stock)),
      this.#folder.path,
    );
  }
}

/** A package as it is kept, without the time. */
function textOf(kept: string): string {
  return kept.slice(kept.indexOf(" ") + 1);
}
