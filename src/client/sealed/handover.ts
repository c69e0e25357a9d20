/**
 * Hands the readable messages of sealed rooms over to devices that joined later, and receives them:
 * from devices of the account, and from those of admins if the room was created with history for
 * new members. The parts travel as uploads that only the two accounts can list and fetch. The
 * receiver deletes each part after reading it, and thereby requests the next one.
 */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import {
  FIRST_PART_WAIT_MS,
  HANDOVER_AWAIT_MS,
  HANDOVER_CERTS_MAX,
  HANDOVER_KEEP_MS,
  HANDOVER_MESSAGES_MAX,
  HANDOVER_PART_BYTES_MAX,
  HANDOVER_PARTS_LISTED_MAX,
  HANDOVER_PARTS_UNREAD_MAX,
  HANDOVER_POLL_MS,
  HANDOVER_POLL_MS_MAX,
  HANDOVER_REPEATS_MAX,
  HANDOVER_WAIT_MS_MAX,
  HANDOVERS_MAX,
  MESSAGE_KEY_BYTES,
  NEXT_PART_WAIT_MS,
} from "../../base/limits-sealed.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { setNewest } from "../../core/evict.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import {
  handsOverTo,
  leafKeyOf,
  parseBox,
  type SealedBox,
} from "../../crypto/seal/handover-box.ts";
import { delay } from "../../io/clock.ts";
import type { OwnUploads } from "../files/transfers.ts";
import { listUploads, type UnfinishedUpload } from "../link/queries.ts";
import { editedBy } from "./edits.ts";
import { NOTHING_HANDED, readHanded, sumHanded, unreadKeys } from "./handed-messages.ts";
import {
  type HandedKey,
  type HandoverPart,
  malformedPart,
  packPart,
  unpackPart,
} from "./handover-part.ts";
import type { SealedAccountParts, SealedRoom } from "./room.ts";
import { type HandoverEvent, peopleOf } from "./room-state.ts";
import {
  type ArchivedRow,
  allOf,
  contentKey,
  type HandoverRow,
  handoverKey,
  memberCertKey,
  type RoomRow,
  roomKey,
} from "./rows.ts";

/** A key, its number and the index of its sender. */
const ENTRY_BYTES = MESSAGE_KEY_BYTES + 5;
/** The second run sees what the transaction stored that woke the first one. */
const RUNS_AFTER_WAKING = 2;
/** Faults of parts that no later run could accept, beside those of which the peer is to blame. */
const UNREADABLE_CODES: ReadonlySet<string> = new Set([
  ...(["seal-refused", "too-large", "internal"] as const),
]);

/** Refusals that the user can end. */
const REFUSAL_CODES: ReadonlySet<string> = new Set([
  ...(["not-allowed", "quota-reached", "store-full", "too-many"] as const),
]);

const NO_CODES: ReadonlySet<string> = new Set();

interface Outgoing {
  readonly device: string;
  readonly view: RoomView;
  /** True if the device is of another account. */
  readonly isOther: boolean;
}

interface Collected extends Omit<HandoverPart, "total" | "done"> {
  readonly messages: number;
  readonly before: number;
}

export class Handover {
  #isLinked = false;
  #isRunning = false;
  #runsLeft = 0;
  #delayMs = HANDOVER_POLL_MS;
  #cancel: (() => void) | undefined;
  /** Rooms of which a command expects further parts. */
  readonly #unfinished = new Set<RoomId>();
  /** Parts for keys that this device does not have any more. */
  readonly #stale = new Map<string, true>();

  constructor(
    private readonly parts: SealedAccountParts,
    private readonly roomOf: (view: RoomView) => SealedRoom,
  ) {}

