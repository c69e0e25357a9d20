/** Single-line texts for events and messages. */

import { TOPIC_BYTES_MAX } from "../../base/limits.ts";
import { formatDuration } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { oneLine, plainLine } from "../../core/markup/plain.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Item } from "../../core/model/state.ts";
import type { KindIn } from "../../wire/kinds.ts";
import type { RoomRules } from "../../wire/messages.ts";
import type { Texts } from "../messages/en/page.ts";
import { ACCOUNT_NAMES, personText, type ShownNames } from "./person-text.ts";
import { rulesText } from "./rules-text.ts";
import type { Times } from "./times.ts";

const LAST_LINE_LENGTH = 80;

export interface EventFacts {
  /** Topic or reason. */
  readonly text?: string | undefined;
  /** Affected user, or the new name of a user or room. */
  readonly subject?: string | undefined;
  readonly oldName?: string | undefined;
  readonly isRoom?: boolean;
  readonly isRemoved?: boolean | undefined;
  readonly isCreation?: boolean;
  readonly isOwn?: boolean;
  readonly on?: boolean | undefined;
  /** Formatted end of a mute. */
  readonly until?: string | undefined;
  readonly keepMs?: number | undefined;
  readonly rules?: RoomRules | undefined;
}

type Phrase = (facts: EventFacts, texts: Texts) => string;

type KindWithoutText =
  | ("text" | "action" | "file" | "edit" | "reaction" | "erase" | "sealed" | "vote" | "poll")
  | ("room" | "remove" | "checkpoint" | "fork" | "clock");

export type EventKind = Exclude<KindIn<"history">, KindWithoutText>;

const PHRASES: Readonly<Record<EventKind, Phrase>> = {
  join: ({ subject = "" }, texts) => (subject === "" ? texts.eventJoin : texts.eventAdded(subject)),
  leave: ({ text }, texts) => withReason(texts.eventLeave, text),
  topic: ({ text = "" }, texts) => texts.eventTopic(text),
  kick: ({ subject = "", text, isRemoved }, texts) =>
    isRemoved === true
      ? texts.eventAccountDeleted(subject)
      : withReason(texts.eventKick(subject), text),
  admission: ({ subject = "", on }, texts) =>
    on === false ? texts.eventUninvite(subject) : texts.eventInvite(subject),
  rename: ({ subject = "", oldName = "", isRoom }, texts) =>
    isRoom === true ? texts.eventRenameRoom(oldName, subject) : texts.eventRename(oldName, subject),
  close: ({ on }, texts) => (on === false ? texts.eventReopen : texts.eventClose),
  retention: ({ keepMs }, texts) =>
    keepMs === undefined
      ? texts.eventRetentionOff
      : texts.eventRetention(texts.span(formatDuration(keepMs))),
  pin: ({ on }, texts) => (on === false ? texts.eventUnpin : texts.eventPin),
  receipts: ({ on }, texts) => (on === false ? texts.eventReceiptsOff : texts.eventReceiptsOn),
  hand: ({ subject = "", on, isOwn }, texts) => {
    if (on === true) return texts.eventHandUp;
    return isOwn === true ? texts.eventHandDown : texts.eventHandLowered(subject);
  },
  knock: ({ subject = "", on, isOwn }, texts) => {
    if (on === true) return texts.eventKnock;
    return isOwn === true ? texts.eventKnockEnd : texts.eventKnockDeclined(subject);
  },
  rules: ({ rules = {} }, texts) => texts.eventRules(rulesText(rules, texts)),
  mute: ({ subject = "", on, until }, texts) => {
    if (on === false) return texts.eventUnmute(subject);
    return until === undefined ? texts.eventMute(subject) : texts.eventMuteUntil(subject, until);
  },
  grant: ({ subject = "", on }, texts) =>
    on === false ? texts.eventUngrant(subject) : texts.eventGrant(subject),
  group: ({ subject = "", on, isCreation, isOwn }, texts) => {
    if (isCreation === true) return texts.eventSealed;
    return on === true && isOwn === true ? texts.eventOwnDevice : texts.eventKeys(subject, on);
  },
};

/** Text of an event without its author, for every interface. */
export function eventPhrase(kind: EventKind, facts: EventFacts, texts: Texts): string {
  return PHRASES[kind](facts, texts);
}

function withReason(event: string, reason = ""): string {
  return reason === "" ? event : `${event}: ${reason}`;
}

/** Topic without markup. */
export function plainTopic(topic: string): string {
  return plainLine(topic, TOPIC_BYTES_MAX);
}

/** A folded event names two users if there are at least this many. */
const FOLDED_NAMES_MIN = 5;

interface EventTextOptions {
  /** Earlier joins, leaves, or invitations by the same user, which the text summarises. */
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
  const { kind, from, on, keepMs, untilUnixMs, isRemoved } = item;
  const isInvite = kind === "admission";
  const all = [...earlier, item].map(({ from, subject }) => (isInvite ? subject : from));
  if (kind === "sealed") return texts.unreadableMessages(all.length);
  if (kind === "topic" && item.state === "erased") return texts.deleted;
  const isSameSubject = earlier.every(({ subject }) => subject === item.subject);
  const shown = (account: string | undefined) =>
    account === undefined ? texts.server : nameOf(account);
  const names = [...new Set(all)].map(shown);
  if (isFolded && names.length >= FOLDED_NAMES_MIN)
    names.splice(2, Infinity, texts.others(names.length - 2));
  const listed = times.list(names);
  const actor = isInvite ? shown(from) : listed;
  if (!Object.hasOwn(PHRASES, kind)) return texts.eventOther(actor, cleanText(kind));
  const facts: EventFacts = {
    text: kind === "topic" ? plainTopic(item.text) : cleanText(item.text),
    subject: isInvite ? listed : isSameSubject ? subjectText(item, nameOf) : "",
    oldName: cleanText(item.oldName ?? item.oldRoomName ?? ""),
    isRoom: item.oldName === undefined,
    isRemoved,
    isCreation: item.text !== "",
    isOwn: isSameName(item.subject, from),
    on,
    until: untilUnixMs === undefined ? undefined : times.full(untilUnixMs),
    keepMs,
    rules: item.rules,
  };
  return `${actor} ${eventPhrase(kind as EventKind, facts, texts)}`;
}

/** Names the affected accounts, but keeps the new name of a renamed account or room. */
export function subjectText(
  { kind, subject = "" }: { readonly kind: string; readonly subject?: string | undefined },
  nameOf: (account: string) => string,
): string {
  if (kind === "rename" || subject === "") return cleanText(subject);
  return subject.split(", ").map(nameOf).join(", ");
}

export function deletedText({ erasedBy }: Item, texts: Texts, names: ShownNames): string {
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
export function quotedText({ file, text }: Pick<Item, "file" | "text">, length: number): string {
  return file === undefined ? plainLine(text, length) : oneLine(file.name, length);
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

function firstName(name: string): string {
  const [first = "", second] = name.split(" ");
  return first.length > TITLE_LENGTH_MAX || second === undefined ? first : `${first} ${second}`;
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
      return item.state === "whole" ? plainLine(item.text, length) : texts.deleted;
    case "file": {
      if (item.state !== "whole") return texts.deleted;
      const name = `${texts.file}: ${cleanText(item.file?.name ?? "")}`;
      return item.text === "" ? name : `${name}: ${plainLine(item.text, length)}`;
    }
    default:
      return eventText(item, texts, times);
  }
}
