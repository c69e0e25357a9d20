/** Single-line texts for events and messages. */

import { TOPIC_BYTES_MAX } from "../../base/limits.ts";
import { formatDuration } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { type EventFacts, type EventKind, isEventKind } from "../../core/client/event-facts.ts";
import { oneLine, plainLine } from "../../core/markup/plain.ts";
import { isSameName } from "../../core/model/item.ts";
import { isMembership, type MembershipEvent, membershipSum } from "../../core/model/membership.ts";
import type { Item } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";
import { detailTexts } from "./file-text.ts";
import { ACCOUNT_NAMES, personText, type ShownNames } from "./person-text.ts";
import { rulesChangeText } from "./rules-text.ts";
import type { Times } from "./times.ts";

const LAST_LINE_LENGTH = 80;

/** An event as a record or an item states it. */
export interface ShownEvent extends EventFacts {
  readonly kind: EventKind;
  readonly from: string | undefined;
}

export interface EventStyle {
  readonly texts: Texts;
  /** Writes the end of a mute. */
  timeOf(unixMs: number): string;
  /** Returns the clean name under which the text shows an account. */
  nameOf(account: string): string;
  /** Whether a topic and a reason stay as they were written, because the caller escapes them. */
  readonly isRaw?: boolean;
}

type WordedFact = "isRemoved" | "on" | "isCall" | "keepMs" | "rules" | "changedRules" | "group";

/** Facts whose names, texts and times are written as one interface shows them. */
interface Wording extends Pick<EventFacts, WordedFact> {
  readonly text: string;
  readonly subject: string;
  readonly oldName: string;
  readonly isRoom: boolean;
  readonly isOwn: boolean;
  readonly until: string | undefined;
}

const PHRASES: Readonly<Record<EventKind, (event: Wording, texts: Texts) => string>> = {
  join: ({ subject }, texts) => (subject === "" ? texts.eventJoin : texts.eventAdded(subject)),
  leave: ({ text }, texts) => withReason(texts.eventLeave, text),
  topic: ({ text }, texts) => texts.eventTopic(text),
  kick: ({ subject, text, isRemoved }, texts) =>
    isRemoved ? texts.eventAccountDeleted(subject) : withReason(texts.eventKick(subject), text),
  admission: ({ subject, on }, texts) =>
    on === false ? texts.eventUninvite(subject) : texts.eventInvite(subject),
  rename: ({ subject, oldName, isRoom }, texts) =>
    isRoom ? texts.eventRenameRoom(oldName, subject) : texts.eventRename(oldName, subject),
  close: ({ on }, texts) => (on === false ? texts.eventReopen : texts.eventClose),
  retention: ({ keepMs }, texts) =>
    keepMs === undefined
      ? texts.eventRetentionOff
      : texts.eventRetention(texts.span(formatDuration(keepMs))),
  pin: ({ on }, texts) => (on === false ? texts.eventUnpin : texts.eventPin),
  receipts: ({ on }, texts) => (on === false ? texts.eventReceiptsOff : texts.eventReceiptsOn),
  hand: ({ subject, on, isOwn, isCall }, texts) => {
    if (on === true) return texts.eventHandUp;
    if (isCall === true) return texts.eventCall(subject);
    return isOwn ? texts.eventHandDown : texts.eventHandLowered(subject);
  },
  knock: ({ subject, on, isOwn }, texts) => {
    if (on === true) return texts.eventKnock;
    return isOwn ? texts.eventKnockEnd : texts.eventKnockDeclined(subject);
  },
  profile: ({ text, on }, texts) => {
    if (on === undefined) return texts.eventProfile;
    return on ? texts.eventTitle(text) : texts.eventTitleOff;
  },
  rules: ({ rules = {}, changedRules }, texts) => rulesChangeText(rules, changedRules, texts),
  mute: ({ subject, on, until }, texts) => {
    if (on === false) return texts.eventUnmute(subject);
    return until === undefined ? texts.eventMute(subject) : texts.eventMuteUntil(subject, until);
  },
  grant: ({ subject, on }, texts) =>
    on === false ? texts.eventUngrant(subject) : texts.eventGrant(subject),
  group: ({ subject, on, group, isOwn }, texts) => {
    if (group?.isCreation === true) return texts.eventSealed;
    return on === true && isOwn ? texts.eventOwnDevice : texts.eventKeys(subject, on);
  },
};

