/** Items of a room's timeline. */

import { foldName, isName } from "../../base/names.ts";
import { ITEMLESS_KINDS, MESSAGE_KINDS } from "../../wire/kinds.ts";
import { bodyText, type ChatRecord, importOriginOf } from "../client/chat-record.ts";
import { withMentions } from "../client/mentions.ts";
import { fileBodyOf } from "../rooms/files.ts";
import type { Changes, FileView, Item, Reaction } from "./state.ts";

const NO_CHANGES: Changes = { edit: undefined, isErased: false, reactions: [] };

export function hasNoItem({ kind, body, sealed }: ChatRecord): boolean {
  if (kind !== "group") return ITEMLESS_KINDS.has(kind) || sealed === "carrier";
  // Routine key renewals in sealed rooms are hidden.
  return creationOf(body) === "" && changedUsers(body) === undefined;
}

export function isMessage(item: Item): boolean {
  return MESSAGE_KINDS.has(item.kind) && item.kind !== "sealed";
}

export function itemOf(
  record: ChatRecord,
  me: string | undefined,
  isReplyToMe: (seq: number) => boolean,
): Item {
  const { seq, n, timeUnixMs, kind, from, state, body } = record;
  const isMine = isSameName(from, me);
  const re = countOf(body?.[kind === "edit" || kind === "pin" ? "seq" : "re"]);
  const mentions = namesOf(kind === "file" ? captionMentions(body) : body?.["mentions"]);
  const imported = importOriginOf(body);
  const isNotice = kind === "text" && body?.["notice"] === true;
  const isMentioned =
    mentions.some((name) => isSameName(name, me)) || (re !== undefined && isReplyToMe(re));
  return {
    seq,
    n,
    timeUnixMs,
    kind,
    from,
    isMine,
    state,
    text: kind === "group" ? creationOf(body) : bodyText(record, textField(kind)),
    editedUnixMs: undefined,
    imported,
    re,
    mentions,
    mentionsMe: isMentioned && !isMine && !isNotice && imported === undefined,
    ...(isNotice ? { isNotice } : {}),
    reactions: [],
    file: kind === "file" ? fileViewOf(record) : undefined,
    subject: kind === "group" ? changedUsers(body) : textOf(body?.["name"]),
    oldName: body?.["user"] === undefined ? undefined : textOf(body["was"]),
    oldRoomName: body?.["user"] === undefined ? textOf(body?.["was"]) : undefined,
    isRemoved: body?.["removed"] === true,
    on:
      kind === "group"
        ? isAdding(body)
        : typeof body?.["on"] === "boolean"
          ? body["on"]
          : undefined,
    untilUnixMs: countOf(body?.["until"]),
    keepMs: countOf(body?.["keepMs"]),
    ...(record.withheld === undefined ? {} : { withheld: record.withheld }),
  };
}

function textField(kind: string): "text" | "topic" | "reason" {
  if (kind === "leave" || kind === "kick") return "reason";
  return kind === "topic" ? "topic" : "text";
}

type Body = ChatRecord["body"];

/** Searches the caption, because file records do not list mentions. */
function captionMentions(body: Body): unknown {
  const text = textOf(body?.["text"]);
  return text === undefined ? undefined : withMentions({ text }).mentions;
}

function fileViewOf({ body, room }: ChatRecord): FileView | undefined {
  const file = fileBodyOf(body);
  if (file === undefined) return undefined;
  const sending = textOf(body?.["sending"]);
  return {
    ...file,
    ...(room.isSealed === true ? { isSealed: true } : {}),
    ...(sending === undefined ? {} : { sending }),
  };
}

function creationOf(body: Body): string {
  return body?.["change"] === "create" || body?.["epoch"] === 0 ? "create" : "";
}

function changedUsers(body: Body): string | undefined {
  const changed = [...devicesOf(body?.["added"]), ...devicesOf(body?.["removed"])];
  return changed.length === 0 ? undefined : [...new Set(changed)].join(", ");
}

/** `undefined` if no devices are added or removed. */
function isAdding(body: Body): boolean | undefined {
  // Names come only from content that this device has decrypted; the server's record contains user
  // ids.
  if (isNonEmptyList(body?.["added"])) return true;
  return isNonEmptyList(body?.["removed"]) ? false : undefined;
}

function isNonEmptyList(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function devicesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  const users = list.map((item: { readonly user?: unknown } | null) => item?.user);
  return users.filter((user) => typeof user === "string");
}

