/** Sealed rooms of one account on this device. */

import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { EDITS_PER_RECORD_MAX, PAGE_BYTES_MAX } from "../../base/limits.ts";
import {
  KEY_PACKAGES_LOW,
  KEY_PACKAGES_MAX,
  RENEW_CHECK_INTERVAL_MS,
  SEALED_ROOMS_MAX,
} from "../../base/limits-sealed.ts";
import { foldName, type Name } from "../../base/names.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import { bodyMatcher } from "../../core/client/grep.ts";
import type { PersonPin } from "../../core/client/person-keys.ts";
import { isSameName } from "../../core/model/item.ts";
import { matchSafetyNumber, safetyNumber } from "../../crypto/seal/safety-number.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { RequestFields } from "../../wire/messages.ts";
import type { FetchPage, HistoryPage } from "../link/queries.ts";
import { openedRecord } from "./body.ts";
import { KeyClaims } from "./claims.ts";
import { editsOf } from "./edits.ts";
import { FileIndex } from "./file-index.ts";
import { noDevice } from "./group-changes.ts";
import { needsRejoin } from "./group-plans.ts";
import { Handover } from "./handover.ts";
import {
  acceptKey,
  accountOf,
  confirmKey,
  identityOf,
  otherKeyOf,
  storeProvedKeys,
} from "./identities.ts";
import { DeviceLease } from "./lease.ts";
import { NewRooms } from "./new-rooms.ts";
import { applyAcceptance } from "./replaced-history.ts";
import {
  ignoreRefusal,
  type SealedAccountParts,
  SealedRoom,
  type SealedRoomsOptions,
} from "./room.ts";
import { type PackageRow, RoomReader } from "./room-reader.ts";
import { RoomStates, type SealedEvent } from "./room-state.ts";
import { type ArchivedRow, allOf, type OtherKeyRow, packageKey, type RoomRow } from "./rows.ts";

/**
 * Number of times that a device creates key packages before it discards the secrets of earlier
 * ones. It counts no time: a welcome may be read months after it was sent, and clocks may jump.
 */
const PACKAGE_GENERATIONS_MAX = 8;

export interface SafetyDigits {
  readonly digits: string;
  readonly isVerified: boolean;
  /** Safety number for the user's former key if the key has changed. */
  readonly former?: string;
}

const NO_DETAILS = { reason: undefined, fault: undefined, sentence: undefined, remark: undefined };

export class SealedRooms {
  readonly #parts: SealedAccountParts;
  readonly #rooms = new Map<RoomId, SealedRoom>();
  /** Rooms used on this link, which are checked periodically. */
  readonly #used = new Map<RoomId, RoomView>();
  readonly #emittedKeys = new Set<string>();
  /** Applies on each link what the user has accepted since the last one. */
  #accepting: Promise<void> | undefined;
  #isLinked = true;
  #cancelCheck: (() => void) | undefined;
  readonly #handover: Handover;
  readonly newRooms: NewRooms;

