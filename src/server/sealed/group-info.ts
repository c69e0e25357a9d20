import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { GROUP_INFO_BYTES_MAX } from "../../base/limits-sealed.ts";
import type { Group } from "../../core/rooms/group-state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type Disk, diskFault } from "../../io/disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";

export interface SealedFolder {
  readonly disk: Disk;
  readonly folder: string;
}

/**
 * The GroupInfo of each sealed room's epoch, with which a device comes in or back by itself. Only
 * its hash is in the log. One is written beside the last before its commit is recorded, under the
 * name of its hash, and takes the other's place afterwards: a crash in between loses neither.
 */
export class GroupInfoStore {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor({ disk, folder }: SealedFolder) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** @returns its hash, for the record @throws Fault store-… */
  async propose(room: RoomId, info: Uint8Array): Promise<string> {
    const hash = toBase64Url(sha256(info));
    try {
      this.#disk.makeFolder(this.#folder);
    } catch (error) {
      throw diskFault(error, this.#folder);
    }
    await writeWholeFile(this.#disk, this.#proposed(room, hash), info, this.#folder);
    return hash;
  }

  /** Its commit is in the log. A failure is mended when it is read. */
  accept(room: RoomId, hash: string): void {
    try {
      const proposed = this.#proposed(room, hash);
      if (this.#disk.exists(proposed)) this.#disk.rename(proposed, this.#path(room));
    } catch {
      // It stays under its other name, where `read` finds it.
    }
  }

  /** Its commit was refused. */
  withdraw(room: RoomId, hash: string): void {
    try {
      this.#disk.remove(this.#proposed(room, hash));
    } catch {
      // The next start removes it.
    }
  }

  /** @throws Fault not-found: it was lost, and the next commit brings a new one; store-… */
  read(room: RoomId, { info: hash }: Group): Uint8Array {
    for (const path of [this.#path(room), this.#proposed(room, hash)]) {
      const bytes = readWholeFile(this.#disk, path, GROUP_INFO_BYTES_MAX);
      if (bytes !== undefined && equalBytes(sha256(bytes), fromBase64Url(hash))) return bytes;
    }
    throw new Fault("not-found", "the server has lost what devices need to come in by themselves", {
      remedy: "somebody in the room writes something first",
    });
  }

  /** Proposals that a crash left behind. @param current hash of the room's GroupInfo */
  sweep(current: (room: RoomId) => string | undefined): void {
    for (const name of this.#disk.list(this.#folder)) {
      const [room = "", kind, hash = ""] = name.split(".");
      if (kind !== PROPOSED || hash === "") continue;
      if (current(room as RoomId) === hash) this.accept(room as RoomId, hash);
      else this.withdraw(room as RoomId, hash);
    }
  }

  #path(room: RoomId): string {
    return `${this.#folder}/${room}.group`;
  }

  #proposed(room: RoomId, hash: string): string {
    return `${this.#folder}/${room}.${PROPOSED}.${hash}`;
  }
}

const PROPOSED = "next";