export function withChanges(
  item: Item,
  changes: Changes | undefined,
  me: string | undefined,
): Item {
  if (changes === undefined) return item;
  if (changes.isErased) {
    const { erasedBy } = changes;
    const isByOther = erasedBy !== undefined && !isSameName(erasedBy, item.from);
    const by = isByOther ? { erasedBy } : {};
    const nothing = { text: "", mentions: [], reactions: [], file: undefined, mentionsMe: false };
    return { ...item, ...nothing, re: undefined, editedUnixMs: undefined, state: "erased", ...by };
  }
  if (item.state !== "whole") return item;
  const { edit } = changes;
  return {
    ...item,
    ...(edit === undefined ? {} : editedTo(item, edit)),
    reactions: reactionsOf(changes, me),
  };
}

function editedTo(
  { kind, mentions }: Item,
  { text, timeUnixMs }: NonNullable<Changes["edit"]>,
): Pick<Item, "text" | "editedUnixMs" | "mentions"> {
  const named = kind === "file" ? namesOf(captionMentions({ text })) : mentions;
  return { text, editedUnixMs: timeUnixMs, mentions: named };
}

type ChangeMap = Map<number, Changes>;

/**
 * Stores a record's changes to earlier records.
 * @returns the seqs of changed items
 */
export function noteChange(changes: ChangeMap, record: ChatRecord): readonly number[] {
  const { body, state, seq } = record;
  if (state !== "whole" || body === undefined || changes.get(seq)?.isErased === true) return [];
  switch (record.kind) {
    case "edit":
      return applyEdit(changes, record, countOf(body["seq"]));
    case "reaction":
      return applyReaction(changes, record, countOf(body["re"]));
    case "erase":
      return applyErasure(changes, record.from, countOf(body["seq"]), body["also"]);
    default:
      return [];
  }
}

function applyEdit(changes: ChangeMap, record: ChatRecord, of: number | undefined): number[] {
  if (of === undefined) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  if (known.edit !== undefined && known.edit.seq >= record.seq) return [];
  const { seq, timeUnixMs } = record;
  changes.set(of, { ...known, edit: { seq, timeUnixMs, text: bodyText(record) } });
  return [of];
}

function applyReaction(changes: ChangeMap, record: ChatRecord, of: number | undefined): number[] {
  const sign = textOf(record.body?.["react"]);
  const { seq } = record;
  const importedAuthor = importOriginOf(record.body)?.from;
  // Brackets mark the imported author. Account names never contain brackets.
  const by = importedAuthor === undefined ? record.from : `${importedAuthor} (imported)`;
  if (of === undefined || sign === undefined || by === undefined) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  if (known.reactions.some((item) => item.seq === seq)) return [];
  const all = [...known.reactions, { seq, sign, by }].sort((a, b) => a.seq - b.seq);
  changes.set(of, { ...known, reactions: all });
  return [of];
}

function applyErasure(
  changes: ChangeMap,
  erasedBy: string | undefined,
  seq: number | undefined,
  also: unknown,
): number[] {
  const named = [seq, ...(Array.isArray(also) ? also : [])].map(countOf);
  const removed = new Set(named.filter((item) => item !== undefined));
  const changedSeqs = [...removed];
  for (const [of, known] of changes) {
    const reactions = known.reactions.filter((item) => !removed.has(item.seq));
    if (reactions.length === known.reactions.length) continue;
    changes.set(of, { ...known, reactions });
    changedSeqs.push(of);
  }
  // Unloaded records are included, because a page already requested may contain their old content.
  for (const one of removed) {
    const known = changes.get(one) ?? NO_CHANGES;
    changes.set(one, { ...known, isErased: true, erasedBy, reactions: [] });
  }
  return changedSeqs;
}

function reactionsOf({ reactions }: Changes, me: string | undefined): Reaction[] {
  const signs = new Map<string, { by: string[]; mine: number | undefined }>();
  for (const { seq, sign, by } of reactions) {
    const reaction = signs.get(sign) ?? { by: [], mine: undefined };
    signs.set(sign, reaction);
    if (isSameName(by, me)) reaction.mine ??= seq;
    if (!reaction.by.includes(by)) reaction.by.push(by);
  }
  return [...signs].map(([sign, item]) => ({ sign, ...item }));
}

export function indexOfSeq(items: readonly Item[], seq: number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function itemAt(items: readonly Item[], seq: number): Item | undefined {
  const item = items[indexOfSeq(items, seq)];
  return item?.seq === seq ? item : undefined;
}

export function isSameName(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a === b || a.toLowerCase() === b.toLowerCase();
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

function namesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const names = value.filter((item) => typeof item === "string").filter(isName);
  return [...new Map(names.map((name) => [foldName(name), name])).values()];
}