  get #uploads(): OwnUploads {
    return this.parts.uploads();
  }

  connected(): void {
    this.#isLinked = this.parts.followsRooms;
    this.schedule();
  }

  lost(): void {
    this.#isLinked = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Call when a device of the account joins a room, possibly before the store knows it. */
  schedule(): void {
    this.#runsLeft = RUNS_AFTER_WAKING;
    this.#delayMs = HANDOVER_POLL_MS;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wait();
  }

  /**
   * Receives what other devices hand over, for a command. What comes later waits for the next one.
   * @param entered rooms that this device has just entered, of which parts will come
   */
  async receive(entered: readonly RoomId[]): Promise<void> {
    const { clock } = this.parts;
    if (!(await this.#isAwaiting())) return;
    this.#unfinished.clear();
    for (const room of entered) this.#unfinished.add(room);
    const end = clock.now() + HANDOVER_WAIT_MS_MAX;
    for (let until = clock.now() + FIRST_PART_WAIT_MS; clock.now() < Math.min(until, end); ) {
      if (await this.#receiveAll(await this.#listed())) until = clock.now() + NEXT_PART_WAIT_MS;
      else if (this.#unfinished.size === 0) return;
      else await delay(clock, HANDOVER_POLL_MS);
    }
  }

  /** Reports whether messages are still to be handed over to the device. */
  isSending(device: string): Promise<boolean> {
    return this.parts.states.transact(async (vault) => {
      const rows = await vault.rows(allOf("handover", HANDOVERS_MAX));
      return rows.some(({ key }) => key.split("/")[1] === device);
    });
  }

  #wait(): void {
    if (!this.#isLinked || this.#isRunning) return;
    this.#cancel ??= this.parts.clock.after(this.#delayMs, () => {
      this.#cancel = undefined;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let isPending = true;
    try {
      if (!this.parts.isListed()) return;
      const outgoing = await this.#outgoing();
      isPending = outgoing.length > 0 || (await this.#isAwaiting());
      if (isPending) {
        const listed = await this.#listed();
        let isMoving = await this.#receiveAll(listed);
        for (const { device, view, isOther } of outgoing) {
          // A server may not let an admin write to a member who has not entered the room yet.
          const codes = isOther ? NO_CODES : REFUSAL_CODES;
          if (await this.#attempt(() => this.#send(device, view, listed), codes)) isMoving = true;
        }
        this.#delayMs = isMoving
          ? HANDOVER_POLL_MS
          : Math.min(2 * this.#delayMs, HANDOVER_POLL_MS_MAX);
      }
    } catch (error) {
      asFault(error);
      this.#delayMs = Math.min(2 * this.#delayMs, HANDOVER_POLL_MS_MAX);
    } finally {
      this.#isRunning = false;
      this.#runsLeft--;
      if (isPending || this.#runsLeft > 0) this.#wait();
    }
  }

  /** Devices that have joined rooms, with the rooms. Forgets rooms that this device has left. */
  async #outgoing(): Promise<Outgoing[]> {
    const { parts } = this;
    const rooms = new Map(parts.rooms().map((view) => [view.id as string, view]));
    return parts.states.transact(async (vault) => {
      const rows = await vault.list<HandoverRow>(allOf("handover", HANDOVERS_MAX));
      const outgoing: Outgoing[] = [];
      for (const { key, value } of rows) {
        const [, device = "", room = ""] = key.split("/");
        const view = rooms.get(room);
        if (view === undefined) await vault.delete(key);
        else outgoing.push({ device, view, isOther: value.user !== undefined });
      }
      return outgoing;
    });
  }

  async #isAwaiting(): Promise<boolean> {
    const { parts } = this;
    const since = parts.clock.unixMs() - HANDOVER_AWAIT_MS;
    return parts.states.transact(async (vault) => {
      for (const { id, isSealed } of parts.rooms()) {
        if (isSealed !== true) continue;
        const { awaitsSinceUnixMs = 0 } = (await vault.find<RoomRow>(roomKey(id))) ?? {};
        if (awaitsSinceUnixMs > since) return true;
      }
      return false;
    });
  }

  async #listed(): Promise<readonly UnfinishedUpload[]> {
    const uploads = await listUploads(this.parts.request, true);
    return uploads.filter(({ purpose }) => purpose === "handover");
  }

  async #receiveAll(listed: readonly UnfinishedUpload[]): Promise<boolean> {
    const { id } = this.parts.device;
    const own = listed
      .filter((upload) => upload.name === id && isComplete(upload))
      .filter(({ file }) => !this.#stale.has(file))
      .sort((a, b) => a.since - b.since)
      .slice(0, HANDOVER_PARTS_LISTED_MAX);
    let hasReceived = false;
    for (const upload of own)
      if (await this.#attempt(() => this.#receive(upload))) hasReceived = true;
    return hasReceived;
  }

  /** The next run repeats what has failed, so that one room does not stop the others. */
  async #attempt(
    work: () => Promise<boolean>,
    codes: ReadonlySet<string> = REFUSAL_CODES,
  ): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      const fault = asFault(error);
      if (codes.has(fault.code)) this.parts.emit({ kind: "sealed-fault", fault });
      return false;
    }
  }

  /**
   * Withdraws a part that cannot be read, because its sender would repeat it unchanged.
   * @returns false if this device cannot open the part
   */
  async #receive({ file, bytes: sizeBytes }: UnfinishedUpload): Promise<boolean> {
    const box = await this.#unlessUnreadable(async () =>
      parseBox(await this.#uploads.fetch(file as FileId, sizeBytes)),
    );
    const room = box && (await this.#roomOfGroup(box.gid));
    const open = room && (() => this.#open(room, box));
    // The sender replaces a part for an earlier key when it knows the new one.
    if (open !== undefined && (await this.#unlessUnreadable(open)) === "stale") {
      setNewest(this.#stale, file, true, HANDOVERS_MAX);
      return false;
    }
    await this.#withdraw(file);
    return true;
  }

  async #open(room: SealedRoom, box: SealedBox): Promise<"read" | "stale"> {
    const { group } = await room.run((tx) => tx);
    if (group === undefined) return "read";
    const { plain, by } = await this.parts.device.engine.openBox(group, box);
    if (plain === undefined) return "stale";
    const user = by.account === group.self.account ? undefined : by.user;
    await this.#read(room, unpackPart(plain), user);
    return "read";
  }

  /** @returns `undefined` if no later run could do the work, either */
  async #unlessUnreadable<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      const fault = asFault(error);
      if (!isPermanent(fault)) throw fault;
      this.#reportUnreadable(fault);
      return undefined;
    }
  }

  #reportUnreadable(cause: Fault): void {
    const text = msg`earlier messages that another device sent cannot be read`;
    const fault = new Fault("seal-broken", text, { remedy: msg`ask a room admin`, cause });
    this.parts.emit({ kind: "sealed-fault", fault });
  }

  /** Another process of this home, or the other device, may have deleted the part. */
  async #withdraw(file: string): Promise<void> {
    await this.#uploads.withdraw(file as FileId).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.code !== "file-unknown") throw error;
    });
  }

  async #roomOfGroup(gid: Uint8Array): Promise<SealedRoom | undefined> {
    const group = toBase64Url(gid);
    const isOfGroup = (room: SealedRoom) => room.run(({ row }) => row?.group === group);
    const sealed = this.parts.rooms().filter(({ isSealed }) => isSealed === true);
    const rooms = sealed.map((view) => this.roomOf(view));
    for (const room of rooms) {
      if (!(await isOfGroup(room))) continue;
      await room.catchUp();
      return room;
    }
    // The device may not have read yet that it was added. Another room must not prevent that.
    const faults: Fault[] = [];
    for (const room of rooms) {
      await room.catchUp().catch((error: unknown) => faults.push(asFault(error)));
      if (await isOfGroup(room)) return room;
    }
    const transient = faults.find((fault) => !isPermanent(fault));
    if (transient !== undefined) throw transient;
    return undefined;
  }

  async #read(room: SealedRoom, part: HandoverPart, user: string | undefined): Promise<void> {
    const { total, done, keys, isLast } = part;
    const { n = 0, seq = 0 } = (await room.run(({ row }) => row)) ?? {};
    if (isLast) this.#unfinished.delete(room.view.id);
    else this.#unfinished.add(room.view.id);
    // The room cannot have had so many messages.
    if (total > (n || seq)) throw malformedPart();
    const unread = await unreadKeys(room, keys);
    if (unread.length > 0 && done === 0) this.#emit(room, "receiving", total, { total, user });
    const counts = await readHanded(room, { ...part, keys: unread });
    const handed = await room.run((tx) => {
      const before = (done === 0 ? undefined : tx.row?.handed) ?? NOTHING_HANDED;
      const { done: lastDone = 0 } = before;
      // A part that arrives again would hide that another one is missing.
      const isRepeated = done > 0 && done <= lastDone;
      const known = { ...NOTHING_HANDED, read: keys.length - unread.length };
      const all = isRepeated ? before : sumHanded(sumHanded(before, counts), known);
      tx.change({ handed: isLast ? undefined : { ...all, done: Math.max(done, lastDone) } });
      return all;
    });
    if (unread.length === 0) return;
    const received = Math.min(done + keys.length, total);
    if (!isLast) return this.#emit(room, "part", received, { total });
    const read = Math.min(handed.read, total);
    if (read > 0) this.#emit(room, "read", read, { total });
    // A part may have been lost, for example when the server was restored from a backup.
    const hidden = Math.max(handed.missing + handed.wrong, total - handed.read - handed.erased);
    if (hidden > 0) this.#emit(room, "hidden", hidden, { total });
  }

  /** @returns whether a part was sent or has been received */
  async #send(
    device: string,
    view: RoomView,
    listed: readonly UnfinishedUpload[],
  ): Promise<boolean> {
    const { parts } = this;
    const room = this.roomOf(view);
    const rowKey = handoverKey(device, view.id);
    const { row, isOver } = await room.run(async ({ vault, group }) => {
      const stored = await vault.find<HandoverRow>(rowKey);
      const over = group !== undefined && !handsOverTo(group, device);
      if (over) await vault.delete(rowKey);
      return { row: group === undefined ? undefined : stored, isOver: over };
    });
    if (row === undefined) return false;
    if (isOver) {
      if (row.part !== undefined) await this.#withdraw(row.part.file);
      return false;
    }
    if (row.part !== undefined) return this.#settle(device, room, { row, part: row.part, listed });
    const isOther = row.user !== undefined;
    if (isOther && listed.length >= HANDOVER_PARTS_UNREAD_MAX) return false;
    const total = row.total ?? (await countKeys(room, row.before));
    const collected = await collect(room, row.before);
    if (collected.keys.length === 0) {
      await room.run(({ vault }) => vault.delete(rowKey));
      return false;
    }
    if (row.done === 0 && !isOther) this.#emit(room, "sending", total, { total, device });
    const { messages, before, ...content } = collected;
    const { isLast } = content;
    const part = packPart({ ...content, total, done: row.done });
    const { group } = await room.run((tx) => tx);
    const key = group && leafKeyOf(group, device);
    if (group === undefined || key === undefined) return false;
    const box = await parts.device.engine.sealFor(group, device, part).catch(ignoreUnusableKey);
    if (box === undefined) {
      await room.run(({ vault }) => vault.delete(rowKey));
      return false;
    }
    const file = await this.#uploads.send(device, box, row.user);
    const isStored = await room.run(async ({ vault }) => {
      // The device may have joined again, or another process of this home has sent the part.
      const current = await vault.find<HandoverRow>(rowKey);
      if (current?.before !== row.before || current.part !== undefined) return false;
      const sentUnixMs = parts.clock.unixMs();
      const sent = { file, before, messages, isLast, sentUnixMs, leafKey: toBase64Url(key) };
      await vault.put(rowKey, { ...current, total, part: sent } satisfies HandoverRow);
      return true;
    });
    if (!isStored) await this.#withdraw(file);
    return true;
  }

  /** Continues when the device has deleted the part that it was sent. */
  async #settle(
    device: string,
    room: SealedRoom,
    { row, part, listed }: SentPart,
  ): Promise<boolean> {
    const isExpired = this.parts.clock.unixMs() - part.sentUnixMs > HANDOVER_KEEP_MS;
    const { group } = await room.run((tx) => tx);
    const leafKey = group && leafKeyOf(group, device);
    const isStale = leafKey !== undefined && toBase64Url(leafKey) !== part.leafKey;
    const isWaiting = listed.some(({ file }) => file === part.file);
    if (isWaiting && !isExpired && !isStale) return false;
    // The device has renewed its keys, or was absent until the server deleted the part.
    const isRepeated = isWaiting || isExpired;
    if (isWaiting) await this.#withdraw(part.file);
    const key = handoverKey(device, room.view.id);
    await room.run(async ({ vault }) => {
      const current = await vault.find<HandoverRow>(key);
      if (current?.part?.file !== part.file) return;
      const { part: _, ...rest } = current;
      const { repeats = 0 } = current;
      const again = { ...rest, repeats: repeats + 1 };
      const next = { ...rest, before: part.before, done: row.done + part.messages };
      const isOver = isRepeated ? repeats >= HANDOVER_REPEATS_MAX : part.isLast;
      if (isOver) await vault.delete(key);
      else await vault.put(key, (isRepeated ? again : next) satisfies HandoverRow);
    });
    const { total = 0, user } = row;
    const isSent = part.isLast && !isRepeated && user === undefined;
    if (isSent) this.#emit(room, "sent", total, { total, device });
    return true;
  }

  #emit(
    { view }: SealedRoom,
    step: HandoverEvent["step"],
    messages: number,
    { total, device, user }: Pick<HandoverEvent, "total" | "device" | "user">,
  ): void {
    const { emit, sha256 } = this.parts;
    emit({
      kind: "handover",
      room: view.id,
      name: view.name,
      people: peopleOf(view),
      step,
      messages,
      total,
      sizeBytes: total * ENTRY_BYTES,
      device: device && deviceIdOf(fromBase64Url(device), sha256),
      user,
    });
  }
}

