/** Texts for the rules of a room. */

import { boxNames, compareNames } from "../../base/names.ts";
import { formatLocal, formatUtc, SECOND_MS } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { HandedIn } from "../../client/actions.ts";
import { hasHandedIn } from "../../core/model/due.ts";
import { isSameName } from "../../core/model/item.ts";
import { isConversation } from "../../core/model/room.ts";
import {
  hasOpened,
  isEndedBox,
  postTarget,
  roomOf,
  writeLimitIn,
} from "../../core/model/selectors.ts";
import type { Model, RoomState } from "../../core/model/state.ts";
import { isMutedAt } from "../../core/rooms/prefs.ts";
import { RULE_NAMES, type RuleName } from "../../core/rooms/rule-names.ts";
import type { WriterRole } from "../../core/rooms/server-rules.ts";
import type { PostBody, RoomRules, ServerRules } from "../../wire/messages.ts";
import type { RuleTexts } from "../messages/en/rules.ts";
import { personText, type ShownNames } from "./person-text.ts";
import { offsetMinutes, type Times } from "./times.ts";

export type RuleFact = readonly [name: string, value: string];

/** Every rule with its value, for people, in the order of `RULE_NAMES`. */
export function ruleFacts(rules: RoomRules, texts: RuleTexts): readonly RuleFact[] {
  const { post = "everyone", topic = "everyone", join = "open", slow, everyone, newcomers } = rules;
  const { boxes = "closed" } = rules;
  return [
    [texts.rulePost, texts.rulePoster(post)],
    [texts.ruleTopic, texts.ruleWho(topic)],
    [texts.ruleSlow, slow === undefined ? texts.ruleOff : texts.ruleSlowTime(slow)],
    [texts.ruleJoin, texts.ruleJoinBy(join)],
    [texts.ruleEveryone, everyone === undefined ? texts.ruleBySize : texts.ruleWho(everyone)],
    [texts.ruleNewcomers, newcomers === true ? texts.ruleNewcomersJoin : texts.ruleNewcomersOff],
    [texts.ruleBoxes, texts.ruleBoxesStay(boxes)],
    [texts.ruleDue, rules.due === undefined ? texts.ruleOff : dueTime(rules.due)],
  ];
}

/** A phrase about each rule as a change has set it, in the order of `RULE_NAMES`. */
function ruleChanges(rules: RoomRules, texts: RuleTexts): readonly string[] {
  const { post = "everyone", topic = "everyone", join = "open", boxes = "closed" } = rules;
  const { slow, everyone, newcomers = false, due } = rules;
  return [
    texts.ruleSetPost(post),
    texts.ruleSetTopic(topic),
    texts.ruleSetSlow(slow),
    texts.ruleSetJoin(join),
    texts.ruleSetEveryone(everyone),
    texts.ruleSetNewcomers(newcomers),
    texts.ruleSetBoxes(boxes),
    texts.ruleSetDue(due === undefined ? undefined : dueTime(due)),
  ];
}

/**
 * Phrases about the rules that a record has changed, also back to their defaults.
 * @param changed `undefined` in records of former versions, for which the text has all rules
 */
export function rulesChangeText(
  rules: RoomRules,
  changed: readonly RuleName[] | undefined,
  texts: RuleTexts,
): string {
  if (changed === undefined) return texts.ruleChanges(rulesText(rules, texts));
  const isChanged = RULE_NAMES.map((name) => changed.includes(name));
  return ruleChanges(rules, texts)
    .filter((_, i) => isChanged[i])
    .join(", ");
}

function factsText(facts: readonly RuleFact[]): string {
  return facts.map(([name, value]) => `${name}: ${value}`).join(", ");
}

/** Rules that differ from the defaults and that no sentence states. */
export function otherRuleFacts(rules: RoomRules, texts: RuleTexts): readonly RuleFact[] {
  const { slow, everyone, boxes, due } = rules;
  return changedFacts(ruleFacts, defined({ slow, everyone, boxes, due }), texts);
}