  constructor(options: SealedRoomsOptions) {
    const { clock, entropy, store, stateKey: key, device, request, sha256, user } = options;
    const { engine } = device;
    const unixMs = () => clock.unixMs();
    const emit = (event: SealedEvent) => this.#emitOnce(event, options.emit);
    const states = new RoomStates({ store, engine, key, emit });
    const claims = new KeyClaims({ clock, request, history: options.history, states });
    const files = new FileIndex(states, unixMs);
    const onHandover = () => this.#handover.schedule();
    const onRefused = (fault: Fault) => emit({ kind: "sealed-fault", fault });
    this.#parts = {
      ...options,
      states,
      emit,
      claims,
      files,
      reader: new RoomReader({ engine, sha256, states, unixMs, claims, files, user, onHandover }),
      lease: new DeviceLease({ clock, entropy, states, request, onRefused }),
      renewals: new TaskQueue(),
      onUse: (room) => this.#scheduleCheck(room),
      applyAccepted: () => this.#applyAccepted(),
    };
    this.#handover = new Handover(this.#parts, (view) => this.get(view));
    this.#handover.connected();
    this.newRooms = new NewRooms(this, request);
  }

  get files(): FileIndex {
    return this.#parts.files;
  }

  get(view: RoomView): SealedRoom {
    const room = this.#rooms.get(view.id) ?? new SealedRoom(this.#parts, view);
    this.#rooms.set(view.id, room);
    room.view = view;
    return room;
  }

  connected(): void {
    const { lease, claims } = this.#parts;
    this.#isLinked = true;
    for (const room of this.#rooms.values()) room.connected();
    lease.connected();
    this.#handover.connected();
    this.#accepting = undefined;
    this.#used.clear();
    this.#emittedKeys.clear();
    claims.lost();
    claims.schedule();
  }

  lost(): void {
    this.#isLinked = false;
    for (const room of this.#rooms.values()) room.lost();
    this.#parts.claims.lost();
    this.#handover.lost();
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
  }

  #applyAccepted(): Promise<void> {
    const { history, states } = this.#parts;
    const view = history();
    if (view === undefined) return Promise.resolve();
    this.#accepting ??= applyAcceptance(states, view).catch((error: unknown) => {
      this.#accepting = undefined;
      throw error;
    });
    return this.#accepting;
  }

  async syncAll(rooms: readonly RoomView[]): Promise<void> {
    const sealed = rooms.filter(({ isSealed }) => isSealed === true);
    const syncs = sealed.map((room) =>
      this.#checkRoom(room).catch((error: unknown) => {
        const fault = asFault(error);
        if (fault.code.startsWith("store-")) this.#parts.emit({ kind: "sealed-fault", fault });
      }),
    );
    await Promise.all(syncs);
  }

  /**
   * Enters rooms for a command, which does not follow them, and reads what other devices hand over.
   * A room that this device may not enter remains unreadable.
   */
  async enter(views: readonly RoomView[]): Promise<void> {
    const entered: RoomId[] = [];
    for (const view of views) {
      const room = this.get(view);
      try {
        await room.catchUp();
        if (!(await room.run(needsRejoin))) continue;
        await room.changes.sync();
        if (await room.run(({ row }) => row?.awaitsSinceUnixMs !== undefined))
          entered.push(view.id);
      } catch (error) {
        if (asFault(error).code.startsWith("store-")) throw error;
      }
    }
    await this.#handover.receive(entered);
  }

  /** Reports whether this home hands messages over to the device, as far as it knows yet. */
  isSending(device: string): Promise<boolean> {
    return this.#handover.isSending(device);
  }

  async #checkRoom(view: RoomView): Promise<void> {
    const { changes } = this.get(view);
    await changes.sync();
    await changes.removeRevoked();
  }

  #scheduleCheck(room: RoomView): void {
    this.#used.set(room.id, room);
    if (!this.#isLinked) return;
    this.#cancelCheck ??= this.#parts.clock.after(RENEW_CHECK_INTERVAL_MS, () => {
      this.#cancelCheck = undefined;
      for (const { changes } of this.#rooms.values()) changes.connected();
      void this.syncAll([...this.#used.values()]);
    });
  }

  #emitOnce(event: SealedEvent, emit: (event: SealedEvent) => void): void {
    if (event.kind === "handover") return emit(event);
    const { reason, fault, sentence, remark } = { ...NO_DETAILS, ...event };
    const key = reason ?? sentence ?? remark?.text ?? fault?.message ?? "";
    if (this.#emittedKeys.has(key)) return;
    this.#emittedKeys.add(key);
    emit(event);
  }

  /**
   * Merges the server's records with this device's archive. Sealed rooms are searched locally, so
   * that the server does not learn the search text.
   */
  async history(
    rooms: readonly RoomView[],
    query: RequestFields<"history">,
    fetchPage: FetchPage,
  ): Promise<HistoryPage> {
    const fetchOpened: FetchPage = async (pageQuery) => {
      const { records, more } = await fetchPage(pageQuery);
      return { records: await this.#openPage(records), more };
    };
    if (!needsArchive(query)) return fetchOpened(query);
    const page = new PageBuilder(query);
    if (query.target === undefined || !isPrivate(query)) page.addAll(await fetchOpened(query));
    const recordOf = matcherOf(query);
    for (const room of rooms) {
      // If the server refuses to send missed records, search the archive as it is.
      const sealed = this.get(room);
      await sealed.catchUp().catch(ignoreRefusal);
      await sealed.search(query, (seq, row) => {
        const record = page.isBeyond(seq) ? undefined : recordOf(room, seq, row);
        return record === undefined ? !page.isBeyond(seq) : page.add(record);
      });
    }
    return page.page();
  }

  async #openPage(records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const sealed = records.filter(({ room }) => room.isSealed === true);
    const opened = new Map<number, ChatRecord>();
    for (const roomRecords of Map.groupBy(sealed, ({ room }) => room.id).values()) {
      const [first] = roomRecords;
      if (first === undefined) continue;
      const room = this.get(first.room);
      await room.catchUp();
      for (const record of await room.openStored(roomRecords)) opened.set(record.seq, record);
    }
    return records.map((record) => opened.get(record.seq) ?? record);
  }

  async safetyNumber(user: string): Promise<SafetyDigits> {
    const { pin, other } = await this.#keysOf(user);
    const digits = await this.#digitsOf(pin);
    if (other === undefined) return { digits, isVerified: pin.isVerified };
    return { digits: await this.#digitsOf(other), isVerified: false, former: digits };
  }

  /** Reports whether this device is in the room's group, and a device of each of these users. */
  async hasMembers(room: RoomView, users: readonly string[]): Promise<boolean> {
    const { status, members } = await this.get(room).status();
    const isMember = (user: string) => members.some((member) => isSameName(member.user, user));
    return status === "in" && users.every(isMember);
  }

  /** @throws {Fault} not-found if no device of the user can be added */
  async checkDevices(user: string): Promise<void> {
    if (await this.#lacksDevices(user)) throw noDevice(user);
  }

  /**
   * An account that an operator has created has a key that nobody holds until its user logs in.
   * @throws {Fault} user-unknown if there is no key of the user to compare
   */
  async checkKey(user: string): Promise<void> {
    if (await this.#lacksDevices(user)) throw noKey(user);
    await this.#keysOf(user);
  }

  /** Reports whether the server has proved that the user has no device. */
  async #lacksDevices(user: string): Promise<boolean> {
    const proved = await this.#parts.people.check(user);
    return proved !== undefined && proved.n > 0 && proved.devices.length === 0;
  }

  /** @throws {Fault} user-unknown if there is no such user, or if the user's key is unknown */
  async #keysOf(user: string) {
    const { people, request, states } = this.#parts;
    const proved = await people.check(user);
    const { pin, other } = await states.transact(async (vault) => {
      if (proved !== undefined) await storeProvedKeys(vault, proved);
      return { pin: await identityOf(vault, user), other: await otherKeyOf(vault, user) };
    });
    if (pin !== undefined) return { pin, other };
    await request("whois", { user });
    throw noKey(user);
  }

  /** Returns the pinned account key in base64url. */
  pinnedKey(user: string): Promise<string | undefined> {
    return this.#parts.states.transact((vault) => accountOf(vault, foldName(user as Name)));
  }

  noteKeys(pin: PersonPin): Promise<void> {
    return this.#parts.states.transact((vault) => storeProvedKeys(vault, pin));
  }

  #digitsOf({ user, account }: OtherKeyRow): Promise<string> {
    const own = { user: this.#parts.user as Name, account: this.#parts.device.account };
    return safetyNumber(own, { user: user as Name, account });
  }

  /**
   * After a key change, either the former or the new key can be confirmed.
   * @throws {Fault} usage if the digits are incomplete, mistyped or wrong; user-unknown if no key
   * is known
   */
  async confirmDigits(user: string, digits: string): Promise<void> {
    const { pin, other } = await this.#keysOf(user);
    const owners = other === undefined ? [pin] : [other, pin];
    const numbers = await Promise.all(owners.map((owner) => this.#digitsOf(owner)));
    const owner = owners[numbers.indexOf(matchSafetyNumber(digits, numbers))];
    assert(owner !== undefined, "the number belongs to a known user");
    await this.#parts.states.transact((vault) => confirmKey(vault, owner));
    await this.#parts.people.accepted(user, owner.account);
    if (other !== undefined) await this.#resumeRooms(user);
  }

  async acceptIdentity(user: string): Promise<void> {
    await this.#parts.states.transact((vault) => acceptKey(vault, user));
    await this.#parts.people.accepted(user, undefined);
    await this.#resumeRooms(user);
  }

  /** Reads on in the rooms that have waited for the decision about the user's key. */
  async #resumeRooms(user: string): Promise<void> {
    const rows = await this.#parts.states.transact((vault) =>
      vault.list<RoomRow>(allOf("room", SEALED_ROOMS_MAX)),
    );
    const waiting = rows.filter(({ value }) => isSameName(value.other?.user, user));
    const ids = new Set(waiting.map(({ key }) => key.slice("room/".length)));
    for (const room of this.#parts.rooms())
      if (ids.has(room.id)) await this.get(room).changes.sync().catch(asFault);
  }

  /** Returns the newest edits of a message, at most EDITS_PER_RECORD_MAX. */
  async editsOf(rooms: readonly RoomView[], seq: number): Promise<readonly number[]> {
    return this.#parts.states.transact(async (vault) => {
      for (const { id } of rooms) {
        const edits = await editsOf(vault, id, seq, EDITS_PER_RECORD_MAX);
        if (edits.length > 0) return edits;
      }
      return [];
    });
  }

  async stockKeyPackages(): Promise<void> {
    const { request, device, clock } = this.#parts;
    const { left, lastResort } = await request("key-packages", {
      packages: [],
      time: clock.unixMs(),
    });
    const created =
      left < KEY_PACKAGES_LOW ? await device.engine.makeKeyPackages(KEY_PACKAGES_MAX - left) : [];
    const [newLastResort] = lastResort === false ? await device.engine.makeKeyPackages(1) : [];
    if (created.length === 0 && newLastResort === undefined) return;
    await this.#parts.states.transact(async (vault) => {
      const rows = await vault.list<PackageRow>(allOf("package", 1_000));
      const generation = 1 + Math.max(0, ...rows.map(({ value }) => value.generation));
      for (const { key } of outdatedPackages(rows)) await vault.delete(key);
      const rowOf = (secret: Uint8Array) => ({ secret: toBase64Url(secret), generation });
      for (const { ref, secret } of created) await vault.put(packageKey(ref), rowOf(secret));
      if (newLastResort === undefined) return;
      await vault.put(packageKey(newLastResort.ref), {
        ...rowOf(newLastResort.secret),
        isLastResort: true,
      });
    });
    await request("key-packages", {
      packages: created.map(({ keyPackage }) => keyPackage),
      time: clock.unixMs(),
      lastResort: newLastResort?.keyPackage,
    });
  }
}

