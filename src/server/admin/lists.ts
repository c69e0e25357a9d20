/** Sorted and filtered lists of accounts, rooms and files for operators. */

import { foldCase } from "../../base/case-fold.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  FILE_ROOMS_LISTED_MAX,
  FORMER_NAMES_LISTED_MAX,
  LISTED_PAGE_MAX,
  MEMBERSHIPS_LISTED_MAX,
} from "../../base/limits-page.ts";
import { isPrivateTarget, type Name, parseTarget } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileEntry, namedRoomsOf } from "../../core/rooms/files.ts";
import { isConfidential, isVacant, type Room } from "../../core/rooms/rooms.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { FileService } from "../files/file-service.ts";
import type { PartialUpload } from "../files/uploads.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

type ListRequest = Pick<RequestOf<"accounts">, "find" | "sort" | "down" | "skip">;
type SortKeys<Item> = Readonly<Record<string, (item: Item) => string | number>>;

interface Usage {
  files: number;
  bytes: number;
}

interface AdminListsOptions extends ServerContext {
  readonly files: FileService | undefined;
}

type ListedFile = Answer<"all-files">["files"][number];

export class AdminLists {
  constructor(private readonly options: AdminListsOptions) {}

  readonly handlers = {
    accounts: (request) => this.#accounts(request),
    "all-rooms": (request) => this.#rooms(request),
    "all-groups": (request) => this.#groups(request),
    "all-files": (request) => this.#files(request),
  } satisfies SomeHandlers;

