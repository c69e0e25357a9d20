/** Polls as clients display them: options from the text, and counts from the votes. */

import { parsePoll } from "../rooms/polls.ts";
import { isSameName } from "./item.ts";
import type { Changes, PollView } from "./state.ts";

/** @param me user whose choices are marked; anonymous votes are nobody's */
export function pollView(
  text: string,
  { poll, votes = [] }: Changes,
  me: string | undefined,
): PollView | undefined {
  const { rules, endSeq } = poll ?? {};
  if (rules === undefined) return undefined;
  const parsed = parsePoll(text, rules.options);
  if (parsed === undefined) return undefined;
  const { many = false, anonymous = false, until: untilUnixMs } = rules;
  const [question, options] = parsed;
  const isValid = (choices: readonly number[]) =>
    (many || choices.length <= 1) && choices.every((choice) => choice <= options.length);
  const counted = votes.filter(({ choices }) => isValid(choices));
  const rows = options.map((option, index) => {
    const by = counted.filter(({ choices }) => choices.includes(index + 1)).map((vote) => vote.by);
    return { option, count: by.length, by, isMine: by.some((name) => isSameName(name, me)) };
  });
  const voters = counted.filter(({ choices }) => choices.length > 0).length;
  const isClosed = endSeq !== undefined;
  return { question, options: rows, voters, many, anonymous, untilUnixMs, isClosed };
}