type StoredPackage = { readonly key: string; readonly value: PackageRow };

function outdatedPackages(rows: readonly StoredPackage[]): StoredPackage[] {
  const generationOf = ({ value }: StoredPackage) => value.generation;
  return [...Map.groupBy(rows, ({ value }) => value.isLastResort === true).values()].flatMap(
    (alike) => {
      const newest = [...new Set(alike.map(generationOf))].sort((a, b) => b - a);
      const kept = new Set(newest.slice(0, PACKAGE_GENERATIONS_MAX));
      return alike.filter((row) => !kept.has(generationOf(row)));
    },
  );
}

type Query = RequestFields<"history">;

/** Reports whether a query names the text of a message or what it answers. */
function isPrivate({ grep = "", words, re }: Query): boolean {
  return grep !== "" || words !== undefined || re !== undefined;
}

/**
 * The server knows neither the text nor the kind of a sealed message, so such queries need the
 * archive. `sealed` and `all` match every sealed message.
 */
function needsArchive(query: Query): boolean {
  const { files, kinds } = query;
  const isOfKinds = kinds !== undefined && !kinds.includes("sealed") && !kinds.includes("all");
  return isPrivate(query) || files === true || isOfKinds;
}

/** @internal */
export function matcherOf(
  query: Query,
): (room: RoomView, seq: number, row: ArchivedRow) => ChatRecord | undefined {
  const { from, since, until, files, re } = query;
  const kinds = files === true ? ["file"] : query.kinds;
  const matchesBody = bodyMatcher(query);
  return (room, seq, row) => {
    // The server itself returns the records of group changes.
    if (row.kind !== "said") return undefined;
    const { n, timeUnixMs, post, user, body } = row;
    const fields = body as Readonly<Record<string, unknown>>;
    if (since !== undefined && timeUnixMs < since) return undefined;
    if (until !== undefined && timeUnixMs > until) return undefined;
    if (from !== undefined && !isSameName(user, from)) return undefined;
    if (kinds !== undefined && !kinds.includes(String(fields["kind"]))) return undefined;
    if (re !== undefined && fields["re"] !== re) return undefined;
    if (matchesBody?.(fields) === false) return undefined;
    const head = { seq, n, timeUnixMs, room, from: user, id: post };
    return openedRecord({ ...head, kind: "sealed", state: "whole", body: undefined }, row);
  };
}