/** Local date, hour and minute. */
export function dueTime(unixMs: number): string {
  return formatLocal(unixMs, offsetMinutes).slice(0, "2026-11-26 19:25".length);
}

export type HandedState = "in-time" | "added-later" | "late" | "missing";

/**
 * State of a person's work by the times at which the server received it.
 * @returns `undefined` if the room has no due date
 */
export function handedState({
  first,
  at,
  due,
}: {
  readonly first?: number | undefined;
  readonly at?: number | undefined;
  readonly due?: number | undefined;
}): HandedState | undefined {
  if (due === undefined) return undefined;
  if (at === undefined) return "missing";
  if ((first ?? at) > due) return "late";
  return at > due ? "added-later" : "in-time";
}

/** Sorts missing work first, then late work, each by name. Absent people without work are last. */
export function sortedWork(works: readonly HandedIn[], names: ShownNames): HandedIn[] {
  const rank = (work: HandedIn) => {
    if (work.at === undefined) return work.left === true ? 3 : 0;
    return handedState(work) === "late" ? 1 : 2;
  };
  return works.toSorted(
    (a, b) =>
      rank(a) - rank(b) || compareNames(personText(names, a.user), personText(names, b.user)),
  );
}

/** Returns the names of those members who have handed in nothing. Others cannot be reminded. */
export function missingUsers(works: readonly HandedIn[]): readonly string[] {
  return works
    .filter(({ messages, left, invited }) => messages === 0 && left !== true && invited !== true)
    .map(({ user }) => user);
}

/** Fields of JSON about a person's work: `time` in ISO 8601, and the state. */
export function handedFields(work: HandedIn) {
  const time = work.at === undefined ? undefined : formatUtc(work.at);
  return { ...work, ...defined({ time, state: handedState(work) }) };
}

/** Every rule of the server with its value. */
export function serverRuleFacts(rules: ServerRules, texts: RuleTexts): readonly RuleFact[] {
  const { direct = "everyone", rooms = "everyone", files = "everyone" } = rules;
  return [
    [texts.serverRuleDirect, texts.ruleWho(direct)],
    [texts.serverRuleRooms, texts.ruleWho(rooms)],
    [texts.serverRuleFiles, texts.ruleWho(files)],
  ];
}

/** The rules that differ from the defaults, of a room and of the server. */
export function rulesText(rules: RoomRules, texts: RuleTexts, server: ServerRules = {}): string {
  const changed = [...changedFacts(ruleFacts, rules, texts), ...serverLimits(server, texts)];
  if (changed.length === 0) return texts.noRules;
  return factsText(changed);
}

/** The rules of the server that differ from the defaults. */
export function serverLimits(rules: ServerRules, texts: RuleTexts): readonly RuleFact[] {
  return changedFacts(serverRuleFacts, rules, texts);
}

function changedFacts<Rules extends object>(
  factsOf: (rules: Rules, texts: RuleTexts) => readonly RuleFact[],
  rules: Rules,
  texts: RuleTexts,
): readonly RuleFact[] {
  const defaults = factsOf({} as Rules, texts);
  return factsOf(rules, texts).filter(([, value], i) => value !== defaults[i]?.[1]);
}

export function mayCreateRooms({ isOperator, notices }: Model): boolean {
  return isOperator || notices.rules?.rooms !== "operators";
}

const NEW_CONVERSATION = { kind: "person", moderates: false, people: undefined } as const;

/** Reports whether the user may send files here, as far as this client knows. */
export function mayAttach(
  { isOperator, notices }: Pick<Model, "isOperator" | "notices">,
  room: Pick<RoomState, "kind" | "moderates" | "people"> = NEW_CONVERSATION,
): boolean {
  const { files = "everyone" } = notices.rules ?? {};
  if (files === "everyone" || isOperator) return true;
  return files === "moderators" && (room.moderates || isConversation(room));
}

