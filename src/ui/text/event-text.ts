/** Single-line texts for events and messages. */

import { TOPIC_BYTES_MAX } from "../../base/limits.ts";
import { formatDuration } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { oneLine, plainLine } from "../../core/markup/plain.ts";
import type { Item } from "../../core/model/state.ts";
import type { KindIn } from "../../wire/kinds.ts";
import type { Texts } from "../messages/en/page.ts";
import type { Times } from "./times.ts";

interface EventFacts {
  readonly item: Item;
  readonly actor: string;
  readonly subject: string;
  readonly count: number;
  readonly texts: Texts;
  readonly times: Times;
}

type EventText = (facts: EventFacts) => string;

type KindWithoutText =
  | ("text" | "action" | "file" | "edit" | "reaction" | "erase")
  | ("room" | "remove" | "checkpoint" | "fork" | "clock");

const EVENT_TEXTS: Readonly<Record<Exclude<KindIn<"history">, KindWithoutText>, EventText>> = {
  join: ({ texts, actor }) => texts.eventJoin(actor),
  leave: ({ item, texts, actor }) => withReason(texts.eventLeave(actor), item),
  topic: ({ item, texts, actor }) =>
    item.state === "erased" ? texts.deleted : texts.eventTopic(actor, plainTopic(item.text)),
  kick: ({ item, texts, actor, subject }) =>
    item.isRemoved
      ? texts.eventAccountDeleted(actor, subject)
      : withReason(texts.eventKick(actor, subject), item),
  admission: ({ item, texts, actor, subject }) =>
    item.on === false ? texts.eventUninvite(actor, subject) : texts.eventInvite(actor, subject),
  rename: ({ item, texts, actor, subject }) => {
    const oldName = cleanText(item.oldName ?? item.oldRoomName ?? "");
    return item.oldName === undefined
      ? texts.eventRenameRoom(actor, oldName, subject)
      : texts.eventRename(actor, oldName, subject);
  },
  close: ({ item, texts, actor }) =>
    item.on === false ? texts.eventReopen(actor) : texts.eventClose(actor),
  retention: ({ item, texts, actor }) =>
    item.keepMs === undefined
      ? texts.eventRetentionOff(actor)
      : texts.eventRetention(actor, texts.span(formatDuration(item.keepMs))),
  pin: ({ item, texts, actor }) =>
    item.on === false ? texts.eventUnpin(actor) : texts.eventPin(actor),
  receipts: ({ item, texts, actor }) =>
    item.on === false ? texts.eventReceiptsOff(actor) : texts.eventReceiptsOn(actor),
  mute: ({ item, texts, times, actor, subject }) => {
    if (item.on === false) return texts.eventUnmute(actor, subject);
    if (item.untilUnixMs === undefined) return texts.eventMute(actor, subject);
    return texts.eventMuteUntil(actor, subject, times.full(item.untilUnixMs));
  },
  grant: ({ item, texts, actor, subject }) =>
    item.on === false ? texts.eventUngrant(actor, subject) : texts.eventGrant(actor, subject),
  group: ({ item, texts, actor, subject }) =>
    item.text === "" ? texts.eventKeys(actor, subject, item.on) : texts.eventSealed(actor),
  sealed: ({ texts, count }) => texts.unreadableMessages(count),
};

/** Topic without markup. */
export function plainTopic(topic: string): string {
  return plainLine(topic, TOPIC_BYTES_MAX);
}

function withReason(event: string, { text }: Item): string {
  return text === "" ? event : `${event}: ${cleanText(text)}`;
}

/** @param earlier earlier events of other users that the text also summarises */
export function eventText(
  item: Item,
  texts: Texts,
  times: Times,
  earlier: readonly Item[] = [],
): string {
  const { kind } = item;
  const all = [...earlier, item].map(({ from }) => cleanText(from ?? texts.server));
  const actor = times.list([...new Set(all)]);
  const subject = cleanText(item.subject ?? "");
  const event = Object.hasOwn(EVENT_TEXTS, kind)
    ? EVENT_TEXTS[kind as keyof typeof EVENT_TEXTS]
    : undefined;
  return event === undefined
    ? texts.eventOther(actor, cleanText(kind))
    : event({ item, actor, subject, count: all.length, texts, times });
}

export function deletedText({ erasedBy }: Item, texts: Texts): string {
  return erasedBy === undefined ? texts.deleted : texts.deletedBy(cleanText(erasedBy));
}

/** Brackets, which account names cannot contain, mark imported authors. */
export function authorText({ from, imported }: Item, texts: Texts): string {
  if (imported !== undefined) return texts.importedAuthor(cleanText(imported.from));
  return cleanText(from ?? texts.server);
}

/** @param length maximum in UTF-16 code units */
export function quotedText({ file, text }: Pick<Item, "file" | "text">, length: number): string {
  return file === undefined ? plainLine(text, length) : oneLine(file.name, length);
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
