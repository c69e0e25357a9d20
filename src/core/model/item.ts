/** Items of a room's timeline. */

import { firstIndex } from "../../base/binary-search.ts";
import { foldName, isName } from "../../base/names.ts";
import { isCount } from "../../base/values.ts";
import { ITEMLESS_KINDS, MESSAGE_KINDS } from "../../wire/kinds.ts";
import { type ChatRecord, fieldsIn, groupChangeOf, importOriginOf } from "../client/chat-record.ts";
import { eventFactsOf } from "../client/event-facts.ts";
import { withMentions } from "../client/mentions.ts";
import { erasedFilesIn, filesIn } from "../rooms/files.ts";
import { keywordSearch } from "../rooms/keywords.ts";
import type { FileView, Item } from "./state.ts";

const NO_FILES: readonly FileView[] = [];

export function hasNoItem({ kind, body }: ChatRecord): boolean {
  if (kind !== "group") return ITEMLESS_KINDS.has(kind);
  const { isCreation, users } = groupChangeOf(body);
  // Routine key renewals in sealed rooms are hidden.
  return !isCreation && users.length === 0;
}

export function isMessage(item: Item): boolean {
  return MESSAGE_KINDS.has(item.kind) && item.kind !== "sealed";
}

export function itemOf(
  record: ChatRecord,
  me: string | undefined,
  isReplyToMe: (seq: number) => boolean,
): Item {
  const { seq, n, timeUnixMs, from, state, body } = record;
  // An erased message is not unreadable for want of a key.
  const kind = record.kind === "sealed" && state === "erased" ? "text" : record.kind;
  const fields = fieldsIn(record);
  const isMine = isSameName(from, me);
  const facts = eventFactsOf(record, fields);
  const re = kind === "edit" ? countOf(fields.seq) : (facts.re ?? fields.re);
  const mentions =
    kind === "file" && fields.mentions === undefined
      ? captionMentions(fields.text)
      : namesIn(fields.mentions);
  const imported = importOriginOf(body);
  const isNotice = kind === "text" && fields.notice === true;
  // The server checks that the author may mention everyone. It cannot do that in a sealed room.
  const everyone = record.room.isSealed === true ? undefined : everyoneOf(fields.everyone);
  const answersMe = (re !== undefined && isReplyToMe(re)) || undefined;
  const isMentioned =
    mentions.some((mention) => isSameName(mention, me)) || everyone !== undefined || answersMe;
  return {
    seq,
    n,
    timeUnixMs,
    kind,
    from,
    by: record.by,
    isMine,
    hasNewKey: (record.hasNewKey === true && !isMine) || undefined,
    state: stateOf(kind, state),
    hasExpired: record.hasExpired,
    ...facts,
    editedUnixMs: undefined,
    imported,
    re,
    isInThread: (fields.thread === true && re !== undefined && re < seq) || undefined,
    mentions,
    answersMe,
    mentionsMe: isMentioned === true && !isMine && !isNotice && imported === undefined,
    isNotice: isNotice || undefined,
    stamp: fields.stamp,
    everyone,
    reactions: [],
    files: kind === "file" ? fileViewsOf(record) : NO_FILES,
    erasedFiles: kind === "file" ? erasedViewsOf(body) : undefined,
    withheld: record.withheld,
    waitsFor: record.waitsFor,
  };
}

/** An erased rename leaves nothing to read: its number stands only in JSON output. */
export function isHiddenEvent({ kind, state }: Pick<Item, "kind" | "state">): boolean {
  return kind === "rename" && state === "erased";
}

/** An erased departure is displayed without its reason, because the head contains the rest. */
export function stateOf(kind: string, state: Item["state"]): Item["state"] {
  return kind === "leave" && state === "erased" ? "whole" : state;
}

/** Marks a message of another user that contains a keyword like one that mentions the user. */
export function withKeywords(item: Item, keywords: readonly string[] | undefined): Item {
  if (item.mentionsMe || item.isMine || item.isNotice === true || item.imported !== undefined) {
    return item;
  }
  const isCalling = isMessage(item) && keywordSearch(item.text)(keywords);
  return isCalling ? { ...item, mentionsMe: true } : item;
}

function everyoneOf(value: unknown): "all" | "here" | undefined {
  return value === "all" || value === "here" ? value : undefined;
}

/** Searches the caption of a file whose record does not list mentions. */
export function captionMentions(caption = ""): string[] {
  return namesIn(withMentions({ text: caption }).mentions);
}

function fileViewsOf({ body, room }: ChatRecord): readonly FileView[] {
  const isSealed = room.isSealed || undefined;
  return filesIn(body).map((file) => ({ ...file, isSealed }));
}

function erasedViewsOf(body: ChatRecord["body"]): Item["erasedFiles"] {
  const erased = erasedFilesIn(body).map(({ file, name }) => ({ file, name }));
  return erased.length === 0 ? undefined : erased;
}

export function indexOfSeq(items: readonly Item[], seq: number): number {
  return firstIndex(items.length, (index) => (items[index]?.seq ?? 0) < seq);
}

export function itemAt(items: readonly Item[], seq: number): Item | undefined {
  const item = items[indexOfSeq(items, seq)];
  return item?.seq === seq ? item : undefined;
}

/** Seq of the message that is shown; an edit stands for the message that it changes. */
export function shownSeq({ kind, re, seq }: Pick<Item, "kind" | "re" | "seq">): number {
  return kind === "edit" && re !== undefined ? re : seq;
}

export function isSameName(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a === b || a.toLowerCase() === b.toLowerCase();
}

function countOf(value: number | undefined): number | undefined {
  return isCount(value) ? value : undefined;
}

function namesIn(list: readonly unknown[] = []): string[] {
  const names = list.filter((item) => typeof item === "string").filter(isName);
  return [...new Map(names.map((name) => [foldName(name), name])).values()];
}
