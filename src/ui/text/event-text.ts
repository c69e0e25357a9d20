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
  join: ({ texts, who }) => texts.saidJoin(who),
  leave: ({ texts, who }) => texts.saidLeave(who),
  topic: ({ item, texts, who }) =>
    item.state === "erased" ? texts.erased : texts.saidTopic(who, cleanText(item.text)),
  kick: ({ item, texts, who, whom }) =>
    item.isRemoved ? texts.saidRemove(who, whom) : texts.saidKick(who, whom),
  rename: ({ item, texts, who, whom }) => {
    const was = cleanText(item.oldName ?? item.oldRoomName ?? "");
    return item.oldName === undefined
      ? texts.saidRenameRoom(who, was, whom)
      : texts.saidRename(who, was, whom);
  },
  close: ({ item, texts, who }) =>
    item.on === false ? texts.saidReopen(who) : texts.saidClose(who),
  retention: ({ item, texts, who }) =>
    item.keepMs === undefined
      ? texts.saidKeepAll(who)
      : texts.saidKeep(who, texts.span(formatDuration(item.keepMs))),
  pin: ({ item, texts, who }) => (item.on === false ? texts.saidUnpin(who) : texts.saidPin(who)),
  receipts: ({ item, texts, who }) =>
    item.on === false ? texts.saidNoReceipts(who) : texts.saidReceipts(who),
  mute: ({ item, texts, times, who, whom }) => {
    if (item.on === false) return texts.saidUnmute(who, whom);
    if (item.untilUnixMs === undefined) return texts.saidMute(who, whom);
    return texts.saidMuteUntil(who, whom, times.full(item.untilUnixMs));
  },
  grant: ({ item, texts, who, whom }) =>
    item.on === false ? texts.saidUngrant(who, whom) : texts.saidGrant(who, whom),
  group: ({ item, texts, who, whom }) =>
    item.text === "" ? texts.saidKeys(who, whom, item.on) : texts.saidSealed(who),
  sealed: ({ texts, count }) => texts.unopened(count),
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
    ? texts.saidOther(who, cleanText(kind))
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
      return item.state === "whole" ? plainLine(item.text, length) : texts.erased;
    case "file": {
      if (item.state !== "whole") return texts.erased;
      const name = `${texts.file}: ${cleanText(item.file?.name ?? "")}`;
      return item.text === "" ? name : `${name}: ${plainLine(item.text, length)}`;
    }
    default:
      return eventText(item, texts, times);
  }
}
