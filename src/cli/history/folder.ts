/** History read directly from a data folder, without a server. */

import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { boxOwner, type RoomId, type UserId } from "../../base/ids.ts";
import {
  boxNames,
  type FoldedName,
  foldName,
  isName,
  type Name,
  type Target,
} from "../../base/names.ts";
import { type RoomView, shownTitle, titleOf } from "../../core/client/chat-record.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { openArchive } from "../../io/archive/archive.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import type { Archive, PageQuery } from "../../io/log/log.ts";
import { kindsWith } from "../../wire/kinds.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import { destinationOfTarget } from "../chat/post.ts";
import { displayRecord } from "../output/records.ts";
import type { DisplayRecord } from "../output/render.ts";

type FolderRoom =
  | {
      readonly kind: "room";
      readonly name: string;
      readonly was: readonly string[];
      readonly title?: string | undefined;
    }
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
    private readonly accounts: FolderAccounts,
    rooms: ReadonlyMap<RoomId, FolderRoom>,
    /** How long the rooms keep messages. */
    private readonly keepMs: ReadonlyMap<RoomId, number | undefined>,
    private readonly nowUnixMs: number,
  ) {
    this.#rooms = rooms;
  }

  /** @throws {Fault} not-found, data-foreign, version-unsupported, store-denied */
  static async open(path: string, nowUnixMs: number): Promise<FolderHistory> {
    const folder = checkDataFolder(path);
    const history = archiveOf(folder, "history");
    const [accounts, rooms] = [await accountsOf(folder), await roomsOf(history)];
    return new FolderHistory(history, accounts, rooms, await keepMsOf(history), nowUnixMs);
  }

  get rooms(): RoomId[] {
    return [...this.#rooms.keys()];
  }

  titleOf(id: RoomId): string {
    return this.#rooms.get(id)?.kind === "pair" ? this.nameOf(id) : titleOf(this.#placeOf(id));
  }

  nameOf(id: RoomId): string {
    const room = this.#rooms.get(id);
    if (room?.kind !== "pair") return this.#roomName(id);
    return room.pair.map((user) => `@${this.#name(user)}`).join(" and ");
  }

  /** For a person, returns all conversations with that person. Former names are known, too. */
  find(target: Target): RoomId[] {
    if (target.kind === "room") return this.#roomIds(target.name);
    const user = this.userId(target.name);
    return this.rooms.filter((id) => {
      const room = this.#rooms.get(id);
      return room?.kind === "pair" && room.pair.includes(user);
    });
  }

  /**
   * Several rooms can have had the name, one after the other. A former name is known unless another
   * room has it.
   * @throws {Fault} room-unknown or user-unknown
   */
  #roomIds(name: string): RoomId[] {
    const box = boxNames(name);
    const folded = foldName(name as Name);
    const user = box && this.userId(box.user);
    const of = box && this.#roomIds(box.room);
    const present: RoomId[] = [];
    const former: RoomId[] = [];
    for (const [id, room] of this.#rooms) {
      if (room.kind !== "room") continue;
      const owner = boxOwner(id);
      const isName = (text: string) => foldName(text as Name) === folded;
      if (owner !== undefined) {
        if (owner.user === user && of?.includes(owner.room) === true) present.push(id);
      } else if (isName(room.name)) present.push(id);
      else if (room.was.some(isName)) former.push(id);
    }
    const found = present.length > 0 ? present : former;
    if (found.length > 0) return found;
    throw new Fault("room-unknown", `no room named '${name}' in this folder`, {
      remedy: "check the name",
    });
  }

  /** @throws {Fault} user-unknown */
  userId(name: Name): UserId {
    const id = this.accounts.ids.get(foldName(name));
    if (id !== undefined) return id;
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
    const age = { keepMs: this.keepMs.get(id), nowUnixMs: this.nowUnixMs };
    if (room?.kind !== "pair") {
      const destination = destinationOfTarget({ ...this.#placeOf(id), kind: "room", id });
      return displayRecord(record, { from, destination, ...age });
    }
    const to = room.pair.find((user) => user !== by) ?? room.pair[0];
    return displayRecord(record, { from, destination: { to: this.#name(to) }, ...age });
  }

  close(): void {
    this.history.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A box has the display name of its room. */
  #placeOf(id: RoomId): Pick<RoomView, "name" | "title" | "topic"> {
    const room = this.#rooms.get(boxOwner(id)?.room ?? id);
    return {
      name: this.#roomName(id),
      topic: "",
      title: room?.kind === "room" ? room.title : undefined,
    };
  }

  #roomName(id: RoomId): string {
    const room = this.#rooms.get(id);
    const owner = boxOwner(id);
    if (owner !== undefined) return `${this.#roomName(owner.room)}@${this.#name(owner.user)}`;
    return room?.kind === "room" ? room.name : id;
  }

  #name(user: UserId): string {
    return this.accounts.names.get(user) ?? UNKNOWN_USER;
  }
}

function archiveOf(folder: string, log: "history" | "accounts"): Archive {
  const cachePath = join(folder, "cache", `${log}.index`);
  return openArchive({ folder: join(folder, log), disk: systemDisk(), sha256, cachePath });
}

async function roomsOf(history: Archive): Promise<Map<RoomId, FolderRoom>> {
  const { records } = await history.page({ ...ALL, kinds: kindsWith("names-room") });
  const rooms = new Map<RoomId, FolderRoom>();
  for (const record of records) {
    const { kind, room } = record.head;
    const id = room as RoomId;
    const before = rooms.get(id);
    if (kind === "profile" && before?.kind === "room") {
      const { title = before.title } = bodyOf(record, kind) ?? {};
      rooms.set(id, { ...before, title: shownTitle(title) });
    }
    if (kind !== "room" && kind !== "rename") continue;
    const { name, direct, user } = bodyOf(record, kind) ?? {};
    if (user !== undefined) continue;
    const { was, title } =
      before?.kind === "room"
        ? { was: [...before.was, before.name], title: before.title }
        : { was: [], title: undefined };
    if (name !== undefined) rooms.set(id, { kind: "room", name, was, title });
    else if (boxOwner(id) !== undefined) rooms.set(id, { kind: "room", name: id, was });
    else if (direct !== undefined) {
      rooms.set(id, { kind: "pair", pair: direct as readonly [UserId, UserId] });
    }
  }
  return rooms;
}

async function keepMsOf(history: Archive): Promise<Map<RoomId, number | undefined>> {
  const { records } = await history.page({ ...ALL, kinds: new Set(["retention"]) });
  return new Map(
    records.map((record) => [record.head.room as RoomId, bodyOf(record, "retention")?.keepMs]),
  );
}

interface FolderAccounts {
  readonly names: ReadonlyMap<UserId, Name>;
  /** Accounts by present and former names, which are never shared. */
  readonly ids: ReadonlyMap<FoldedName, UserId>;
}

async function accountsOf(folder: string): Promise<FolderAccounts> {
  const accounts = archiveOf(folder, "accounts");
  const { records } = await accounts.page({ ...ALL, kinds: new Set(["account", "account-name"]) });
  const names = new Map<UserId, Name>();
  const ids = new Map<FoldedName, UserId>();
  for (const record of records) {
    const name = bodyOf(record, "account-name")?.name;
    if (name === undefined || !isName(name)) continue;
    names.set(record.head.room as UserId, name);
    ids.set(foldName(name), record.head.room as UserId);
  }
  return { names, ids };
}
