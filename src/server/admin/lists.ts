/** Sorted and filtered lists of accounts, rooms and files for operators. */

import { foldCase } from "../../base/case-fold.ts";
import type { RoomId } from "../../base/ids.ts";
import {
  ACCOUNT_ROOMS_LISTED_MAX,
  FILE_ROOMS_LISTED_MAX,
  LISTED_PAGE_MAX,
} from "../../base/limits-page.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileEntry, namedRoomsOf } from "../../core/rooms/files.ts";
import { isConfidential, isVacant, type Room } from "../../core/rooms/rooms.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

type ListRequest = Pick<RequestOf<"accounts">, "find" | "sort" | "down" | "skip">;
type SortKeys<Item> = Readonly<Record<string, (item: Item) => string | number>>;

interface Usage {
  files: number;
  bytes: number;
}

export class AdminLists {
  constructor(private readonly options: ServerContext) {}

  readonly handlers = {
    accounts: (request) => this.#accounts(request),
    "all-rooms": (request) => this.#rooms(request),
    "all-files": (request) => this.#files(request),
  } satisfies SomeHandlers;

  #accounts(request: RequestOf<"accounts">): Answer<"accounts"> {
    const { registry, engine, clock, rooms } = this.options;
    const { files } = engine;
    const matches = nameFilter(request.find);
    const all = [...registry.all()].filter(
      ({ isRemoved: isGone, name }) => !isGone && matches(name),
    );
    const lastSeenOf = (account: Account) =>
      engine.isOnline(account.id) ? clock.unixMs() : lastSeen(account);
    const page = pageOf<Account>(all, request, {
      name: ({ name }) => foldCase(name),
      since: ({ sinceUnixMs }) => sinceUnixMs,
      seen: (account) => lastSeenOf(account) ?? 0,
      devices: ({ devices }) => devices.size,
      bytes: ({ id }) => files.bytesOf(id),
    });
    const accounts = page.map((account) => {
      const { id, name, sinceUnixMs, devices, passwordHash } = account;
      const seen = lastSeenOf(account);
      const joined = request.memberships === true ? [...rooms.roomsOf(id)] : [];
      const named = joined.filter((room) => !isConfidential(room));
      const namesOf = (all: readonly Room[]) =>
        all.flatMap(({ name = [] }) => name).slice(0, ACCOUNT_ROOMS_LISTED_MAX);
      return {
        user: name,
        since: sinceUnixMs,
        ...(seen === undefined ? {} : { seen }),
        online: engine.isOnline(id),
        operator: registry.policy.isOperator(id),
        banned: registry.policy.ban(id, clock.expiryUnixMs()) !== undefined,
        password: passwordHash !== undefined,
        devices: devices.size,
        bytes: files.bytesOf(id),
        ...defined({ displayName: account.displayName }),
        ...(request.memberships === true
          ? {
              rooms: namesOf(named),
              moderates: namesOf(named.filter(({ moderators }) => moderators.has(id))),
            }
          : {}),
      };
    });
    return { accounts, total: all.length };
  }

  #rooms(request: ListRequest): Answer<"all-rooms"> {
    const usage = this.#usageByRoom();
    const matches = nameFilter(request.find);
    const all = [...this.options.rooms.named()].filter(
      ({ name, isPrivate }) => isPrivate !== true && matches(name),
    );
    const page = pageOf<Room>(all, request, {
      name: ({ name = "" }) => foldCase(name),
      members: ({ members }) => members.size,
      records: ({ lastN }) => lastN,
      bytes: ({ id }) => usage.get(id)?.bytes ?? 0,
    });
    const rooms = page.map((room) => ({
      room: room.name ?? "",
      topic: room.topic,
      members: room.members.size,
      records: room.lastN,
      ...(usage.get(room.id) ?? { files: 0, bytes: 0 }),
      locked: room.rules.join === "password",
      rules: room.rules,
      sealed: room.isSealed === true,
      closed: room.isClosed,
      ...(isVacant(room) ? { vacant: true } : {}),
      ...(room.retention === undefined ? {} : { keepMs: room.retention.keepMs }),
    }));
    return { rooms, total: all.length };
  }

  /** Omits the names of files that were shared only in direct messages. */
  #files(request: ListRequest): Answer<"all-files"> {
    const { engine, registry } = this.options;
    const { files } = engine;
    const userOf = ({ by }: FileEntry) => registry.nameOf(by) ?? "?";
    const originals = [...files.all()].filter(({ isPreview }) => isPreview !== true);
    const named = originals.map((fact) => ({ fact, at: this.#namedPosts(fact) }));
    const matches = nameFilter(request.find);
    const all = named.filter(({ fact, at }) => {
      return (at.length > 0 && matches(fact.name)) || matches(userOf(fact));
    });
    const page = pageOf<(typeof all)[number]>(all, request, {
      name: ({ fact, at }) => (at.length > 0 ? foldCase(fact.name) : ""),
      user: ({ fact }) => foldCase(userOf(fact)),
      time: ({ fact }) => fact.time,
      bytes: ({ fact }) => fact.size,
    });
    return {
      files: page.map(({ fact, at }) => ({
        file: fact.file,
        ...(at.length > 0 ? { name: fact.name } : {}),
        user: userOf(fact),
        time: fact.time,
        bytes: fact.size,
        rooms: [...new Set(at.map(([, name]) => name))],
        seqs: at.map(([seq]) => seq),
      })),
      total: all.length,
      bytes: files.totalBytes,
    };
  }

  #namedPosts(fact: FileEntry): (readonly [seq: number, room: string])[] {
    return [...namedRoomsOf(fact, this.options.rooms)].slice(0, FILE_ROOMS_LISTED_MAX);
  }

  #usageByRoom(): Map<RoomId, Usage> {
    const usage = new Map<RoomId, Usage>();
    for (const { size, at, isPreview } of this.options.engine.files.all()) {
      for (const room of new Set(at.values())) {
        const sum = usage.get(room) ?? { files: 0, bytes: 0 };
        if (isPreview !== true) sum.files++;
        sum.bytes += size;
        usage.set(room, sum);
      }
    }
    return usage;
  }
}

function lastSeen({ devices }: Account): number | undefined {
  const seen = [...devices.values()].flatMap(({ seenUnixMs }) => seenUnixMs ?? []);
  return seen.length === 0 ? undefined : Math.max(...seen);
}

function nameFilter(find = ""): (name: string | undefined) => boolean {
  const folded = foldCase(find);
  return (name = "") => folded === "" || foldCase(name).includes(folded);
}

function pageOf<Item>(
  all: readonly Item[],
  request: ListRequest,
  keys: SortKeys<Item>,
): readonly Item[] {
  const { sort = "", down = false, skip = 0 } = request;
  const key = Object.hasOwn(keys, sort) ? keys[sort] : Object.values(keys)[0];
  if (key === undefined) return [];
  const sign = down ? -1 : 1;
  const order = all.map((item) => ({ item, at: key(item) }));
  order.sort((a, b) => (a.at < b.at ? -sign : a.at > b.at ? sign : 0));
  return order.slice(skip, skip + LISTED_PAGE_MAX).map(({ item }) => item);
}
