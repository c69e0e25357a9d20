/**
 * Polls. A poll is one text with the rules of the poll. Its last lines, numbered from 1, are the
 * options, so that clients without polls display it, too. Clients count the votes; the engine knows
 * only which polls are open.
 */

import { assert } from "../../base/assert.ts";
import { lookAlike, visibleText } from "../../base/display-names.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  POLL_OPTIONS_MAX,
  POLLS_OPEN_MAX,
  POLLS_OPEN_PER_MEMBER_MAX,
  POLLS_OPEN_PER_MODERATOR_MAX,
} from "../../base/limits.ts";
import { clampUnixMs, formatUtc } from "../../base/time.ts";
import { defined, isCount } from "../../base/values.ts";
import { bodyOf, type Draft, type FoldedRecord } from "../../wire/record.ts";
import type { Room } from "./rooms.ts";

const SEE_RESULT = { remedy: msg`see the result: ${"/poll SEQ"}` };

/** Event before which nobody sees the results: the reader's own vote, or the poll's end. */
export const POLL_HIDES = ["vote", "end"] as const;
export type PollHide = (typeof POLL_HIDES)[number];

export interface PollRules {
  readonly options: number;
  readonly many?: boolean | undefined;
  readonly anonymous?: boolean | undefined;
  /** Unix ms after which no vote counts. */
  readonly until?: number | undefined;
  readonly hide?: PollHide | undefined;
}

export interface PollReader {
  readonly isClosed: boolean;
  /** Whether the reader's last vote chose something. */
  readonly hasVoted: boolean;
}

/**
 * Reports whether a reader may see the results of a poll. The number of voters is always visible,
 * and the author and moderators see no more than others.
 */
export function mayReadResults(
  { hide }: Pick<PollRules, "hide">,
  { isClosed, hasVoted }: PollReader,
): boolean {
  return hide === undefined || isClosed || (hide === "vote" && hasVoted);
}

export interface OpenPoll extends PollRules {
  /** Author; `undefined` if the state was stored by a version that did not store it. */
  readonly by?: UserId | undefined;
}

/** Builds the text of a poll, which is also what clients without polls display. */
export function pollText(question: string, options: readonly string[]): string {
  return [question, ...options.map((option, index) => `${index + 1}. ${option}`)].join("\n");
}

/** Returns question and options; `undefined` if the text does not end with so many options. */
export function parsePoll(text: string, count: number): [string, string[]] | undefined {
  const lines = text.split("\n");
  const first = lines.length - count;
  const options = lines.slice(Math.max(first, 0)).map((line, index) => {
    const number = `${index + 1}. `;
    return line.startsWith(number) ? line.slice(number.length) : undefined;
  });
  if (first < 1 || !options.every((option) => option !== undefined)) return undefined;
  return [lines.slice(0, first).join("\n"), options];
}

/**
 * Checks that the poll can hide its results as its rules say.
 * @throws {Fault} usage
 */
export function checkPollHide({ anonymous, hide }: Pick<PollRules, "anonymous" | "hide">): void {
  if (anonymous !== true || hide !== "vote") return;
  throw new Fault("usage", msg`no program can know which anonymous vote is its user's`, {
    remedy: msg`hide the results until the poll ends`,
  });
}

/** @throws {Fault} usage */
export function checkPollOptions(options: readonly string[]): void {
  if (options.length < 2 || options.length > POLL_OPTIONS_MAX) {
    throw new Fault("usage", msg`a poll has 2 to ${POLL_OPTIONS_MAX} options`, {
      remedy: msg`usage: ${"/poll QUESTION | A | B"}`,
    });
  }
  const isAlike = (option: string, index: number) =>
    options.slice(0, index).some((other) => lookAlike(option, other));
  if (options.some((option) => visibleText(option) === "") || options.some(isAlike)) {
    throw new Fault("usage", msg`two options look alike, or one is empty`, {
      remedy: msg`give each option its own text`,
    });
  }
}

