/** Reads messages that another device of the account has handed over, with the server's records. */

import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { ignoreFault } from "../../base/fault.ts";
import { foldName, type Name } from "../../base/names.ts";
import { isCount } from "../../base/values.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { PersonKey } from "../../core/client/person-keys.ts";
import { isSameName } from "../../core/model/item.ts";
import type { SealDevice } from "../../crypto/seal/members.ts";
import { readBody } from "./body.ts";
import { editedBy, eraseContent, erasedOf, eraseEdits, eraseFiles } from "./edits.ts";
import type { HandedKey, HandoverPart } from "./handover-part.ts";
import { accountOf } from "./identities.ts";
import type { SealedRoom } from "./room.ts";
import { ciphertextOf } from "./room-reader.ts";
import type { RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  contentKey,
  type HandedCounts,
  type HandedProgress,
  type SaidContent,
} from "./rows.ts";

export const NOTHING_HANDED: HandedProgress = { read: 0, erased: 0, missing: 0, wrong: 0 };

export function sumHanded(one: HandedCounts, other: HandedCounts): HandedCounts {
  return {
    read: one.read + other.read,
    erased: one.erased + other.erased,
    missing: one.missing + other.missing,
    wrong: one.wrong + other.wrong,
  };
}

type Opened = SaidContent & { readonly user: string };

/** Device of a certificate, with the account that the certificate's key proves. */
interface Sender extends SealDevice {
  /** Ids of accounts that had the certificate's name and key, as the server has proved. */
  formerAccounts(): Promise<readonly string[]>;
}

/**
 * Opens the ciphertexts that the server's log contains with the keys of the part.
 * @throws {Fault} the faults of the link and the store
 */
export async function readHanded(
  room: SealedRoom,
  { certs, keys }: HandoverPart,
): Promise<HandedCounts> {
  const { engine } = room.parts.device;
  const certified = await Promise.all(certs.map((cert) => engine.certified(cert)));
  const senders = await provedSenders(room, certified);
  const last = keys.at(-1)?.seq ?? 0;
  let counts = NOTHING_HANDED;
  for (let next = 0; next < keys.length; ) {
    const { seq = last } = keys[next] ?? {};
    const readUpTo = await room.run(({ row }) => row?.seq);
    const page = await room.queryPage({ after: seq - 1, before: last + 1 });
    const end = page.more ? (page.records.at(-1)?.seq ?? last) : last;
    const handed = keys.slice(next).filter((one) => one.seq <= end);
    const found = await readPage(room, page.records, { handed, senders });
    counts = sumHanded(counts, found.counts);
    // An erasure that the device has read meanwhile did not find the messages.
    if (found.readUpTo !== readUpTo) {
      const { records } = await room.queryPage({ after: seq - 1, before: end + 1 });
      await room.run((tx) => eraseAll(tx, records));
    }
    next += handed.length;
    if (handed.length === 0) break;
  }
  return counts;
}

/**
 * Omits devices whose accounts the server's key proofs contradict. Otherwise, a device could invent
 * messages of people whom this one does not know.
 */
async function provedSenders(
  { parts: { people, states } }: SealedRoom,
  senders: readonly (SealDevice | undefined)[],
): Promise<readonly (Sender | undefined)[]> {
  const keys = new Map<string, readonly PersonKey[]>();
  const proved: (Sender | undefined)[] = [];
  for (const sender of senders) {
    if (sender === undefined) {
      proved.push(undefined);
      continue;
    }
    const name = foldName(sender.user as Name);
    if (!keys.has(name)) {
      const known = await states.transact((vault) => accountOf(vault, name));
      const person = known === undefined ? await people.check(sender.user) : undefined;
      keys.set(name, person?.keys ?? []);
    }
    const shown = keys.get(name) ?? [];
    const isKey = ({ key }: PersonKey) => key === undefined || key === sender.account;
    const isProved = shown.length === 0 || shown.some(isKey);
    const prove = async () => {
      const all = (await people.check(sender.user))?.keys ?? [];
      return all.flatMap(({ key, account }) => (key === sender.account ? [account] : []));
    };
    let proving: Promise<readonly string[]> | undefined;
    const formerAccounts = () => (proving ??= prove());
    proved.push(isProved ? { ...sender, formerAccounts } : undefined);
  }
  return proved;
}

