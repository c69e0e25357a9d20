import { decodeGroupState } from "ts-mls/clientState.js";
import { fromBase64Url } from "../../../src/base/bytes.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  ACCEPTED_KEY,
  type AcceptedRow,
  allOf,
  type ContentRow,
  contentRange,
  type RoomRow,
  roomKey,
  seqOf,
  stateKey,
} from "../../../src/client/sealed/rows.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import { type GroupBody, groupBodyOf } from "../../../src/core/rooms/group-state.ts";
import { decryptState } from "../../../src/crypto/seal/state-box.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { check, type ReferenceModel } from "../reference-model.ts";
import type { SealedHome, SealedMember } from "./device.ts";

interface Membership {
  readonly from: number;
  readonly isOwn: boolean;
  until: number;
}

export interface SealedTruth {
  readonly id: RoomId;
  /** Device of the user who has created the group, its only admin. */
  readonly maker: string | undefined;
  epoch: number;
  group: string;
  readonly devices: Set<string>;
  readonly memberships: Map<string, Membership[]>;
  readonly words: LogRecord[];
}

const FOREVER = Number.POSITIVE_INFINITY;

/** State of all sealed rooms, folded from the log without the server's code. */
export function truthOf(model: ReferenceModel): Map<string, SealedTruth> {
  const rooms = new Map<string, SealedTruth>();
  for (const record of model.records) {
    const { kind, room } = record.head;
    if (kind === "group") {
      const body = groupBodyOf(parseBody(record));
      if (body !== undefined) change(rooms, record, body);
    } else if (kind === "sealed") rooms.get(room)?.words.push(record);
  }
  return rooms;
}

function change(rooms: Map<string, SealedTruth>, { head }: LogRecord, body: GroupBody): void {
  const { epoch, group, added, removed } = body;
  const id = head.room as RoomId;
  const room: SealedTruth = rooms.get(id) ?? {
    id,
    maker: added[0]?.[0],
    epoch: -1,
    group,
    devices: new Set(),
    memberships: new Map(),
    words: [],
  };
  rooms.set(id, room);
  check(epoch === room.epoch + 1, () => `${id}: epoch ${epoch} after ${room.epoch}`);
  check(group === room.group, () => `${id} has a second group`);
  room.epoch = epoch;
  for (const [device] of removed) {
    check(room.devices.delete(device), () => `${id}: ${device} is removed, and was not in`);
    const stay = room.memberships.get(device)?.at(-1);
    if (stay !== undefined) stay.until = head.seq;
  }
  for (const [device] of added) {
    check(!room.devices.has(device), () => `${id}: ${device} joins twice`);
    room.devices.add(device);
    const memberships = room.memberships.get(device) ?? [];
    room.memberships.set(device, [
      ...memberships,
      { from: head.seq, until: FOREVER, isOwn: device === body.device },
    ]);
  }
}

export interface StoredRoom {
  readonly row: RoomRow | undefined;
  readonly said: ReadonlyMap<number, ContentRow>;
  readonly epoch: number | undefined;
  readonly authenticator: string | undefined;
}

/** Reports whether the device has applied what its user has accepted. */
export async function isCurrent(home: SealedHome, room: RoomId): Promise<boolean> {
  if (home.pendingRestore !== undefined) return false;
  const key = await home.stateKey;
  return home.disk.peek(async (tables) => {
    const vault = new Vault(tables, key);
    const { at = 0 } = (await vault.find<AcceptedRow>(ACCEPTED_KEY)) ?? {};
    const row = await vault.get<RoomRow>(roomKey(room));
    return at >= home.acceptedAt && row?.history !== "accepted";
  });
}

/**
 * Rooms whose current keys this device got after record `common`, which the server has lost.
 * @param isAll whether all keys may be outdated, because the server repeats key packages
 */
export async function outdatedRoomsOf(
  home: SealedHome,
  common: number,
  isAll: boolean,
): Promise<string[]> {
  const key = await home.stateKey;
  return home.disk.peek(async (tables) => {
    const rows = await new Vault(tables, key).list<RoomRow>(allOf("room", 1_000));
    return rows
      .filter(({ value: { epochSeq, since } }) => isAll || (epochSeq ?? since) > common)
      .map(({ key: name }) => name.slice("room/".length));
  });
}

export async function storedRoomOf(home: SealedHome, room: RoomId): Promise<StoredRoom> {
  const key = await home.stateKey;
  return home.disk.peek(async (tables) => {
    const vault = new Vault(tables, key);
    const row = await vault.get<RoomRow>(roomKey(room));
    const rows = await vault.list<ContentRow>(contentRange(room, {}, 1_000_000));
    const said = new Map(rows.map(({ key: name, value }) => [seqOf(name), value]));
    const bytes = await vault.raw(stateKey(room));
    if (bytes === undefined || row === undefined) {
      return { row, said, epoch: undefined, authenticator: undefined };
    }
    const place = { key, gid: fromBase64Url(row.group), lease: row.instance ?? "" };
    const { plain, epoch } = await decryptState(bytes, place);
    const [state] = decodeGroupState(plain, 0) ?? [];
    const authenticator = state?.keySchedule.epochAuthenticator.toBase64();
    return { row, said, epoch, authenticator };
  });
}

export class Contents {
  readonly #texts = new Map<number, { readonly text: string; readonly by: string }>();