/**
 * Returns the rules of a poll in the body of its text; `undefined` if the text is no poll.
 * @param value field `poll` of the body
 */
export function pollRulesOf(value: unknown): PollRules | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const rules = value as Partial<Record<keyof PollRules, unknown>>;
  const { options, many, anonymous, until, hide } = rules;
  if (!isCount(options) || options < 2) return undefined;
  return defined({
    options,
    many: many === true || undefined,
    anonymous: anonymous === true || undefined,
    until: typeof until === "number" ? clampUnixMs(until) : undefined,
    hide: POLL_HIDES.find((one) => one === hide),
  });
}

export interface PollStart {
  readonly user: UserId;
  readonly isModerator: boolean;
  readonly text: string;
  readonly rules: PollRules;
}

/**
 * Checks a text that starts a poll.
 * @throws {Fault} usage, sealed-room or too-many
 */
export function checkPollStart(
  room: Room,
  { user, isModerator, text, rules }: PollStart,
  unixMs: number,
): void {
  if (room.isSealed === true) throw sealedPoll();
  const { options, until } = rules;
  const [, lines] = parsePoll(text, options) ?? [];
  if (lines === undefined) throw new Fault("usage", msg`a poll needs options`);
  checkPollOptions(lines);
  checkPollHide(rules);
  if (until !== undefined && until <= unixMs) {
    throw new Fault("usage", msg`the poll would end in the past`, {
      remedy: msg`choose a later time`,
    });
  }
  const open = openPolls(room, unixMs);
  const remedy = msg`close one first: ${"/poll close SEQ"}`;
  if (open.length >= POLLS_OPEN_MAX) {
    const message = msg`a room can have at most ${POLLS_OPEN_MAX} open polls`;
    throw new Fault("too-many", message, { remedy });
  }
  const ownMax = isModerator ? POLLS_OPEN_PER_MODERATOR_MAX : POLLS_OPEN_PER_MEMBER_MAX;
  if (open.filter(([, { by }]) => by === user).length < ownMax) return;
  const message = msg`you can have at most ${ownMax} open polls in a room`;
  throw new Fault("too-many", message, { remedy });
}

interface PollMessage {
  readonly room: RoomId;
  readonly seq: number;
  readonly author: UserId | "server";
}

export interface PollAction extends PollMessage {
  readonly kind: "poll";
  /** Key of the ballots, in base64url, if the poll hides its votes until the end. */
  readonly key?: string | undefined;
  /** Whether the server ends the poll because its time has passed. */
  readonly isDue?: true;
}

export interface VoteAction extends PollMessage {
  readonly kind: "vote";
  /** Whether the text was posted as a poll. */
  readonly isPoll: boolean;
  readonly choices: readonly number[];
  /** Pseudonym of the user in this poll. */
  readonly voter: string;
  /** Encrypted choices, if the poll hides them until its end. */
  readonly ballot?: string | undefined;
}

/**
 * Ends a poll.
 * @throws {Fault} not-allowed or not-found
 */
export function pollEndDraft(
  room: Room,
  user: UserId,
  mayEnd: boolean,
  { seq, author, key }: PollAction,
): Draft {
  if (!room.polls.has(seq)) throw noPoll(seq);
  if (author !== user && !mayEnd) throw new Fault("not-allowed", msg`poll ${seq} is not yours`);
  return endDraft(room, user, seq, key);
}

/**
 * Ends a poll whose time has passed, in the name of its author, who chose the time, and who may not
 * be able to post any more.
 * @throws {Fault} not-found
 */
export function pollDueDraft(room: Room, { seq, author, key }: PollAction, unixMs: number): Draft {
  const { until = Number.POSITIVE_INFINITY } = room.polls.get(seq) ?? {};
  if (until > unixMs) throw noPoll(seq);
  return endDraft(room, author, seq, key);
}