  #accounts(request: RequestOf<"accounts">): Answer<"accounts"> {
    const { registry, engine, clock } = this.options;
    const { files } = engine;
    const matches = nameFilter(request.find);
    const isComplete = request.memberships === true;
    const all = [...registry.all()].filter(
      ({ isRemoved: isGone, name }) => (!isGone || isComplete) && matches(name),
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
      return {
        user: name,
        since: sinceUnixMs,
        seen,
        online: engine.isOnline(id),
        operator: registry.policy.isOperator(id),
        banned: registry.policy.ban(id, clock.expiryUnixMs()) !== undefined,
        password: passwordHash !== undefined,
        devices: devices.size,
        bytes: files.bytesOf(id),
        unfinishedBytes: this.options.files?.unfinishedBytesOf(id) ?? 0,
        ...defined({ displayName: account.displayName, externalId: account.externalId }),
        removed: account.isRemoved || undefined,
        enrolled: account.isEnrolled || undefined,
      };
    });
    const { length: total } = all;
    return isComplete ? { ...this.#withMemberships(page, accounts), total } : { accounts, total };
  }

  /** Ends the page before the first account whose rooms and former names are too many. */
  #withMemberships(
    page: readonly Account[],
    accounts: Answer<"accounts">["accounts"],
  ): Omit<Answer<"accounts">, "total"> {
    const { rooms, registry } = this.options;
    const moderated = new Map<UserId, Set<Room>>(page.map(({ id }) => [id, new Set()]));
    const left = new Map<UserId, Set<Room>>(page.map(({ id }) => [id, new Set()]));
    for (const room of rooms.named()) {
      if (isConfidential(room)) continue;
      for (const user of room.moderators) moderated.get(user)?.add(room);
      if (room.isSealed === true) continue;
      for (const user of room.admitted) {
        if (!room.members.has(user)) left.get(user)?.add(room);
      }
    }
    const names = namesBy(registry.formerNames());
    const memberships: NonNullable<Answer<"accounts">["memberships"]> = [];
    const former: NonNullable<Answer<"accounts">["former"]> = [];
    let end = 0;
    for (const account of page) {
      const joined = rooms.roomsOf(account.id);
      const moderates = moderated.get(account.id) ?? new Set();
      const all = joined.union(moderates).union(left.get(account.id) ?? new Set<Room>());
      const own = [...all].flatMap((room) => {
        if (room.name === undefined || isConfidential(room)) return [];
        const moderator = moderates.has(room) || undefined;
        const left = !joined.has(room) || undefined;
        return defined({ user: account.name, room: room.name, moderator, left });
      });
      const ownNames = names.get(account) ?? [];
      const isOver =
        memberships.length + own.length > MEMBERSHIPS_LISTED_MAX ||
        former.length + ownNames.length > FORMER_NAMES_LISTED_MAX;
      if (isOver && end > 0) break;
      memberships.push(...own.slice(0, MEMBERSHIPS_LISTED_MAX));
      former.push(...ownNames.map((name) => ({ user: account.name, name })));
      end++;
    }
    return { accounts: accounts.slice(0, end), memberships, former };
  }

  #rooms(request: RequestOf<"all-rooms">): Answer<"all-rooms"> {
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
      title: room.title,
      face: room.face,
      topic: room.topic,
      members: room.members.size,
      records: room.lastN,
      ...(usage.get(room.id) ?? { files: 0, bytes: 0 }),
      locked: room.rules.join === "password",
      rules: room.rules,
      sealed: room.isSealed === true,
      closed: room.isClosed,
      vacant: isVacant(room) || undefined,
      maker: this.#unofficialMaker(room),
      keepMs: room.retention?.keepMs,
    }));
    const { length: total } = all;
    return request.former === true ? { ...this.#withFormer(page, rooms), total } : { rooms, total };
  }

  #unofficialMaker({ maker, isOfficial }: Room): Name | undefined {
    const { registry } = this.options;
    if (isOfficial === true || maker === "server" || registry.policy.isOperator(maker)) return;
    return registry.nameOf(maker);
  }

  /** Ends the page before the first room whose former names are too many. */
  #withFormer(
    page: readonly Room[],
    rooms: Answer<"all-rooms">["rooms"],
  ): Omit<Answer<"all-rooms">, "total"> {
    const names = namesBy(this.options.rooms.formerNames());
    const former: NonNullable<Answer<"all-rooms">["former"]> = [];
    let end = 0;
    for (const room of page) {
      const own = names.get(room) ?? [];
      if (former.length + own.length > FORMER_NAMES_LISTED_MAX && end > 0) break;
      former.push(...own.map((name) => ({ room: room.name ?? "", name })));
      end++;
    }
    return { rooms: rooms.slice(0, end), former };
  }

  #groups(request: ListRequest): Answer<"all-groups"> {
    const { rooms, registry } = this.options;
    const counts = new Map<string, { groups: number; members: number }>();
    for (const room of rooms.named()) {
      if (room.isPrivate !== true) continue;
      const { groups, members } = counts.get(room.maker) ?? { groups: 0, members: 0 };
      counts.set(room.maker, { groups: groups + 1, members: members + room.members.size });
    }
    const matches = nameFilter(request.find);
    const all = [...counts].flatMap(([maker, found]) => {
      const account = registry.get(maker as UserId);
      if (account === undefined || !matches(account.name)) return [];
      return defined({ user: account.name, ...found, removed: account.isRemoved || undefined });
    });
    const page = pageOf(all, request, {
      name: ({ user }) => foldCase(user),
      groups: ({ groups }) => groups,
    });
    return { users: [...page], total: all.length };
  }

  /** Omits the names of files that were shared only in direct messages. */
  #files(request: RequestOf<"all-files">): Answer<"all-files"> {
    const { files } = this.options.engine;
    const posted = [...files.all()].filter(({ isPreview }) => isPreview !== true);
    const unfinished = request.unfinished === true ? (this.options.files?.unfinished() ?? []) : [];
    const matches = nameFilter(request.find);
    const all = [
      ...posted.map((fact) => this.#postedFile(fact)),
      ...[...unfinished].map((upload) => this.#unfinishedFile(upload)),
    ].filter(({ name, user }) => (name !== undefined && matches(name)) || matches(user));
    const page = pageOf<ListedFile>(all, request, {
      name: ({ name = "" }) => foldCase(name),
      user: ({ user }) => foldCase(user),
      time: ({ time }) => time,
      bytes: ({ bytes }) => bytes,
    });
    return { files: [...page], total: all.length, bytes: files.totalBytes };
  }

  #postedFile(fact: FileEntry): ListedFile {
    const at = this.#namedPosts(fact);
    return {
      file: fact.file,
      name: at.length > 0 ? fact.name : undefined,
      user: this.options.registry.nameOf(fact.by) ?? "?",
      time: fact.time,
      bytes: fact.size,
      rooms: [...new Set(at.map(([, name]) => name))],
      seqs: at.map(([seq]) => seq),
    };
  }

  #unfinishedFile({ about, doneBytes, isSending, expiresMs }: PartialUpload): ListedFile {
    const { registry, rooms } = this.options;
    const named = about.to
      .filter((target) => !isPrivateTarget(target))
      .flatMap((target) => rooms.find(parseTarget(target).name) ?? [])
      .flatMap(({ name, isPrivate }) => (isPrivate === true ? [] : (name ?? [])));
    return {
      file: about.file,
      name: named.length > 0 ? about.name : undefined,
      user: registry.nameOf(about.by) ?? "?",
      time: about.sinceMs,
      bytes: doneBytes,
      rooms: named.slice(0, FILE_ROOMS_LISTED_MAX),
      seqs: [],
      unfinished: defined({ sizeBytes: about.sizeBytes, expires: expiresMs, sending: isSending }),
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

/** Returns the newest former names of each owner, as many as fit in one answer. */
function namesBy<Owner>(names: Iterable<readonly [string, Owner]>): Map<Owner, string[]> {
  const by = new Map<Owner, string[]>();
  for (const [name, owner] of names) {
    const own = by.get(owner) ?? [];
    own.push(name);
    if (own.length > FORMER_NAMES_LISTED_MAX) own.shift();
    by.set(owner, own);
  }
  return by;
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
