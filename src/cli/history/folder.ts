/** History read directly from a data folder, without a server. */

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { boxOwner, type RoomId, type UserId } from "../../base/ids.ts";
import { foldName, isName, type Name, type Target } from "../../base/names.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { openArchive } from "../../io/archive/archive.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import type { Archive, PageQuery } from "../../io/log/log.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import { displayRecord } from "../output/records.ts";
import type { DisplayRecord } from "../output/render.ts";

type FolderRoom =
  | { readonly kind: "room"; readonly name: string }
  | { readonly kind: "pair"; readonly pair: readonly [UserId, UserId] };

const ALL = {
  from: "oldest",
  limit: Number.MAX_SAFE_INTEGER,
  bytesMax: Number.MAX_SAFE_INTEGER,
} as const;
const UNKNOWN_USER = "?";
const PAGE_RECORDS = 5_000;
const PAGE_BYTES = 8 << 20;

export type FolderQuery = Omit<PageQuery, "from" | "limit" | "bytesMax" | "afterSeq">;

/** Takes no lock, so the server may be running. */
export class FolderHistory {
  readonly #rooms: ReadonlyMap<RoomId, FolderRoom>;

  private constructor(
    private readonly history: Archive,
    private readonly names: ReadonlyMap<UserId, Name>,
    rooms: ReadonlyMap<RoomId, FolderRoom>,
  ) {
    this.#rooms = rooms;
  }

  /** @throws {Fault} not-found, data-foreign, version-unsupported, store-denied */
  static async open(path: string): Promise<FolderHistory> {
    const folder = checkDataFolder(path);
    const history = archiveOf(folder, "history");
    return new FolderHistory(history, await namesOf(folder), await roomsOf(history));
  }

  get rooms(): RoomId[] {
    return [...this.#rooms.keys()];
  }

  titleOf(id: RoomId): string {
    const room = this.#rooms.get(id);
    if (room?.kind !== "pair") return this.#roomName(id);
    return room.pair.map((user) => `@${this.#name(user)}`).join(" and ");
  }

  /** For a person, returns all conversations with that person. */
  find(target: Target): RoomId[] {
    const folded = foldName(target.name);
    const isPerson = target.kind === "person";
    if (isPerson) this.userId(target.name);
    const matching = [...this.#rooms].filter(([id, room]) =>
      room.kind === "room"
        ? !isPerson && this.#roomName(id).toLowerCase() === folded
        : isPerson && room.pair.some((user) => this.#name(user).toLowerCase() === folded),
    );
    if (matching.length === 0 && !isPerson) {
      throw new Fault("room-unknown", `no room named '${target.name}' in this folder`, {
        remedy: "check the name",
      });
    }
    return matching.map(([id]) => id);
  }

  /** @throws {Fault} user-unknown */
  userId(name: Name): UserId {
    const folded = foldName(name);
    for (const [id, known] of this.names) if (foldName(known) === folded) return id;
    throw new Fault("user-unknown", `no user named '${name}' in this folder`, {
      remedy: "check the name",
    });
  }

  async last(query: FolderQuery, limit: number): Promise<DisplayRecord[]> {
    const bytesMax = Number.MAX_SAFE_INTEGER;
    const { records } = await this.history.page({ ...query, from: "newest", limit, bytesMax });
    return records.map((record) => this.#displayRecord(record));
  }

  async *pages(query: FolderQuery): AsyncGenerator<readonly DisplayRecord[]> {
    const bounds = { from: "oldest", limit: PAGE_RECORDS, bytesMax: PAGE_BYTES } as const;
    for (let afterSeq = 0; ; ) {
      const { records, more } = await this.history.page({ ...query, ...bounds, afterSeq });
      yield records.map((record) => this.#displayRecord(record));
      afterSeq = records.at(-1)?.head.seq ?? afterSeq;
      if (!more) return;
    }
  }

  #displayRecord(record: LogRecord): DisplayRecord {
    const { by } = record.head;
    const id = record.head.room as RoomId;
    const room = this.#rooms.get(id);
    const from = by === "server" ? undefined : this.#name(by);
    if (room?.kind !== "pair") {
      return displayRecord(record, { from, destination: { room: this.#roomName(id) } });
    }
    const to = room.pair.find((user) => user !== by) ?? room.pair[0];
    return displayRecord(record, { from, destination: { to: this.#name(to) } });
  }

  close(): void {
    this.history.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #roomName(id: RoomId): string {
    const room = this.#rooms.get(id);
    const owner = boxOwner(id);
    if (owner !== undefined) return `${this.#roomName(owner.room)}@${this.#name(owner.user)}`;
    return room?.kind === "room" ? room.name : id;
  }

  #name(user: UserId): string {
    return this.names.get(user) ?? UNKNOWN_USER;
  }
}

function archiveOf(folder: string, log: "history" | "accounts"): Archive {
  const cachePath = join(folder, "cache", `${log}.index`);
  return openArchive({ folder: join(folder, log), disk: systemDisk(), sha256, cachePath });
}

async function roomsOf(history: Archive): Promise<Map<RoomId, FolderRoom>> {
  const kinds = new Set<RecordKind>(["room", "rename"]);
  const { records } = await history.page({ ...ALL, kinds });
  const rooms = new Map<RoomId, FolderRoom>();
  for (const record of records) {
    const { kind, room } = record.head;
    if (kind !== "room" && kind !== "rename") continue;
    const { name, direct, user } = bodyOf(record, kind) ?? {};
    const id = room as RoomId;
    if (user !== undefined) continue;
    if (name !== undefined) rooms.set(id, { kind: "room", name });
    else if (boxOwner(id) !== undefined) rooms.set(id, { kind: "room", name: id });
    else if (direct !== undefined) {
      rooms.set(id, { kind: "pair", pair: direct as readonly [UserId, UserId] });
    }
  }
  return rooms;
}

async function namesOf(folder: string): Promise<Map<UserId, Name>> {
  const accounts = archiveOf(folder, "accounts");
  const { records } = await accounts.page({ ...ALL, kinds: new Set(["account", "account-name"]) });
  const names = new Map<UserId, Name>();
  for (const record of records) {
    const name = bodyOf(record, "account-name")?.name;
    if (name !== undefined && isName(name)) names.set(record.head.room as UserId, name);
  }
  return names;
}