interface SentPart {
  readonly row: HandoverRow;
  readonly part: NonNullable<HandoverRow["part"]>;
  readonly listed: readonly UnfinishedUpload[];
}

/** A sender that was interrupted may have left an incomplete part, which it sends again. */
function isComplete({ bytes, size, sending }: UnfinishedUpload): boolean {
  return !sending && bytes > 0 && bytes === size && bytes <= HANDOVER_PART_BYTES_MAX;
}

function isPermanent({ blame, code }: Fault): boolean {
  // The server failed to prove its history, which says nothing about the part.
  if (code.startsWith("log-")) return false;
  return blame === "peer" || UNREADABLE_CODES.has(code);
}

/** A member can choose a key for which nothing can be encrypted, and then gets nothing. */
function ignoreUnusableKey(error: unknown): undefined {
  if (asFault(error).code !== "seal-broken") throw error;
}

async function countKeys(room: SealedRoom, before: number): Promise<number> {
  let total = 0;
  await room.search({ before, limit: 1 }, (_, row) => {
    if (keyOf(row) !== undefined) total++;
    return true;
  });
  return total;
}

function keyOf(row: ArchivedRow | undefined): string | undefined {
  return row?.kind === "said" ? row.key : undefined;
}

/**
 * Collects the newest messages before a `seq`, and those that they edit, which the other device
 * must read first.
 */
