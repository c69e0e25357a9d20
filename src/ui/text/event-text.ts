/** Texts of events and messages in one line. */

import { formatDuration } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { oneLine, plainLine } from "../../core/markup/plain.ts";
import type { Item } from "../../core/model/state.ts";
import type { KindIn } from "../../wire/kinds.ts";
import type { Texts } from "../messages/en/first.ts";
import type { Times } from "./times.ts";

interface EventFacts {
  readonly item: Item;
  /** Cleaned names: of those who did it, and of whom it concerns. */
  readonly who: string;
  readonly whom: string;
  /** The event and the earlier ones that its sentence includes. */
  readonly count: number;
  readonly texts: Texts;
  readonly times: Times;
}

type EventText = (facts: EventFacts) => string;

/** Messages, and kinds that are shown with other records or not at all. */
type Silent =
  | ("text" | "action" | "file" | "edit" | "reaction" | "erase")
  | ("room" | "remove" | "checkpoint" | "fork");

/** Sentence of every other kind of the history. */
const EVENT_TEXTS: Readonly<Record<Exclude<KindIn<"history">, Silent>, EventText>> = {
  join: ({ texts, who }) => texts.eventJoin(who),
  leave: ({ texts, who }) => texts.eventLeave(who),
  topic: ({ item, texts, who }) =>
    item.state === "erased" ? texts.deleted : texts.eventTopic(who, cleanText(item.text)),
  kick: ({ item, texts, who, whom }) =>
    item.isRemoved ? texts.eventAccountDeleted(who, whom) : texts.eventKick(who, whom),
  rename: ({ item, texts, who, whom }) => {
    const was = cleanText(item.oldName ?? item.oldRoomName ?? "");
    return item.oldName === undefined
      ? texts.eventRenameRoom(who, was, whom)
      : texts.eventRename(who, was, whom);
  },
  close: ({ item, texts, who }) =>
    item.on === false ? texts.eventReopen(who) : texts.eventClose(who),
  retention: ({ item, texts, who }) =>
    item.keepMs === undefined
      ? texts.eventRetentionOff(who)
      : texts.eventRetention(who, texts.span(formatDuration(item.keepMs))),
  pin: ({ item, texts, who }) => (item.on === false ? texts.eventUnpin(who) : texts.eventPin(who)),
  receipts: ({ item, texts, who }) =>
    item.on === false ? texts.eventReceiptsOff(who) : texts.eventReceiptsOn(who),
  mute: ({ item, texts, times, who, whom }) => {
    if (item.on === false) return texts.eventUnmute(who, whom);
    if (item.untilUnixMs === undefined) return texts.eventMute(who, whom);
    return texts.eventMuteUntil(who, whom, times.full(item.untilUnixMs));
  },
  grant: ({ item, texts, who, whom }) =>
    item.on === false ? texts.eventUngrant(who, whom) : texts.eventGrant(who, whom),
  group: ({ item, texts, who, whom }) =>
    item.text === "" ? texts.eventKeys(who, whom, item.on) : texts.eventSealed(who),
  sealed: ({ texts, count }) => texts.unreadableMessages(count),
};

/**
 * Returns one sentence for an event that is not a message: a join, a leave, a moderation.
 * @param earlier events of other users that the sentence includes
 */
export function eventText(
  item: Item,
  texts: Texts,
  times: Times,
  earlier: readonly Item[] = [],
): string {
  const { kind } = item;
  const all = [...earlier, item].map(({ from }) => cleanText(from ?? texts.server));
  const who = times.list([...new Set(all)]);
  const whom = cleanText(item.subject ?? "");
  const event = Object.hasOwn(EVENT_TEXTS, kind)
    ? EVENT_TEXTS[kind as keyof typeof EVENT_TEXTS]
    : undefined;
  // A later version may have written other kinds.
  return event === undefined
    ? texts.eventOther(who, cleanText(kind))
    : event({ item, who, whom, count: all.length, texts, times });
}

/**
 * Returns the author of a message. An imported one has a bracket, which no account name contains.
 */
export function authorText({ from, imported }: Item, texts: Texts): string {
  if (imported !== undefined) return texts.importedAuthor(cleanText(imported.from));
  return cleanText(from ?? texts.server);
}

/** Returns a message in one line, for a quote. @param length UTF-16 units */
export function quotedText({ file, text }: Pick<Item, "file" | "text">, length: number): string {
  return file === undefined ? plainLine(text, length) : oneLine(file.name, length);
}

/**
 * Returns an item in one line without markup, for a screen reader, a notification or a search
 * result.
 * @param length UTF-16 units
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