/** Possible limit on messages in a conversation that the server was not asked about. */
function directLimitText(
  { me, notices, writeLimits }: Pick<Model, "me" | "notices" | "writeLimits">,
  target: string,
  texts: RuleTexts,
): string | undefined {
  const { direct = "everyone" } = notices.rules ?? {};
  const isSelf = isSameName(target.replace(/^@/, ""), me);
  if (direct === "everyone" || isSelf || writeLimits.has(target.toLowerCase())) return undefined;
  return guideText(direct, texts);
}

function guideText(who: WriterRole, texts: RuleTexts): string {
  return who === "moderators" ? texts.directToModerators : texts.directToOperators;
}

type LimitingModel = Pick<Model, "isOperator" | "me" | "notices" | "rooms" | "writeLimits">;

export interface ReadOnlyReason {
  readonly kind: "closed" | "muted" | "rule";
  readonly text: string;
}

/**
 * Why the room or conversation takes none of the user's messages; `undefined` if it does, perhaps
 * after a wait.
 */
export function readOnlyReason(
  model: LimitingModel,
  target: string,
  texts: RuleTexts,
  times: Pick<Times, "full">,
  nowUnixMs: number,
): ReadOnlyReason | undefined {
  const rule = (text: string) => ({ kind: "rule", text }) as const;
  const room = roomOf(model, target);
  const { isClosed, moderates, mutedUntilUnixMs: until = 0 } = room ?? {};
  if (isClosed === true) return { kind: "closed", text: texts.roomClosed };
  if (isMutedAt(room?.mutedUntilUnixMs, nowUnixMs)) {
    const text = until === 0 ? texts.mutedHere : texts.mutedUntil(times.full(until));
    return { kind: "muted", text };
  }
  const guide = writeLimitIn(model, room?.target ?? target);
  if (guide !== undefined) return rule(guideText(guide, texts));
  if (room === undefined || model.isOperator || moderates === true) return undefined;
  if (room.rules.post === "moderators") return rule(texts.onlyModeratorsPost);
  return isEndedBox(model, room) ? rule(texts.assignmentEnded) : undefined;
}

/** Reason for which a room that takes messages may refuse one; `undefined` if there is none. */
export function postLimitText(
  model: LimitingModel,
  target: string,
  texts: RuleTexts,
  nowUnixMs: number,
): string | undefined {
  if (model.isOperator) return undefined;
  const room = roomOf(model, target);
  if (room === undefined || isConversation(room))
    return directLimitText(model, room?.target ?? target, texts);
  const waitMs = (room.slowUntilUnixMs ?? 0) - nowUnixMs;
  const isWaiting = !room.moderates && waitMs > 0;
  return isWaiting ? texts.slowWait(Math.ceil(waitMs / SECOND_MS)) : undefined;
}

/** Text about the readers of the user's messages; `undefined` outside assignments. */
export function privacyText(model: Model, target: string, texts: RuleTexts): string | undefined {
  const owner = boxNames(postTarget(model, target))?.user;
  if (owner === undefined) return undefined;
  if (!isSameName(owner, model.me)) return texts.onlyTheySee(personText(model, owner));
  const due = roomOf(model, boxNames(postTarget(model, target))?.room ?? "")?.rules.due;
  if (due === undefined) return texts.onlyModeratorsSee;
  const isMissing = hasHandedIn(model, target) === false;
  return `${texts.onlyModeratorsSee} ${texts.dueBy(dueTime(due), isMissing)}`;
}

export interface PostQuestion {
  readonly kind: "opened" | "everyone";
  readonly text: string;
}

/**
 * Question before a message that may have more readers than its writer expects: those of an ended
 * assignment, or the number of people whom it notifies; `undefined` for other messages.
 */
export function postQuestion(
  model: Model,
  target: string,
  body: PostBody,
  texts: RuleTexts,
): PostQuestion | undefined {
  const room = roomOf(model, target);
  if (room !== undefined && hasOpened(model, target) && body.react === undefined) {
    return { kind: "opened", text: texts.askOpened(room.name) };
  }
  const text = everyoneQuestion(model, room, body, texts);
  return text === undefined ? undefined : { kind: "everyone", text };
}

function everyoneQuestion(
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