/**
 * Text of an event without its author, for every interface.
 * @param subject shown names of all affected users, if the text summarises several events
 */
export function eventPhrase(
  event: ShownEvent,
  { texts, timeOf, nameOf, isRaw = false }: EventStyle,
  subject = subjectText(event, nameOf),
): string {
  const { kind, from, text, oldName, oldRoomName, untilUnixMs } = event;
  const wording: Wording = {
    ...event,
    text: isRaw ? text : kind === "topic" ? plainTopic(text) : cleanText(text),
    subject,
    oldName: cleanText(oldName ?? oldRoomName ?? ""),
    isRoom: oldName === undefined,
    isOwn: isSameName(event.subject, from),
    until: untilUnixMs === undefined ? undefined : timeOf(untilUnixMs),
  };
  return PHRASES[kind](wording, texts);
}

function withReason(event: string, reason: string): string {
  return reason === "" ? event : `${event}: ${reason}`;
}

/** Topic without markup. */
export function plainTopic(topic: string): string {
  return plainLine(topic, TOPIC_BYTES_MAX);
}

/** A folded event names two users if there are at least this many. */
const FOLDED_NAMES_MIN = 5;

interface EventTextOptions {
  /** Earlier membership changes, or invitations by the same user, which the text summarises. */
  readonly earlier?: readonly Item[];
  /** Whether to count most of the users instead of naming them. */
  readonly isFolded?: boolean;
  /** Returns the clean name under which the text shows an account. Default: the account name. */
  readonly nameOf?: (account: string) => string;
}

export function eventText(
  item: Item,
  texts: Texts,
  times: Times,
  { earlier = [], isFolded = false, nameOf = cleanText }: EventTextOptions = {},
): string {
  const { kind, from } = item;
  if (earlier.length > 0 && kind === "hand")
    return handsText([...earlier, item], texts, times, nameOf);
  if (earlier.length > 0 && isMembership(item)) {
    const single = (event: Item) => eventText(event, texts, times, { nameOf });
    const style = { texts, list: times.list, nameOf, single };
    return membershipTexts([...earlier, item], style)[0] ?? "";
  }
  const isInvite = kind === "admission";
  const all = [...earlier, item].map(({ from, subject }) => (isInvite ? subject : from));
  const { waitsFor } = item;
  if (waitsFor !== undefined) return texts.waitingMessages(all.length, nameOf(waitsFor));
  if (kind === "sealed") return texts.unreadableMessages(all.length);
  const isDeleted = item.state === "erased" && (kind === "topic" || kind === "profile");
  if (isDeleted) return texts.deleted;
  const isSameSubject = earlier.every(({ subject }) => subject === item.subject);
  const shown = (account: string | undefined) =>
    account === undefined ? texts.server : nameOf(account);
  const names = [...new Set(all)].map(shown);
  if (isFolded && names.length >= FOLDED_NAMES_MIN)
    names.splice(2, Infinity, texts.others(names.length - 2));
  const listed = times.list(names);
  const actor = isInvite ? shown(from) : listed;
  if (!isEventKind(kind)) return texts.eventOther(actor, cleanText(kind));
  const subject = isInvite ? listed : isSameSubject ? undefined : "";
  const style = { texts, nameOf, timeOf: times.full };
  return `${actor} ${eventPhrase({ ...item, kind }, style, subject)}`;
}