/** @param key reveals the votes, which were hidden until now */
function endDraft({ id: room }: Room, by: Draft["by"], seq: number, key?: string): Draft {
  return { kind: "poll", room, by, id: "", body: defined({ seq, on: false, key }) };
}

/** Returns the polls with hidden results that end at a time, in Unix ms. */
export function timedRevealsOf({ polls }: Room): (readonly [seq: number, until: number])[] {
  return [...polls].flatMap(([seq, { hide, until }]) =>
    hide === undefined || until === undefined ? [] : [[seq, until] as const],
  );
}

/** @throws {Fault} not-found, not-allowed or usage */
export function voteDraft(
  room: Room,
  user: UserId,
  { seq, choices, voter, isPoll, ballot }: VoteAction,
  unixMs: number,
): Draft {
  const poll = room.polls.get(seq);
  if (poll === undefined) {
    throw isPoll
      ? new Fault("not-allowed", msg`the poll has ended; your vote was not counted`, SEE_RESULT)
      : noPoll(seq);
  }
  const { anonymous, until, hide } = poll;
  if (until !== undefined && until <= unixMs) {
    throw new Fault("not-allowed", msg`poll ${seq} ended at ${formatUtc(until)}`, SEE_RESULT);
  }
  checkChoices(seq, choices, poll);
  const [by, secret] = anonymous === true ? (["server", { voter }] as const) : [user, {}];
  // A withdrawal stays readable, because it changes the number of voters.
  const isSealed = hide === "end" && choices.length > 0;
  assert(!isSealed || ballot !== undefined, "a poll with hidden votes takes encrypted ones");
  const chosen = isSealed ? { ballot } : { choices };
  const mark = hide === "vote" ? { hidden: true } : {};
  return {
    kind: "vote",
    room: room.id,
    by,
    id: "",
    body: { re: seq, ...chosen, ...mark, ...secret },
  };
}

/** An ended poll stays in the list for votes in flight until others need its place. */
export function startPoll(room: Room, { head }: FoldedRecord, rules: PollRules): void {
  const open = openPolls(room, head.time);
  if (room.polls.size >= POLLS_OPEN_MAX) {
    room.polls.clear();
    for (const [seq, poll] of open.slice(1 - POLLS_OPEN_MAX)) room.polls.set(seq, poll);
  }
  const by = head.by === "server" ? undefined : head.by;
  room.polls.set(head.seq, defined({ ...rules, by }));
}

export function endPoll(room: Room, record: FoldedRecord): void {
  const { seq } = bodyOf(record, "poll") ?? {};
  if (seq !== undefined) room.polls.delete(seq);
}

function openPolls({ polls }: Room, unixMs: number): (readonly [number, OpenPoll])[] {
  return [...polls].filter(([, { until }]) => until === undefined || until > unixMs);
}

export function sealedPoll(): Fault {
  return new Fault("sealed-room", msg`the server would see the votes, but the room is encrypted`, {
    remedy: msg`ask in a message, or in a room that is not encrypted`,
  });
}

function noPoll(seq: number): Fault {
  return new Fault("not-found", msg`message ${seq} is not an open poll`, {
    remedy: msg`check the number`,
  });
}

/** @throws {Fault} usage if the poll has no such options, or takes only one */
export function checkChoices(
  seq: number,
  choices: readonly number[],
  { options, many }: { readonly options: number; readonly many?: boolean | undefined },
): void {
  const detail = { remedy: msg`see the options: ${`/poll ${seq}`}` };
  const isTooMany = many !== true && choices.length > 1;
  if (isTooMany) throw new Fault("usage", msg`choose one option of poll ${seq}`, detail);
  const isUnknown = choices.some((choice) => choice < 1 || choice > options);
  if (isUnknown || new Set(choices).size < choices.length) {
    throw new Fault("usage", msg`choose options from 1 to ${options}`, detail);
  }
}
