/** Polls as clients display them: options from the text, and counts from the votes. */

import { openBallot } from "../rooms/ballot.ts";
import { mayReadResults, parsePoll } from "../rooms/polls.ts";
import { isSameName } from "./item.ts";
import type { Changes, PollView, Vote } from "./state.ts";

/** @param me user whose choices are marked; anonymous votes are nobody's */
export function pollView(
  text: string,
  { poll, votes = [] }: Changes,
  me: string | undefined,
): PollView | undefined {
  const { rules, endSeq, key } = poll ?? {};
  if (rules === undefined) return undefined;
  const parsed = parsePoll(text, rules.options);
  if (parsed === undefined) return undefined;
  const { many = false, anonymous = false, until: untilUnixMs, hide } = rules;
  const [question, options] = parsed;
  const isValid = ({ choices }: Vote) =>
    (many || choices.length <= 1) && choices.every((choice) => choice <= options.length);
  const isClosed = endSeq !== undefined;
  const cast = votes
    .filter((vote) => vote.ballot !== undefined || vote.choices.length > 0)
    .filter(isValid);
  const hasVoted = cast.some(({ by }) => isSameName(by, me));
  // The time of a poll can pass here before its server has revealed the votes.
  const isRevealed = isClosed && (hide !== "end" || key !== undefined || cast.length === 0);
  const isHidden = !mayReadResults({ hide }, { isClosed: isRevealed, hasVoted });
  const counted = isHidden ? [] : cast.flatMap((vote) => opened(vote, key)).filter(isValid);
  const rows = options.map((option, index) => {
    const by = counted.filter(({ choices }) => choices.includes(index + 1)).map((vote) => vote.by);
    const isMine = by.some((name) => isSameName(name, me));
    return { option, count: isHidden ? undefined : by.length, by, isMine };
  });
  const voters = isHidden ? cast.length : counted.length;
  const facts = { many, anonymous, hide, isHidden, hasVoted, untilUnixMs, isClosed };
  return { question, options: rows, voters, ...facts };
}

function opened(vote: Vote, key: string | undefined): readonly Vote[] {
  const { ballot } = vote;
  if (ballot === undefined) return [vote];
  const choices = key === undefined ? undefined : openBallot(key, ballot);
  return choices === undefined ? [] : [{ ...vote, choices }];
}