/** Returns the keys of messages that this device cannot read yet. */
export async function unreadKeys(
  room: SealedRoom,
  keys: readonly HandedKey[],
): Promise<HandedKey[]> {
  return room.run(async ({ vault, room: id }) => {
    const wanted: HandedKey[] = [];
    for (const key of keys) {
      const row = await vault.find<ArchivedRow>(contentKey(id, key.seq));
      const isEarly = row?.kind === "closed" && row.edit !== undefined;
      if (row === undefined || isEarly) wanted.push(key);
    }
    return wanted;
  });
}

interface HandedPage {
  readonly handed: readonly HandedKey[];
  readonly senders: readonly (Sender | undefined)[];
}

async function readPage(
  room: SealedRoom,
  records: readonly ChatRecord[],
  { handed, senders }: HandedPage,
): Promise<{ readonly counts: HandedCounts; readonly readUpTo: number | undefined }> {
  const { reader, files } = room.parts;
  const keys = new Map(handed.map((key) => [key.seq, key]));
  const found = new Map(records.map((record) => [record.seq, record]));
  const group = await room.run(({ row }) => row?.group);
  const opened = new Map<number, Opened>();
  await Promise.all(
    records.map(async (record) => {
      const key = keys.get(record.seq);
      const sender = key && senders[key.sender];
      if (key === undefined || sender === undefined || group === undefined) return;
      if (!(await isPosted(record, sender))) return;
      const content = await open(room, record, { key: key.key, sender, group });
      if (content !== undefined) opened.set(record.seq, content);
    }),
  );
  let [read, erased, wrong] = [0, 0, 0];
  const readUpTo = await room.run(async (tx) => {
    await eraseAll(tx, records);
    const goneSeqs = new Set<number | undefined>();
    for (const record of records) {
      const { kind, state, seq } = record;
      if (kind === "file" && state === "whole") await files.addRecord(tx, record);
      if (!keys.has(seq)) continue;
      const content = opened.get(seq);
      const key = keys.get(seq);
      const sender = key && senders[key.sender];
      if (state === "erased") {
        goneSeqs.add(seq);
        erased++;
      } else if (content === undefined || !(await hasKnownKey(tx, sender))) wrong++;
      else if ((await reader.addHanded(tx, record, content)) === undefined) read++;
      else if (goneSeqs.has(editedBy(content.body))) erased++;
      else wrong++;
    }
    return tx.row?.seq;
  });
  const missing = handed.filter(({ seq }) => !found.has(seq)).length;
  return { counts: { read, erased, missing, wrong }, readUpTo };
}

interface OpenOptions {
  readonly key: Uint8Array;
  readonly sender: SealDevice;
  readonly group: string;
}

async function open(
  room: SealedRoom,
  record: ChatRecord,
  { key, sender, group }: OpenOptions,
): Promise<Opened | undefined> {
  const ciphertext = record.kind === "sealed" ? ciphertextOf(record) : undefined;
  if (ciphertext === undefined) return undefined;
  const epoch = record.body?.["epoch"];
  if (!isCount(epoch)) return undefined;
  const { device, user } = sender;
  const account = fromBase64Url(sender.account);
  const bound = utf8Encode(record.id);
  const gid = fromBase64Url(group);
  const message = { bound, device, account, gid, room: room.view.id, epoch };
  const content = await room.parts.device.engine
    .openWithKey(ciphertext, key, message)
    .catch(ignoreFault);
  const body = content && readBody(content.body);
  if (content === undefined || body === undefined) return undefined;
  return { user, device, body, sentAtUnixMs: content.sentAtUnixMs, key: toBase64Url(key) };
}

/** Reports whether the record is by the user that the certificate names, also if renamed since. */
async function isPosted({ from, by }: ChatRecord, sender: Sender): Promise<boolean> {
  if (isSameName(sender.user, from)) return true;
  if (by === undefined || from === undefined) return false;
  return (await sender.formerAccounts()).includes(by);
}

async function hasKnownKey(
  { vault }: RoomTransaction,
  sender: SealDevice | undefined,
): Promise<boolean> {
  if (sender === undefined) return false;
  const known = await accountOf(vault, foldName(sender.user as Name));
  return known === undefined || known === sender.account;
}

async function eraseAll(tx: RoomTransaction, records: readonly ChatRecord[]): Promise<void> {
  for (const record of records) {
    const { state, seq } = record;
    const files = erasedOf(record);
    if (files.length > 0) await eraseFiles(tx.vault, tx.room, seq, files);
    if (state !== "erased") continue;
    await eraseEdits(tx.vault, tx.room, seq);
    await eraseContent(tx.vault, tx.room, seq);
  }
}
