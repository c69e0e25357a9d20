/** Storage for the GroupInfo of each sealed room's current epoch. */

import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Bucket } from "../../io/bucket/bucket.ts";

/**
 * A device can join or rejoin with a GroupInfo without the help of other members. The log contains
 * only its hash. Files in use are never renamed, because a power failure could remove the old name
 * as well as the new one.
 */
export class GroupInfoStore {
  readonly #bucket: Bucket;
  readonly #current = new Map<RoomId, string>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async propose(room: RoomId, info: Uint8Array): Promise<string> {
    const hash = toBase64Url(sha256(info));
    const name = nameOf(room, hash);
    if (await this.#bucket.write(name, info, undefined)) return hash;
    // Reuse an identical GroupInfo that is already stored, unless the stored copy is damaged.
    const stored = await this.#bucket.read(name);
    if (stored === undefined || !equalBytes(stored.bytes, info)) {
      await this.#bucket.write(name, info, stored);
    }
    return hash;
  }

  accept(room: RoomId, hash: string): void {
    const before = this.#current.get(room);
    this.#current.set(room, hash);
    if (before !== undefined && before !== hash) this.#remove(room, before);
  }

  withdraw(room: RoomId, hash: string): void {
    if (this.#current.get(room) !== hash) this.#remove(room, hash);
  }

  async read(room: RoomId, hash: string): Promise<Uint8Array | undefined> {
    const found = await this.#bucket.read(nameOf(room, hash));
    if (found === undefined || !equalBytes(sha256(found.bytes), fromBase64Url(hash))) {
      return undefined;
    }
    return found.bytes;
  }

  sweep(current: (room: RoomId) => string | undefined): Promise<void> {
    return this.#bucket.sweep((name) => {
      const [room = "", hash = ""] = name.split(".");
      if (current(room as RoomId) !== hash) return false;
      this.#current.set(room as RoomId, hash);
      return true;
    });
  }

  #remove(room: RoomId, hash: string): void {
    this.#bucket.remove(nameOf(room, hash)).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }
}

function nameOf(room: RoomId, hash: string): string {
  return `${room}.${hash}`;
}
