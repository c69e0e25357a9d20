/** Erasure of a sealed room's messages, together with their edits. */

import { Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { listOf } from "../../base/json-fields.ts";
import { defined } from "../../base/values.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import {
  contentIds,
  erasedFilesIn,
  filesIn,
  isMarkedErased,
  withErasedFiles,
} from "../../core/rooms/files.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { JsonObject } from "../../wire/record.ts";
import { withoutFileSecrets } from "./body.ts";
import type { RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  type ContentRow,
  contentKey,
  editKey,
  editRange,
  fileKey,
  seqOf,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

const PAGE_ROWS = 500;

/** Returns the seq of the message that the content edits; `undefined` if it is not an edit. */
export function editedBy(body: unknown): number | undefined {
  const { kind, seq } = Object(body) as Readonly<Record<string, unknown>>;
  return kind === "edit" && typeof seq === "number" ? seq : undefined;
}

/**
 * Reports whether the message that the record at `seq` edits has been erased. Its text was stored
 * if this device was a member when it was posted.
 */
export async function isTargetErased(
  { vault, room, row }: RoomTransaction,
  seq: number,
  body: unknown,
): Promise<boolean> {
  const target = editedBy(body);
  const isKnown = target !== undefined && target < seq && target > (row?.since ?? seq);
  return isKnown && (await isErased(vault, room, target));
}

/** Reports whether the body edits a message that another device may still hand over. */
export async function isEditOfUnread(
  { vault, room, row }: RoomTransaction,
  body: unknown,
): Promise<boolean> {
  const target = editedBy(body);
  if (target === undefined || target > (row?.since ?? 0)) return false;
  return (await vault.find<ArchivedRow>(contentKey(room, target))) === undefined;
}

/** Applies the edits by its author that arrived before a message that was handed over. */
export async function applyEarlyEdits(
  { vault, room }: RoomTransaction,
  target: number,
  user: string,
): Promise<void> {
  const rows = await vault.rows({ ...editRange(room, target), limit: PAGE_ROWS });
  for (const { key } of rows) {
    const row = await editAt(vault, room, seqOf(key), target);
    if (row?.kind !== "closed" || row.edit === undefined || !isSameName(row.user, user)) continue;
    const { edit, n, timeUnixMs, post, commit, missed } = row;
    const head = defined({ n, timeUnixMs, post, commit, missed });
    await vault.put(contentKey(room, seqOf(key)), { kind: "said", user, ...edit, ...head });
  }
}

const EDITABLE_KINDS: ReadonlySet<unknown> = kindsWith("editable");

/**
 * Returns why a user may not edit the message, since the server can't check an encrypted edit.
 * Other devices refuse such an edit, too.
 */
export async function editRefusal(
  { vault, room }: RoomTransaction,
  seq: number,
  user: string,
): Promise<Fault | undefined> {
  const row = await vault.find<ArchivedRow>(contentKey(room, seq));
  if (row?.kind === "said" && EDITABLE_KINDS.has(Object(row.body)["kind"])) {
    if (isSameName(row.user, user)) return undefined;
    return new Fault("not-allowed", msg`message ${seq} is not yours`, {
      remedy: msg`you can edit only your own messages`,
    });
  }
  if (row !== undefined && (isDeleted(row) || isErasedEdit(row)))
    return new Fault("not-found", msg`message ${seq} was deleted`);
  return new Fault("not-found", msg`this device has not read a message ${seq} in this room`, {
    remedy: msg`edit it on a device that can read it`,
  });
}

async function isErased(vault: Vault, room: RoomId, seq: number): Promise<boolean> {
  const row = await vault.find<ArchivedRow>(contentKey(room, seq));
  return row === undefined || isDeleted(row) || isErasedEdit(row);
}

/**
 * Deletes the content of an erased message. The count of a message from this device remains,
 * because readers must not report it as withheld if a rollback takes its record away. The fact that
 * a record was an edit remains, too.
 */
export async function eraseContent(vault: Vault, room: RoomId, seq: number): Promise<void> {
  const key = contentKey(room, seq);
  const row = await vault.find<ArchivedRow>(key);
  if (row !== undefined && isErasedEdit(row)) return;
  if (row?.count === undefined) await vault.delete(key);
  else if (!isDeleted(row))
    await vault.put(key, { kind: "closed", reason: "deleted", ...identityOf(row) });
}

/** Deletes the keys of files that were erased without their message. */
export async function eraseFiles(
  vault: Vault,
  room: RoomId,
  seq: number,
  files: readonly string[],
): Promise<void> {
  const key = contentKey(room, seq);
  const row = await vault.find<ArchivedRow>(key);
  const next = row && withoutFiles(row, files);
  if (next !== row) await vault.put(key, next);
  for (const file of files) await vault.delete(fileKey(file as FileId, room, seq));
}

/** Returns the content without the secrets of these files, which it marks as erased. */
export function withoutFiles<Row extends ContentRow>(row: Row, files: readonly string[]): Row {
  if (row.kind !== "said" || !filesIn(row.body).some(({ file }) => files.includes(file)))
    return row;
  const body = withErasedFiles(row.body as JsonObject, files);
  const kept = listOf(body["files"]).map((entry) => {
    return isMarkedErased(entry) ? withoutFileSecrets(entry) : entry;
  });
  return { ...row, body: { ...body, files: kept } };
}

/** Returns the files of a record that were erased without it. */
export function erasedOf({ body }: ChatRecord): readonly string[] {
  return contentIds(erasedFilesIn(body));
}

export function isErasedEdit(row: ArchivedRow): boolean {
  return row.kind === "closed" && row.reason === "erased";
}

function isDeleted(row: ArchivedRow): boolean {
  return row.kind === "closed" && row.reason === "deleted";
}

function identityOf({ n, timeUnixMs, post, commit, count }: ArchivedRow) {
  return defined({ n, timeUnixMs, post, commit, count });
}

export async function storeEdit(
  vault: Vault,
  room: RoomId,
  seq: number,
  body: unknown,
): Promise<void> {
  const target = editedBy(body);
  if (target !== undefined && target < seq) await vault.putRaw(editKey(room, target, seq), MARK);
}

/** Returns the newest edits of a message, oldest first. */
export async function editsOf(
  vault: Vault,
  room: RoomId,
  target: number,
  limit: number,
): Promise<number[]> {
  const rows = await vault.rows({ ...editRange(room, target), limit, backwards: true });
  const edits: number[] = [];
  for (const seq of rows.map(({ key }) => seqOf(key))) {
    if ((await editAt(vault, room, seq, target)) !== undefined) edits.push(seq);
  }
  return edits.sort(ascending);
}

/**
 * Returns the stored edit. The index may name a record of a history that the server has replaced.
 */
async function editAt(vault: Vault, room: RoomId, seq: number, target: number) {
  const row = await vault.find<ArchivedRow>(contentKey(room, seq));
  const body =
    row?.kind === "said" ? row.body : row?.kind === "closed" ? row.edit?.body : undefined;
  const isEdit = row?.kind !== "change" && editedBy(body) === target;
  return isEdit ? row : undefined;
}

/** An edit of an erased message, whose ciphertext the server may still have. */
export interface RemainingEdit {
  readonly seq: number;
  readonly user: string;
}

/**
 * Deletes the texts of a message's edits.
 * @returns the edits that were stored
 */
export async function eraseEdits(
  vault: Vault,
  room: RoomId,
  target: number,
): Promise<readonly RemainingEdit[]> {
  const edits: RemainingEdit[] = [];
  for (;;) {
    const rows = await vault.rows({ ...editRange(room, target), limit: PAGE_ROWS });
    for (const { key } of rows) {
      const seq = seqOf(key);
      const user = await eraseEdit(vault, room, seq, target);
      if (user !== undefined) edits.push({ seq, user });
      await vault.delete(key);
    }
    if (rows.length < PAGE_ROWS) return edits;
  }
}

/** Returns the author; `undefined` if there is no such edit. */
async function eraseEdit(vault: Vault, room: RoomId, seq: number, target: number) {
  const row = await editAt(vault, room, seq, target);
  if (row === undefined) return undefined;
  const { user = "" } = row;
  const closed = { kind: "closed", reason: "erased", user, ...identityOf(row) } as const;
  await vault.put(contentKey(room, seq), closed);
  return user;
}

const MARK = Uint8Array.of(1);

function ascending(a: number, b: number): number {
  return a - b;
}
