import { decodeGroupState } from "ts-mls/clientState.js";
import { fromBase64Url } from "../../../src/base/bytes.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import {
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
import { demand, type Witness } from "../witness.ts";
import type { SealedHome, SealedMember } from "./device.ts";

interface Stay {
  readonly from: number;
  readonly isOwn: boolean;
  until: number;
}

export interface SealedTruth {
  readonly id: RoomId;
  epoch: number;
  group: string;
  readonly devices: Set<string>;
  readonly stays: Map<string, Stay[]>;
  readonly words: LogRecord[];
}

const FOREVER = Number.POSITIVE_INFINITY;

/** Of all sealed rooms, folded from the log by other code than the server's. */
export function truthOf(witness: Witness): Map<string, SealedTruth> {
  const rooms = new Map<string, SealedTruth>();
  for (const record of witness.records) {
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
    ...{ id, epoch: -1, group, devices: new Set(), stays: new Map(), words: [] },
  };
  rooms.set(id, room);
  demand(epoch === room.epoch + 1, () => `${id}: epoch ${epoch} after ${room.epoch}`);
  demand(group === room.group, () => `${id} has a second group`);
  room.epoch = epoch;
  for (const [device] of removed) {
    demand(room.devices.delete(device), () => `${id}: ${device} is removed, and was not in`);
    const stay = room.stays.get(device)?.at(-1);
    if (stay !== undefined) stay.until = head.seq;
  }
  for (const [device] of added) {
    demand(!room.devices.has(device), () => `${id}: ${device} comes in twice`);
    room.devices.add(device);
    const stays = room.stays.get(device) ?? [];
    room.stays.set(device, [
      ...stays,
      { from: head.seq, until: FOREVER, isOwn: device === body.device },
    ]);
  }
}

export interface Kept {
  readonly row: RoomRow | undefined;
  readonly said: ReadonlyMap<number, ContentRow>;
  readonly epoch: number | undefined;
  readonly authenticator: string | undefined;
}

export async function keptOf(home: SealedHome, room: RoomId): Promise<Kept> {
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

/** What was meant, by the ids of posts: said by any device that has it, and by all the same. */
export class Words {
  readonly #texts = new Map<number, { readonly text: string; readonly by: string }>();

  agrees(seq: number, text: string, by: string): void {
    const known = this.#texts.get(seq);
    if (known === undefined) this.#texts.set(seq, { text, by });
    else {
      const told = () => `seq ${seq} is '${text}' for ${by}, and '${known.text}' for ${known.by}`;
      demand(known.text === text, told);
    }
  }
}

/**
 * At any moment: nobody has read what was said while they were out, everybody who has read a word
 * has read the same, nobody distrusts anybody, and no word counts as withheld.
 */
export function checkKept(
  { home, name }: SealedMember,
  truth: SealedTruth,
  kept: Kept,
  words: Words,
): void {
  const { row, said } = kept;
  if (row?.status === "suspect") demand(false, () => `${name} is suspicious: ${row.reason}`);
  const stays = truth.stays.get(home.device) ?? [];
  for (const [seq, one] of said) {
    if (one.kind === "change") continue;
    const isIn = stays.some(({ from, until }) => from < seq && seq < until);
    demand(one.kind === "closed" || isIn, () => `${name} read seq ${seq} without being in`);
    const why = () => `${name} could not read seq ${seq}: ${JSON.stringify(one)}`;
    demand(one.kind === "said" || one.reason === "sender", why);
    const { missed = 0 } = one;
    demand(missed === 0, () => `${name} misses ${missed} before seq ${seq}, and all are there`);
    if (one.kind !== "said") continue;
    const { text = "" } = one.body as { readonly text?: string };
    words.agrees(seq, `${one.user} ${text}`, name);
  }
}

/** At the end: what was said while it was in has been read, and shown, but for lost states. */
export function checkRead({ home, name }: SealedMember, truth: SealedTruth, kept: Kept): void {
  const stays = truth.stays.get(home.device) ?? [];
  const epoch = () => `${name} is at epoch ${kept.epoch} of ${truth.epoch}: ${told(kept)}`;
  demand(kept.row?.status === "in" && kept.epoch === truth.epoch, epoch);
  // A commit may be sent before the loss, and recorded after it: then it came in once more.
  const first = stays.find(({ from }) => from > home.lostAt);
  const unknown = home.lostAt > 0 && first !== stays.at(-1) ? first : undefined;
  for (const { head } of truth.words) {
    const { seq } = head;
    const stay = stays.find(({ from, until }) => from < seq && seq < until);
    if (stay === undefined || seq <= home.lostAt || stay.from <= home.lostAt) continue;
    if (stay === unknown) continue;
    // Key packages that were made before the loss let nobody in: it has to come in by itself.
    if (home.lostAt > 0 && !stay.isOwn) continue;
    const one = kept.said.get(seq);
    demand(one !== undefined, () => `${name} never read seq ${seq}, though it was in`);
    const shown = home.shown.get(seq);
    if (one.kind !== "said" || shown === undefined) continue;
    demand(shown.sealed === "open", () => `${name} was shown seq ${seq} closed`);
  }
}

/** An acknowledged word stands in the log, and says what was meant. */
export function checkAcked(
  members: readonly SealedMember[],
  read: ReadonlyMap<string, number>,
): void {
  for (const { fates, name } of members) {
    for (const [text, fate] of fates) {
      const count = read.get(text) ?? 0;
      demand(count <= 1, () => `'${text}' is there ${count} times`);
      // All who were in when it was said may be out by now, or have lost what they had.
      if (fate === "refused") demand(count === 0, () => `${name}: '${text}' was refused`);
    }
  }
}

function told({ row, epoch }: Kept): string {
  return JSON.stringify({ ...row, counts: undefined, epoch });
}
