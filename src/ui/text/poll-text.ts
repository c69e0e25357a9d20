/** Results of a poll as lines. */

import { cleanText } from "../../base/text.ts";
import type { PollView } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";
import { ACCOUNT_NAMES, personText, type ShownNames, withMore } from "./person-text.ts";
import type { Times } from "./times.ts";

const BAR_LENGTH = 10;
/** People named at most in a list of voters or of those who reacted. */
export const PEOPLE_NAMED_MAX = 100;

/** Returns a line per option, with a bar, and a last one about the whole poll. */
export function pollRows(
  poll: PollView,
  texts: Texts,
  times: Times,
  names = ACCOUNT_NAMES,
): string[] {
  const most = Math.max(1, ...poll.options.map(({ count = 0 }) => count));
  const rows = poll.options.map(({ option, count, by, isMine }, index) => {
    if (count === undefined) return ` ${index + 1}. ${cleanText(option)}`;
    const bar = "▇".repeat(Math.round((count / most) * BAR_LENGTH)).padEnd(BAR_LENGTH, "░");
    const voters = poll.anonymous || by.length === 0 ? "" : ` (${votersText(by, names, texts)})`;
    return `${isMine ? "✓" : " "}${index + 1}. ${bar} ${count}  ${cleanText(option)}${voters}`;
  });
  return [...rows, pollNote(poll, texts, times)];
}

/** Options with their votes, unless they are hidden, in one line: `tea 3, juice 1`. */
export function pollCounts({ options }: PollView): string {
  const texts = options.map(({ option, count }) => [cleanText(option), count ?? ""].join(" "));
  return texts.map((text) => text.trim()).join(", ");
}

/** Names voters up to the limit, and says how many more there are. */
function votersText(
  by: readonly string[],
  names: ShownNames,
  texts: Pick<Texts, "andMore">,
): string {
  const named = by.slice(0, PEOPLE_NAMED_MAX).map((user) => personText(names, user));
  return withMore(named, by.length, texts);
}

/** States the number of voters, the kind of the poll and its end. */
export function pollNote(poll: PollView, texts: Texts, times: Times): string {
  const { voters, anonymous, many, isClosed, untilUnixMs, isHidden, hasVoted, hide } = poll;
  const notes = [texts.pollVoters(voters)];
  if (anonymous) notes.push(texts.pollAnonymous);
  if (many) notes.push(texts.pollMany);
  if (isHidden && hasVoted) notes.push(texts.pollVoted);
  if (isHidden) notes.push(hide === "vote" ? texts.pollHiddenToVote : texts.pollHiddenToEnd);
  if (isClosed) notes.push(texts.pollClosed);
  else if (untilUnixMs !== undefined) notes.push(texts.pollUntil(times.full(untilUnixMs)));
  return notes.join(" · ");
}
