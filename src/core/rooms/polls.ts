/**
 * Polls. A poll is a text whose last lines, numbered from 1, are the options, so that clients
 * without polls display it, too. Clients count the votes; the engine knows only which polls are
 * open.
 */

import { lookAlike, visibleText } from "../../base/display-names.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { POLL_OPTIONS_MAX, POLLS_OPEN_MAX } from "../../base/limits.ts";
import { clampUnixMs, formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { bodyOf, type Draft, type FoldedRecord } from "../../wire/record.ts";
import type { Room, Rooms } from "./rooms.ts";

export interface Poll {
  /** Seq of the record that started the poll. */
  readonly start: number;
  readonly options: number;
  readonly many?: boolean | undefined;
  readonly anonymous?: boolean | undefined;
  /** Unix ms after which no vote counts. */
  readonly until?: number | undefined;
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
    throw new Fault("usage", msg`two options look alike, or one is empty`);
  }
}

/**
 * Checks the options that the text of a new poll displays.
 * @throws {Fault} usage
 */
export function checkPollText(text: string, options: number): void {
  const [, lines] = parsePoll(text, options) ?? [];
  if (lines !== undefined) checkPollOptions(lines);
}

interface Options {
  readonly options?: number | undefined;
}

interface PollMessage {
  readonly room: RoomId;
  readonly seq: number;
  readonly author: UserId | "server";
}

export interface PollAction extends Omit<Poll, "options" | "start">, PollMessage {
  readonly kind: "poll";
  readonly options?: number | undefined;
  readonly on: boolean;
}

export interface VoteAction extends PollMessage {
  readonly kind: "vote";
  readonly choices: readonly number[];
  /** Seq of the record that started the poll which the user saw; `undefined` if not reported. */
  readonly start?: number | undefined;
  /** Pseudonym of the user in this poll. */
  readonly voter: string;
}

/**
 * A text becomes a poll only once. Otherwise its author could replace an anonymous poll by one with
 * names while votes are in flight.
 * @throws {Fault} not-allowed, sealed-room, usage, too-many or not-found
 */
export function pollDraft(
  rooms: Pick<Rooms, "wasPoll" | "editsOf">,
  room: Room,
  user: UserId,
  mayEnd: boolean,
  { seq, author, on, options, many, anonymous, until }: PollAction,
  unixMs: number,
): Draft {
  const draft = { kind: "poll", room: room.id, by: user, id: "" } as const;
  if (!on) {
    if (!room.polls.has(seq)) throw noPoll(seq);
    if (author !== user && !mayEnd) throw new Fault("not-allowed", msg`poll ${seq} is not yours`);
    return { ...draft, body: { seq, on } };
  }
  if (author !== user) throw new Fault("not-allowed", msg`message ${seq} is not yours`);
  if (room.isSealed === true) throw sealedPoll();
  if (options === undefined) throw new Fault("usage", msg`a poll needs options`);
  if (until !== undefined && until <= unixMs) {
    throw new Fault("usage", msg`the poll would end in the past`);
  }
  if (room.polls.has(seq)) throw new Fault("not-allowed", msg`message ${seq} is already a poll`);
  if (rooms.wasPoll(seq)) {
    throw new Fault("not-allowed", msg`poll ${seq} has ended`, { remedy: msg`start a new one` });
  }
  // The options were checked in the original text.
  if (rooms.editsOf(seq).length > 0) {
    throw new Fault("not-allowed", msg`an edited message cannot become a poll`, {
      remedy: msg`start a new one`,
    });
  }
  checkOpenPolls(room, unixMs);
  return { ...draft, body: defined({ seq, on, options, many, anonymous, until }) };
}

/** @throws {Fault} sealed-room or too-many */
export function checkOpenPolls(room: Room, unixMs: number): void {
  if (room.isSealed === true) throw sealedPoll();
  if (openPolls(room, unixMs).length < POLLS_OPEN_MAX) return;
  throw new Fault("too-many", msg`a room can have at most ${POLLS_OPEN_MAX} open polls`, {
    remedy: msg`close one first: /poll close SEQ`,
  });
}

/** Reports whether a request repeats the one that started the poll, as after a lost connection. */
export function isSamePoll(poll: Poll, action: Omit<Poll, "start" | "options"> & Options): boolean {
  return (
    poll.options === action.options &&
    (poll.many ?? false) === (action.many ?? false) &&
    (poll.anonymous ?? false) === (action.anonymous ?? false) &&
    poll.until === action.until
  );
}

/** @throws {Fault} not-found, not-allowed or usage */
export function voteDraft(
  rooms: Pick<Rooms, "wasPoll">,
  room: Room,
  user: UserId,
  { seq, choices, voter, start }: VoteAction,
  unixMs: number,
): Draft {
  const poll = room.polls.get(seq);
  if (poll === undefined && rooms.wasPoll(seq)) {
    throw new Fault("not-allowed", msg`the poll has ended; your vote was not counted`);
  }
  if (poll === undefined) throw noPoll(seq);
  const { options, many, anonymous, until } = poll;
  if (start !== undefined && start !== poll.start) {
    throw new Fault("not-allowed", msg`poll ${seq} has changed`, {
      remedy: msg`look at it, and vote again`,
    });
  }
  if (until !== undefined && until <= unixMs) {
    throw new Fault("not-allowed", msg`poll ${seq} ended at ${formatUtc(until)}`);
  }
  const isTooMany = many !== true && choices.length > 1;
  if (isTooMany) throw new Fault("usage", msg`choose one option of poll ${seq}`);
  if (new Set(choices).size < choices.length || choices.some((choice) => choice > options)) {
    throw new Fault("usage", msg`choose options from 1 to ${options}`);
  }
  const [by, secret] = anonymous === true ? (["server", { voter }] as const) : [user, {}];
  return { kind: "vote", room: room.id, by, id: "", body: { re: seq, choices, ...secret } };
}

/** A poll keeps its place for votes in flight until others need it. */
export function applyPoll(room: Room, record: FoldedRecord): void {
  const { seq, on, options = 0, many, anonymous, until } = bodyOf(record, "poll") ?? {};
  if (seq === undefined) return;
  room.polls.delete(seq);
  if (on !== true || options < 2) return;
  const open = openPolls(room, record.head.time);
  if (room.polls.size >= POLLS_OPEN_MAX) {
    room.polls.clear();
    for (const [seq, poll] of open.slice(1 - POLLS_OPEN_MAX)) room.polls.set(seq, poll);
  }
  const end = until === undefined ? undefined : clampUnixMs(until);
  const start = record.head.seq;
  room.polls.set(seq, defined({ start, options, many, anonymous, until: end }));
}

function openPolls({ polls }: Room, unixMs: number): (readonly [number, Poll])[] {
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