async function collect(room: SealedRoom, before: number): Promise<Collected> {
  const rows = new Map<number, ArchivedRow>();
  const edited = new Set<number>();
  const devices = new Set<string>();
  let [next, messages, isLast] = [before, 0, true];
  await room.search({ before, limit: 1 }, (seq, row) => {
    if (row.kind !== "said" || row.key === undefined) {
      next = seq;
      return true;
    }
    devices.add(row.device);
    const target = editedBy(row.body);
    if (target !== undefined) edited.add(target);
    isLast =
      rows.size + edited.size < HANDOVER_MESSAGES_MAX - 1 && devices.size < HANDOVER_CERTS_MAX;
    if (!isLast) return false;
    rows.set(seq, row);
    next = seq;
    messages++;
    return true;
  });
  return room.run(async ({ vault, room: id, group }) => {
    for (const seq of edited) {
      const row = rows.get(seq) ?? (await vault.find<ArchivedRow>(contentKey(id, seq)));
      if (row !== undefined && keyOf(row) !== undefined) rows.set(seq, row);
    }
    const certs: Uint8Array[] = [];
    const known = new Map<string, number>();
    const current = new Map(group?.members.map(({ device, cert }) => [device, cert]));
    const keys: HandedKey[] = [];
    for (const [seq, row] of [...rows].sort(([a], [b]) => a - b)) {
      const key = keyOf(row);
      if (row.kind !== "said" || key === undefined) continue;
      const stored = await vault.find<string>(memberCertKey(row.device));
      const cert =
        current.get(row.device) ?? (stored === undefined ? undefined : fromBase64Url(stored));
      const sender = known.get(row.device) ?? certs.length;
      if (cert === undefined || sender >= HANDOVER_CERTS_MAX) continue;
      if (!known.has(row.device)) certs.push(cert);
      known.set(row.device, sender);
      keys.push({ seq, sender, key: fromBase64Url(key) });
    }
    return { certs, keys, messages, before: next, isLast };
  });
}