/** Whether a row sums up several events of the kind, which it lists when it is unfolded. */
export function hasSum({ kind }: Pick<Item, "kind">): boolean {
  return kind === "hand" || isMembership({ kind });
}

/** Called people are named if there are at most this many. */
const CALLED_NAMES_MAX = 3;

/** Sums up a lesson: the number of hands, and whom moderators called on. */
function handsText(
  events: readonly Item[],
  texts: Texts,
  times: Times,
  nameOf: (account: string) => string,
): string {
  const subjects = (isOfSum: (event: Item) => boolean) => [
    ...new Set(events.filter(isOfSum).flatMap(({ subject }) => subject ?? [])),
  ];
  const hands = subjects(({ on, isCall }) => on === true || isCall === true);
  const called = subjects(({ isCall }) => isCall === true).map(nameOf);
  const others = called.length - CALLED_NAMES_MAX;
  if (others > 1) called.splice(CALLED_NAMES_MAX, Infinity, texts.others(others));
  return texts.handsSum(hands.length, called.length === 0 ? undefined : times.list(called));
}

/** All people who joined are named if there are at most this many, and nobody left. */
const JOINED_NAMES_MAX = 3;
/** Two people are named if fewer than this many joined, and nobody left. */
const JOINED_COUNTED_MIN = 10;

export interface MembershipStyle<T> {
  readonly texts: Texts;
  readonly list: (names: readonly string[]) => string;
  readonly nameOf: (account: string) => string;
  /** Text of an event that is the only one left. */
  readonly single: (event: T) => string;
  /** Whether counts have no words. */
  readonly isNarrow?: boolean | undefined;
}

/**
 * Returns the texts of a row of membership changes, the longest first, for views of different
 * widths; none if all changes cancel out.
 */
export function membershipTexts<T extends MembershipEvent>(
  events: readonly T[],
  { texts, list, nameOf, single, isNarrow = false }: MembershipStyle<T>,
): readonly string[] {
  const sum = membershipSum(events);
  const { joined, left, removed } = sum;
  const all = [...joined, ...left, ...removed];
  const [only] = all;
  if (only === undefined) return [];
  if (all.length === 1) return [single(only)];
  const counts = membershipCounts(sum, texts).slice(isNarrow ? 1 : 0);
  if (joined.length < all.length || joined.length >= JOINED_COUNTED_MIN) return counts;
  const names = [...new Set(joined.map(({ from }) => from ?? ""))].map(nameOf);
  const adder = joined.every(({ subject }) => subject === only.subject) ? only.subject : "";
  const phrase =
    adder === undefined || adder === "" ? texts.eventJoin : texts.eventAdded(nameOf(adder));
  const lists = [...Array(Math.min(JOINED_NAMES_MAX, names.length)).keys()].flatMap((short) => {
    const named = Math.min(JOINED_NAMES_MAX, names.length) - short;
    const others = names.length - named;
    if (others > 0 && named === JOINED_NAMES_MAX) return [];
    return [list([...names.slice(0, named), ...(others > 0 ? [texts.others(others)] : [])])];
  });
  return [...lists.map((named) => `${named} ${phrase}`), ...counts];
}

/** Counts such as `141 people joined, 12 left`, and `+141 −12` for narrow views. */
function membershipCounts(
  { joined, left, removed }: ReturnType<typeof membershipSum<MembershipEvent>>,
  texts: Texts,
): readonly [string, string] {
  const counts = [
    [joined.length, texts.peopleJoined],
    [left.length, texts.peopleLeft],
    [removed.length, texts.peopleRemoved],
  ] as const;
  const parts = counts.filter(([count]) => count > 0);
  const long = parts.map(([count, text], at) => text(count, at === 0)).join(", ");
  const gone = left.length + removed.length;
  const short = [
    ...(joined.length > 0 ? [`+${joined.length}`] : []),
    ...(gone > 0 ? [`−${gone}`] : []),
  ];
  return [long, short.join(" ")];
}

