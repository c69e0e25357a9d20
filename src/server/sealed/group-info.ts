import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { GROUP_INFO_BYTES_MAX } from "../../base/limits-sealed.ts";
import type { Group } from "../../core/rooms/group-state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";
import { DurableFolder } from "./durable-folder.ts";

export interface SealedFolder {
  readonly disk: Disk;
  readonly folder: string;
}

/**
 * The GroupInfo of each sealed room's epoch, with which a device comes in or back by itself. Only
 * its hash is in the log. One is written under the name of its hash before its commit is recorded;
 * that of the epoch before is removed afterwards. None is ever renamed once it counts: a power cut
 * could leave neither name.
 */
export class GroupInfoStore {
  readonly #disk: Disk;
  readonly #folder: DurableFolder;
  /** Hash of each room's newest. Bounded by the rooms. */
  readonly #current = new Map<RoomId, string>();

  constructor({ disk, folder }: SealedFolder) {
    this.#disk = disk;
    this.#folder = new DurableFolder(disk, folder);
  }

  /** @returns its hash, for the record @throws Fault store-… */
  async propose(room: RoomId, info: Uint8Array): Promise<string> {
    const hash = toBase64Url(sha256(info));
    await this.#folder.make();
    await writeWholeFile(this.#disk, this.#path(room, hash), info, this.#folder.path);
    return hash;
  }

  /** Its commit is in the log. */
  accept(room: RoomId, hash: string): void {
    const before = this.#current.get(room);
    this.#current.set(room, hash);
    if (before !== undefined && before !== hash) this.#remove(room, before);
  }

  /** Its commit was refused. */
  withdraw(room: RoomId, hash: string): void {
    if (this.#current.get(room) !== hash) this.#remove(room, hash);
  }

  /** @throws Fault not-found: it was lost, and the next commit brings a new one; store-… */
  read(room: RoomId, { info: hash }: Group): Uint8Array {
    const bytes = readWholeFile(this.#disk, this.#path(room, hash), GROUP_INFO_BYTES_MAX);
    if (bytes !== undefined && equalBytes(sha256(bytes), fromBase64Url(hash))) return bytes;
    throw new Fault("not-found", "the server has lost what devices need to come in by themselves", {
      remedy: "somebody in the room writes something first",
    });
  }

  /** Those that a crash left behind. @param current hash of the room's GroupInfo */
  sweep(current: (room: RoomId) => string | undefined): void {
    for (const name of this.#disk.list(this.#folder.path)) {
      const [room = "", hash = "", kind] = name.split(".");
      if (kind !== KIND) continue;
      if (current(room as RoomId) === hash) this.accept(room as RoomId, hash);
      else this.#remove(room as RoomId, hash);
    }
  }

  #remove(room: RoomId, hash: string): void {
    try {
      this.#disk.remove(this.#path(room, hash));
    } catch {
      // The next start removes it.
    }
  }

  #path(room: RoomId, hash: string): string {
    return `${this.#folder.path}/${room}.${hash}.${KIND}`;
  }
}

const KIND = "group";