/**
 * Keeps the records nearest to the start of the page, within the page's limits.
 * @internal
 */
export class PageBuilder {
  readonly #limit: number;
  /** 1: ascending from `after`; -1: descending from `before`. */
  readonly #direction: 1 | -1;
  #records: { readonly record: ChatRecord; readonly sizeBytes: number }[] = [];
  #bytes = 0;
  #end: number | undefined;

  constructor({ limit, after }: Query) {
    this.#limit = limit;
    this.#direction = after === undefined ? -1 : 1;
  }

  get more(): boolean {
    return this.#end !== undefined;
  }

  isBeyond(seq: number): boolean {
    return this.#end !== undefined && (seq - this.#end) * this.#direction >= 0;
  }

  addAll({ records, more }: HistoryPage): void {
    const farthest = this.#direction === -1 ? records[0] : records.at(-1);
    for (const record of records) this.add(record);
    // This source has more records beyond its farthest one, so the page must end there to remain
    // complete.
    if (more && farthest !== undefined) this.#endAfter(farthest.seq);
  }

  add(record: ChatRecord): boolean {
    const { seq } = record;
    if (this.isBeyond(seq)) return false;
    const index =
      this.#records.findLastIndex((entry) => (seq - entry.record.seq) * this.#direction >= 0) + 1;
    if (this.#records[index - 1]?.record.seq === seq) return true;
    const sizeBytes = sizeOf(record);
    this.#records.splice(index, 0, { record, sizeBytes });
    this.#bytes += sizeBytes;
    while (this.#isFull()) this.#end = this.#drop();
    return !this.isBeyond(seq);
  }

  page(): HistoryPage {
    const records = this.#records.map(({ record }) => record);
    return { records: this.#direction === 1 ? records : records.reverse(), more: this.more };
  }

  /** A page holds at least one record, so that readers make progress. */
  #isFull(): boolean {
    const { length } = this.#records;
    return length > this.#limit || (this.#bytes > PAGE_BYTES_MAX && length > 1);
  }

  #endAfter(seq: number): void {
    const end = seq + this.#direction;
    if (!this.isBeyond(end)) this.#end = end;
    while (this.isBeyond(this.#records.at(-1)?.record.seq ?? Number.NaN)) this.#drop();
  }

  #drop(): number | undefined {
    const last = this.#records.pop();
    this.#bytes -= last?.sizeBytes ?? 0;
    return last?.record.seq;
  }
}

function sizeOf({ body }: ChatRecord): number {
  let chars = 0;
  for (const value of Object.values(body ?? {})) {
    if (typeof value === "string") chars += value.length;
  }
  return 200 + 2 * chars;
}

function noKey(user: string): Fault {
  return new Fault("user-unknown", msg`this device has not received ${user}'s identity key yet`, {
    remedy: msg`add them first: ${`/invite ${user}`}`,
  });
}
