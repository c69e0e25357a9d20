import { cleanText } from "../../base/text.ts";
import type { Item } from "../../core/model-state.ts";
import type { Texts } from "../texts.ts";
import type { Times } from "./times.ts";

/**
 * One sentence for what is no word of anybody: who came, who went, what was decided.
 * @param earlier of others, told in the same sentence
 */
export function saidText(
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
      return texts.saidKick(who, whom);
    case "mute":
      if (item.on === false) return texts.saidUnmute(who, whom);
      if (item.untilUnixMs === undefined) return texts.saidMute(who, whom);
      return texts.saidMuteUntil(who, whom, times.full(item.untilUnixMs));
    case "grant":
      return item.on === false ? texts.saidUngrant(who, whom) : texts.saidGrant(who, whom);
    default:
      return texts.saidOther(who, cleanText(item.kind));
  }
}

/** What a face says of an item in one breath: to a screen reader, or in a notification. */
export function briefText(item: Item, texts: Texts, times: Times): string {
  switch (item.kind) {
    case "text":
    case "action":
    case "edit":
      return cleanText(item.state === "whole" ? item.text.slice(0, 300) : texts.erased);
    case "file":
      return `${texts.file}: ${cleanText(item.file?.name ?? "")}`;
    default:
      return saidText(item, texts, times);
  }
}
