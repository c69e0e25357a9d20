/** Results of a poll as lines. */

import { cleanText } from "../../base/text.ts";
import type { PollView } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";
import { ACCOUNT_NAMES, personText, type ShownNames } from "./person-text.ts";
import type { Times } from "./times.ts";

const BAR_LENGTH = 10;
const NAMES_MAX = 5;

/** Returns a line per option, with a bar, and a last one about the whole poll. */
export function pollRows(
  poll: PollView,
  texts: Texts,
  times: Times,
  names = ACCOUNT_NAMES,
): string[] {
  const most = Math.max(1, ...poll.options.map(({ count }) => count));
  const rows = poll.options.map(({ option, count, by, isMine }, index) => {
    const bar = "▇".repeat(Math.round((count / most) * BAR_LENGTH)).padEnd(BAR_LENGTH, "░");
    const voters = poll.anonymous || by.length === 0 ? "" : ` (${votersText(by, names)})`;
    return `${isMine ? "✓" : " "}${index + 1}. ${bar} ${count}  ${cleanText(option)}${voters}`;
  });
  return [...rows, pollNote(poll, texts, times)];
}

/** Options with their votes, in one line: `tea 3, juice 1`. */
export function pollCounts({ options }: PollView): string {
  return options.map(({ option, count }) => `${cleanText(option)} ${count}`).join(", ");
}

/** Names some of the voters. */
export function votersText(by: readonly string[], names: ShownNames): string {
  const some = by.slice(0, NAMES_MAX).map((user) => personText(names, user));
  return [...some, ...(by.length > NAMES_MAX ? ["…"] : [])].join(", ");
}

/** States the number of voters, the kind of the poll and its end. */
export function pollNote(poll: PollView, texts: Texts, times: Times): string {
  const { voters, anonymous, many, isClosed, untilUnixMs } = poll;
  const notes = [texts.pollVoters(voters)];
  if (anonymous) notes.push(texts.pollAnonymous);
  if (many) notes.push(texts.pollMany);
  if (isClosed) notes.push(texts.pollClosed);
  else if (untilUnixMs !== undefined) notes.push(texts.pollUntil(times.full(untilUnixMs)));
  return notes.join(" · ");
}
