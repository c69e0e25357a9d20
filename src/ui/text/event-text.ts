/** Texts of events and messages in one line. */

import { formatLeft } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { Item } from "../../core/model/state.ts";
import { oneLine, plainLine } from "../../core/words/plain.ts";
import type { Texts } from "../messages/en/first.ts";
import type { Times } from "./times.ts";

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
  const all = [...earlier, item].map(({ from }) => cleanText(from ?? texts.server));
  const who = times.list([...new Set(all)]);
  const whom = cleanText(item.whom ?? "");
  switch (item.kind) {
    case "join":
      return texts.saidJoin(who);
    case "leave":
      return texts.saidLeave(who);
    case "topic":
      return item.state === "erased" ? texts.erased : texts.saidTopic(who, cleanText(item.text));
    case "kick":
      return item.isRemoved ? texts.saidRemove(who, whom) : texts.saidKick(who, whom);
    case "rename": {
      const was = cleanText(item.was ?? item.roomWas ?? "");
      return item.was === undefined
        ? texts.saidRenameRoom(who, was, whom)
        : texts.saidRename(who, was, whom);
    }
    case "close":
      return item.on === false ? texts.saidReopen(who) : texts.saidClose(who);
    case "retention":
      return item.keepMs === undefined
        ? texts.saidKeepAll(who)
        : texts.saidKeep(who, texts.span(formatLeft(item.keepMs)));
    case "pin":
      return item.on === false ? texts.saidUnpin(who) : texts.saidPin(who);
    case "receipts":
      return item.on === false ? texts.saidNoReceipts(who) : texts.saidReceipts(who);
    case "mute":
      if (item.on === false) return texts.saidUnmute(who, whom);
      if (item.untilUnixMs === undefined) return texts.saidMute(who, whom);
      return texts.saidMuteUntil(who, whom, times.full(item.untilUnixMs));
    case "grant":
      return item.on === false ? texts.saidUngrant(who, whom) : texts.saidGrant(who, whom);
    case "group":
      return item.text === "" ? texts.saidKeys(who, whom, item.on) : texts.saidSealed(who);
    case "sealed":
      return texts.unopened(all.length);
    default:
      return texts.saidOther(who, cleanText(item.kind));
  }
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
