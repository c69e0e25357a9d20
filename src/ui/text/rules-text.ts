/** Texts for the rules of a room. */

import { isSameName } from "../../core/model/item.ts";
import type { Model, RoomState } from "../../core/model/state.ts";
import type { PostBody, RoomRules } from "../../wire/messages.ts";
import type { RuleTexts } from "../messages/en/rules.ts";

const SECOND_MS = 1_000;

export type RuleFact = readonly [name: string, value: string];

/** Every rule with its value, for people. */
export function ruleFacts(rules: RoomRules, texts: RuleTexts): readonly RuleFact[] {
  const { post = "everyone", topic = "everyone", join = "open", slow, everyone, newcomers } = rules;
  return [
    [texts.rulePost, texts.ruleWho(post)],
    [texts.ruleTopic, texts.ruleWho(topic)],
    [texts.ruleSlow, slow === undefined ? texts.ruleOff : texts.ruleSlowTime(slow)],
    [texts.ruleJoin, texts.ruleJoinBy(join)],
    [texts.ruleEveryone, everyone === undefined ? texts.ruleBySize : texts.ruleWho(everyone)],
    [texts.ruleNewcomers, newcomers === true ? texts.ruleNewcomersJoin : texts.ruleNewcomersOff],
  ];
}

/** The rules that differ from those of a room without rules. */
export function rulesText(rules: RoomRules, texts: RuleTexts): string {
  const [defaults, facts] = [ruleFacts({}, texts), ruleFacts(rules, texts)];
  const changed = facts.filter(([, value], i) => value !== defaults[i]?.[1]);
  if (changed.length === 0) return texts.noRules;
  return changed.map(([name, value]) => `${name}: ${value}`).join(", ");
}

/** Why the user cannot post in the room now; `undefined` if they can. */
export function postLimitText(
  { isOperator }: Pick<Model, "isOperator">,
  { rules, moderates, slowUntilUnixMs = 0 }: RoomState,
  texts: RuleTexts,
  nowUnixMs: number,
): string | undefined {
  if (moderates || isOperator) return undefined;
  if (rules.post === "moderators") return texts.onlyModeratorsPost;
  const waitMs = slowUntilUnixMs - nowUnixMs;
  return waitMs <= 0 ? undefined : texts.slowWait(Math.ceil(waitMs / SECOND_MS));
}

/**
 * Question before a message that mentions everyone, with the number of people; `undefined` if it
 * mentions nobody else.
 */
export function everyoneQuestion(
  { me }: Pick<Model, "me">,
  room: RoomState | undefined,
  { everyone }: PostBody,
  texts: RuleTexts,
): string | undefined {
  if (everyone === undefined || room?.kind !== "room" || room.isSealed) return undefined;
  const others = room.members?.filter(({ name }) => !isSameName(name, me));
  const called = everyone === "here" ? others?.filter(({ isOnline }) => isOnline) : others;
  return called?.length === 0 ? undefined : texts.askEveryone(called?.length, everyone === "here");
}