/** Membership changes that an unfolded row lists. */
export const MEMBERSHIP_EVENTS_SHOWN_MAX = 200;

/** Names the affected accounts, but keeps the new name of a renamed account or room. */
function subjectText({ kind, subject = "" }: ShownEvent, nameOf: EventStyle["nameOf"]): string {
  if (kind === "rename" || subject === "") return cleanText(subject);
  return subject.split(", ").map(nameOf).join(", ");
}

/** Says that a message is gone, in few words. */
export function goneText({ kind, hasExpired }: Item, texts: Texts): string {
  if (hasExpired !== true) return texts.deleted;
  return kind === "file" ? texts.fileExpired : texts.expired;
}

export function deletedText(item: Item, texts: Texts, names: ShownNames): string {
  const { erasedBy, hasExpired } = item;
  if (hasExpired === true) return goneText(item, texts);
  return erasedBy === undefined ? texts.deleted : texts.deletedBy(personText(names, erasedBy));
}

/** Brackets, which account names cannot contain, mark imported authors. */
export function authorText(
  { from = "", imported }: Pick<Item, "from" | "imported">,
  texts: Texts,
  names: ShownNames = ACCOUNT_NAMES,
): string {
  if (imported !== undefined) return texts.importedAuthor(cleanText(imported.from));
  return from === "" ? texts.server : personText(names, from);
}

/** @param length maximum in UTF-16 code units */
export function quotedText({ files, text }: Pick<Item, "files" | "text">, length: number): string {
  const names = files.map(({ name }) => name).join(", ");
  return files.length === 0 ? plainLine(text, length) : oneLine(names, length);
}

/** Beginning of a message, for the list of rooms. Its author is clear in a direct conversation. */
export function lastLine(
  item: Item,
  texts: Texts,
  times: Times,
  { isDirect, ...names }: ShownNames & { readonly isDirect?: boolean },
): string {
  const text = briefText(item, texts, times, LAST_LINE_LENGTH);
  if (item.isMine) return texts.ownLine(text);
  return isDirect === true ? text : `${firstName(authorText(item, texts, names))}: ${text}`;
}

/** A short first word, such as a title, does not name anybody. */
const TITLE_LENGTH_MAX = 3;

/** Returns the name up to its first word that is not a title, such as "Bu Sari". */
export function firstName(name: string): string {
  const [first = "", second] = name.split(" ");
  return first.length > TITLE_LENGTH_MAX || second === undefined ? first : `${first} ${second}`;
}

/** Text of a message whose files were all deleted. */
function restOfFiles({ text, erasedFiles = [] }: Item, texts: Texts, length: number): string {
  if (text !== "" || erasedFiles.length === 0) return plainLine(text, length);
  return oneLine(erasedFiles.map(({ name }) => texts.fileDeleted(name)).join(", "), length);
}

/**
 * Removes markup, for screen readers, notifications and search results.
 * @param length maximum in UTF-16 code units
 */
export function briefText(item: Item, texts: Texts, times: Times, length = 300): string {
  switch (item.kind) {
    case "text":
    case "action":
    case "edit":
      return item.state === "whole" ? plainLine(item.text, length) : goneText(item, texts);
    case "file": {
      if (item.state !== "whole") return goneText(item, texts);
      const [first] = item.files;
      if (first === undefined) return restOfFiles(item, texts, length);
      const { details } = first;
      const fileNames = item.files.map(({ name }) => cleanText(name)).join(", ");
      const names =
        item.files.length > 1 || details?.peaks === undefined
          ? `${texts.file}: ${fileNames}`
          : [texts.voiceMessage, ...detailTexts(details, texts)].join(", ");
      return item.text === "" ? names : `${names}: ${plainLine(item.text, length)}`;
    }
    default:
      return eventText(item, texts, times);
  }
}