  agrees(seq: number, text: string, by: string): void {
    const known = this.#texts.get(seq);
    if (known === undefined) this.#texts.set(seq, { text, by });
    else {
      const message = () =>
        `seq ${seq} is '${text}' for ${by}, and '${known.text}' for ${known.by}`;
      check(known.text === text, message);
    }
  }
}

/**
 * Invariants at any time: no device reads a message from a time when no device of its user was a
 * member, all readers of a message read the same text, no device distrusts another, and no message
 * counts as withheld.
 */
export function checkKept(
  { home, name }: SealedMember,
  truth: SealedTruth,
  kept: StoredRoom,
  words: Contents,
  {
    devices,
    wasErased,
    isEditOfNoMessage,
  }: {
    /** Devices of the user, which hand messages over to one another. */
    readonly devices: readonly string[];
    readonly wasErased: (seq: number) => boolean;
    readonly isEditOfNoMessage: (seq: number, user: string) => boolean;
  },
): void {
  const { row, said } = kept;
  if (row?.status === "suspect") check(false, () => `${name} is suspicious: ${row.reason}`);
  const memberships = devices.flatMap((device) => truth.memberships.get(device) ?? []);
  for (const [seq, one] of said) {
    if (one.kind === "change") continue;
    const isIn = memberships.some(({ from, until }) => from < seq && seq < until);
    check(one.kind === "closed" || isIn, () => `${name} read seq ${seq} without being in`);
    const why = () => `${name} could not read seq ${seq}: ${JSON.stringify(one)}`;
    const isRead = one.kind === "said" || one.reason === "sender" || wasErased(seq);
    // A device takes the edit of a record without a text for the edit of an erased message.
    const isNoEdit = () => isEditOfNoMessage(seq, one.user ?? home.user);
    check(isRead || (one.reason === "erased" && isNoEdit()), why);
    const { missed = 0 } = one;
    check(missed === 0, () => `${name} misses ${missed} before seq ${seq}, and all are there`);
    if (one.kind !== "said") continue;
    const { text = "" } = one.body as { readonly text?: string };
    words.agrees(seq, `${one.user} ${text}`, name);
  }
}

/**
 * Checks that each device has finally read all messages of its membership, except after it lost its
 * state.
 */
export function checkRead(
  { home, name }: SealedMember,
  truth: SealedTruth,
  kept: StoredRoom,
  isErased: (seq: number) => boolean,
  wasErased: (seq: number) => boolean,
): void {
  const memberships = truth.memberships.get(home.device) ?? [];
  const ownSeqs = new Set(truth.words.map(({ head }) => head.seq));
  for (const [seq, one] of kept.said) {
    if (one.kind !== "said") continue;
    const { kind, seq: target = 0 } = one.body as { readonly kind?: string; readonly seq?: number };
    // An edit may name a message of another room, and then changes nothing.
    const isOfErased = kind === "edit" && ownSeqs.has(target) && isErased(target);
    check(!isErased(seq) && !isOfErased, () => `${name} has the erased text of seq ${seq}`);
  }
  const epoch = () => `${name} is at epoch ${kept.epoch} of ${truth.epoch}: ${describe(kept)}`;
  check(kept.row?.status === "in" && kept.epoch === truth.epoch, epoch);
  // A commit sent before the loss may be recorded after it; the device then rejoined again.
  const first = memberships.find(({ from }) => from > home.lostAt);
  const unknown = home.lostAt > 0 && first !== memberships.at(-1) ? first : undefined;
  for (const { head } of truth.words) {
    const { seq } = head;
    const stay = memberships.find(({ from, until }) => from < seq && seq < until);
    if (stay === undefined || seq <= home.lostAt || stay.from <= home.lostAt) continue;
    // The device could not open the Welcome, because it had used the key package before.
    const isRejoined = memberships.some(({ from, isOwn }) => isOwn && from === stay.until);
    if (home.hasRepeatedPackages && !stay.isOwn && isRejoined) continue;
    if (stay === unknown) continue;
    // Key packages from before the loss cannot add the device, which must rejoin by itself.
    if (home.lostAt > 0 && !stay.isOwn) continue;
    // The keys of a lost history cannot read what others wrote before this device has rejoined.
    if (home.outdatedRooms.has(truth.id) && stay !== memberships.at(-1)) continue;
    const one = kept.said.get(seq);
    if (one === undefined && wasErased(seq)) continue;
    check(one !== undefined, () => `${name} never read seq ${seq}, though it was in`);
    const shown = home.shown.get(seq);
    if (one.kind !== "said" || shown === undefined) continue;
    // Shown while it was erased; a restore of the server has undone that.
    if (shown.sealed === undefined && wasErased(seq)) continue;
    check(shown.sealed === "open", () => `${name} was shown seq ${seq} closed`);
  }
}

export function checkAcked(
  members: readonly SealedMember[],
  read: ReadonlyMap<string, number>,
): void {
  for (const { postStates, name } of members) {
    for (const [text, postState] of postStates) {
      const count = read.get(text) ?? 0;
      check(count <= 1, () => `'${text}' is there ${count} times`);
      // All members at that time may have left or lost their state.
      if (postState === "refused") check(count === 0, () => `${name}: '${text}' was refused`);
    }
  }
}

function describe({ row, epoch }: StoredRoom): string {
  return JSON.stringify({ ...row, counts: undefined, epoch });
}
