/**
 * View model of a wall: a page for a projector that shows what is live in a room. It has nothing
 * but the room, the moderator's line, hands, the poll, work in numbers, people who are here, time
 * and the door. Someone who is missing, late or silent has neither a name nor a face.
 */

import { cleanText, segmentsOf } from "../../base/text.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../base/time.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Member, Model, PollView, RoomState } from "../../core/model/state.ts";
import { shownCall, shownHands } from "../../core/model/unignored.ts";
import { namesOf, sceneOf, timeLeft, type WallScene } from "../../core/rooms/wall.ts";
import type { WallState } from "../../wire/messages.ts";
import { roomTitle } from "../text/target-text.ts";
import { wallMembers } from "./round.ts";
import { wallNames } from "./wall-names.ts";

/** Measures of the screen that decide how much fits. */
export interface WallScreen {
  /** Faces in the row of people who are here. The last one is a number if there are more. */
  readonly facesMax: number;
  /** Width of a bar, in diameters of the faces on it. */
  readonly facesPerBar: number;
  /** People in the list of a round. */
  readonly roundMax: number;
}

export const WIDE_SCREEN: WallScreen = { facesMax: 45, facesPerBar: 20, roundMax: 9 };
/** Four to three, and narrower. */
export const NARROW_SCREEN: WallScreen = { facesMax: 36, facesPerBar: 14, roundMax: 9 };

/** A closed poll stays for as long as a class looks at its result. */
export const CLOSED_POLL_MS = MINUTE_MS;
/** Hands behind the next one that have a name. */
const QUEUE_MAX = 4;
/** Above it, faces are small and have no names. */
const NAMED_FACES_MAX = 12;
/** Above it, a poll has one line for each option, and no faces. */
const TALL_OPTIONS_MAX = 4;
/** Options above which a poll of tall bars does not fit below the turn. */
const LOOSE_OPTIONS_MAX = 2;
/** Width of a bar beside its option, as a part of one below it. */
const DENSE_BAR = 0.8;
/** Letters of names above which the name of the next hand is smaller. */
const LONG_NAME = 15;
const LONGEST_NAME = 31;
/** Letters of a room's name above which it is smaller beside the door. */
const LONG_TITLE = 12;

export interface WallPerson {
  /** `undefined` if the wall has no names, so that the page does not contain them either. */
  readonly user: string | undefined;
  readonly name: string;
  /** Place in the queue of hands, from 1; `undefined` without a raised hand. */
  readonly place: number | undefined;
}

export interface WallCall extends WallPerson {
  /** A moderator has called on the person. */
  readonly speaks: boolean;
  readonly size: "short" | "long" | "longest";
}

export interface WallRound {
  readonly people: readonly (WallPerson & { readonly state: "done" | "now" | "later" })[];
  /** Number of people after the last one who is shown. */
  readonly more: number;
}

interface WallBar {
  readonly option: string;
  /** `undefined` while the votes are hidden. */
  readonly count: number | undefined;
  /** Length of the bar, 0 to 1. */
  readonly part: number;
  readonly faces: readonly WallPerson[];
  /** Number of voters before the faces. */
  readonly more: number;
  /** Most votes of a closed poll, alone or shared. */
  readonly isFirst: boolean;
}

export interface WallPoll {
  readonly question: string;
  readonly bars: readonly WallBar[];
  readonly isMany: boolean;
  /** Whether each option is beside its bar, because the turn leaves less height. */
  readonly isDense: boolean;
  readonly isHidden: boolean;
  readonly isClosed: boolean;
  readonly voted: number;
  readonly of: number;
}

export interface WallHere {
  readonly count: number;
  /** Number of members, if it is part of the text. */
  readonly of: number | undefined;
  readonly faces: readonly WallPerson[];
  readonly more: number;
  /** Dashed places of members who are still to come. */
  readonly slots: number;
  readonly isMany: boolean;
}

export interface WallWork {
  readonly done: number;
  readonly of: number;
  readonly faces: readonly WallPerson[];
  readonly slots: number;
}

export interface WallTimer {
  /** Such as 4:10, or 1:05:00. */
  readonly text: string;
  /** Rest of the time, 0 to 1. */
  readonly part: number;
  readonly isUp: boolean;
  readonly runs: boolean;
  readonly leftMs: number;
}

export interface WallView {
  readonly scene: WallScene;
  readonly title: string;
  readonly isLongTitle: boolean;
  readonly line: string;
  readonly call: WallCall | undefined;
  readonly queue: readonly WallPerson[];
  readonly moreHands: number;
  /** People of a stand-up, who speak one after the other; `undefined` without a round. */
  readonly round: WallRound | undefined;
  readonly poll: WallPoll | undefined;
  readonly here: WallHere;
  readonly work: WallWork | undefined;
  readonly timer: WallTimer | undefined;
  /** Whether newcomers may join by the room's address. */
  readonly hasDoor: boolean;
  /** Whether a hand, a poll or work makes a lesson of what is live. */
  readonly isLesson: boolean;
}

/** Part of a room's state that a wall shows. */
export type WallRoom = Pick<
  RoomState,
  "name" | "title" | "hands" | "called" | "members" | "isClosed" | "isSealed" | "people"
>;

export interface WallSource {
  readonly model: Pick<Model, "ignored" | "displayNames">;
  readonly room: WallRoom;
  readonly wall: WallState;
  readonly poll: PollView | undefined;
  /** People who are here, in the order in which they came. */
  readonly arrivals: readonly string[];
  /** People who have handed in, and the number who should; `undefined` without an assignment. */
  readonly work: { readonly done: readonly string[]; readonly of: number } | undefined;
  readonly screen: WallScreen;
  /** Time by the clock of this device. */
  readonly unixMs: number;
}

/** People of a long round around who speaks. */
function roundView(
  { round = [], turn = 0 }: WallState,
  { roundMax }: WallScreen,
  person: Naming,
): WallRound {
  const from = Math.max(0, Math.min(turn - Math.floor(roundMax / 2), round.length - roundMax));
  const shown = round.slice(from, from + roundMax);
  const people = shown.map((user, index) => {
    const at = from + index;
    return { ...person(user), state: at < turn ? "done" : at === turn ? "now" : "later" } as const;
  });
  return { people, more: round.length - from - shown.length };
}

type Naming = (user: string) => WallPerson;

export function wallView(source: WallSource): WallView {
  const { model, room, wall, arrivals, screen, unixMs } = source;
  const hands = shownHands(model, room);
  const called = shownCall(model, room);
  const person = namingOf(source, hands, called);
  const { round = [], turn = 0 } = wall;
  const speaker = round[turn];
  const [next, ...queue] =
    round.length === 0
      ? called === undefined
        ? hands
        : [called, ...hands]
      : round.slice(turn, turn + 2);
  const speaks = speaker ?? called;
  const poll = source.poll && pollView(source, source.poll, person, next !== undefined);
  const title = cleanText(roomTitle(room)).replace(/^#/, "");
  const namedHands = queue.length > QUEUE_MAX + 1 ? QUEUE_MAX : queue.length;
  return {
    scene: sceneOf(wall),
    title,
    isLongTitle: lettersOf(title) >= LONG_TITLE,
    line: cleanText(wall.line ?? ""),
    call: next === undefined ? undefined : callOf(person(next), next === speaks),
    queue: queue.slice(0, namedHands).map(person),
    moreHands: queue.length - namedHands,
    round: round.length === 0 ? undefined : roundView(wall, screen, person),
    poll,
    here: hereOf(source, arrivals, person),
    work: source.work && workOf(source.work, person),
    timer: timerView(wall, unixMs),
    hasDoor: hasDoor(room),
    isLesson:
      round.length === 0 && (next !== undefined || poll !== undefined || source.work !== undefined),
  };
}

/** Reports whether newcomers may join the room by its address. */
export function hasDoor({
  isClosed,
  isSealed,
  people,
}: Pick<RoomState, "isClosed" | "isSealed" | "people">): boolean {
  return !isClosed && !isSealed && people === undefined;
}

/**
 * Returns who is here after a change of the room, in the order in which they came. At the start,
 * the order is that of the list, with moderators first.
 */
export function arrivalsAfter(
  before: readonly string[],
  room: Pick<RoomState, "members">,
): readonly string[] {
  const here = wallMembers(room).filter(({ isOnline }) => isOnline);
  const isHere = new Set(here.map(({ name }) => name));
  const known = new Set(before);
  const isLed = ({ role }: Member) => Number(role === "member");
  const added = here.filter(({ name }) => !known.has(name));
  const sorted = before.length > 0 ? added : [...added].sort((a, b) => isLed(a) - isLed(b));
  if (added.length === 0 && before.every((name) => isHere.has(name))) return before;
  return [...before.filter((name) => isHere.has(name)), ...sorted.map(({ name }) => name)];
}

function namingOf(
  { model, wall, arrivals, work, poll }: WallSource,
  hands: readonly string[],
  called: string | undefined,
): Naming {
  const places = new Map(hands.map((user, index) => [user.toLowerCase(), index + 1]));
  const placeOf = (user: string) => places.get(user.toLowerCase());
  const form = namesOf(wall);
  if (form === "none") return (user) => ({ user: undefined, name: "", place: placeOf(user) });
  const voters = poll?.anonymous === true ? [] : (poll?.options ?? []).flatMap(({ by }) => by);
  const turns = [...(called === undefined ? [] : [called]), ...(wall.round ?? [])];
  const people = [...hands, ...turns, ...arrivals];
  const all = [...new Set([...people, ...(work?.done ?? []), ...voters])];
  const names = wallNames(all, model, form);
  return (user) => ({ user, name: names.get(user) ?? cleanText(user), place: placeOf(user) });
}

function callOf(person: WallPerson, speaks: boolean): WallCall {
  const letters = lettersOf(person.name);
  const size = letters >= LONGEST_NAME ? "longest" : letters >= LONG_NAME ? "long" : "short";
  return { ...person, speaks, size };
}

function lettersOf(text: string): number {
  let letters = 0;
  for (const _ of segmentsOf(text)) letters++;
  return letters;
}

/** Results are on a wall when everybody may see them, whatever its own account has voted. */
function pollView(
  { room, wall, screen }: WallSource,
  { question, options, voters, many, anonymous, hide, isHidden, isClosed }: PollView,
  person: Naming,
  isBelowTurn: boolean,
): WallPoll {
  const hidden = isHidden || (hide !== undefined && !isClosed);
  const members = wallMembers(room);
  const pupils = members.filter(({ role }) => role === "member").length;
  const counts = options.map(({ count = 0 }) => (hidden ? 0 : count));
  const most = Math.max(1, ...counts);
  const isMany = options.length > TALL_OPTIONS_MAX;
  const isDense = isBelowTurn && !isMany && options.length > LOOSE_OPTIONS_MAX;
  const facesPerBar = isDense ? DENSE_BAR * screen.facesPerBar : screen.facesPerBar;
  const total = Math.max(1, many ? voters : counts.reduce((sum, count) => sum + count, 0));
  const hasFaces = !anonymous && !hidden && !isMany && namesOf(wall) !== "none";
  const bars = options.map(({ option, by }, index): WallBar => {
    const count = counts[index] ?? 0;
    const part = count / (isMany ? most : total);
    const fitting = Math.max(1, Math.floor(part * facesPerBar));
    const shown = by.length > fitting ? Math.max(0, fitting - 1) : by.length;
    return {
      option: cleanText(option),
      count: hidden ? undefined : count,
      part,
      faces: hasFaces ? by.slice(by.length - shown).map(person) : [],
      more: hasFaces ? by.length - shown : 0,
      isFirst: isClosed && !hidden && count > 0 && count === most,
    };
  });
  const of = Math.max(voters, pupils === 0 ? members.length : pupils);
  return {
    question: cleanText(question),
    bars,
    isMany,
    isDense,
    isHidden: hidden,
    isClosed,
    voted: voters,
    of,
  };
}

function hereOf(
  { room, wall, screen }: WallSource,
  arrivals: readonly string[],
  person: Naming,
): WallHere {
  const count = arrivals.length;
  const isArriving = sceneOf(wall) === "door";
  const of = isArriving ? Math.max(count, wallMembers(room).length) : undefined;
  const places = of ?? count;
  const isMany = places > NAMED_FACES_MAX || namesOf(wall) === "none";
  const shown = count > screen.facesMax ? screen.facesMax - 1 : count;
  return {
    count,
    of,
    faces: arrivals.slice(0, shown).map(person),
    more: count - shown,
    slots: Math.max(0, Math.min(places, screen.facesMax) - count),
    isMany,
  };
}

/** Places for faces of work beside a timer. */
const WORK_PLACES_MAX = 24;

function workOf({ done, of }: NonNullable<WallSource["work"]>, person: Naming): WallWork {
  const hasFaces = of <= WORK_PLACES_MAX;
  return {
    done: done.length,
    of,
    faces: hasFaces ? done.map(person) : [],
    slots: hasFaces ? Math.max(0, of - done.length) : 0,
  };
}

function timerView(wall: WallState, unixMs: number): WallTimer | undefined {
  const { lengthMs, until } = wall;
  if (lengthMs === undefined) return undefined;
  const leftMs = Math.min(timeLeft(wall, unixMs), lengthMs);
  const runs = until !== undefined;
  return { text: timerText(leftMs), part: leftMs / lengthMs, isUp: leftMs === 0, runs, leftMs };
}

/**
 * The started second counts, so that a timer of five minutes begins with 5:00 and ends at 0:00.
 * @internal
 */
export function timerText(leftMs: number): string {
  const ms = Math.min(Math.ceil(leftMs / SECOND_MS) * SECOND_MS, DAY_MS);
  const digits = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = digits((ms % MINUTE_MS) / SECOND_MS);
  return hours > 0 ? `${hours}:${digits(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

export type WallStep =
  | "next-turn"
  | "end-round"
  | "call"
  | "done"
  | "close-poll"
  | "stop-timer"
  | "start-timer";

/** Returns what a moderator does next, which has the large button of the steering. */
export function nextStep({ call, queue, round, poll, timer }: WallView): WallStep {
  // The time of a turn may be up; the next person speaks then.
  if (round !== undefined) return queue.length > 0 ? "next-turn" : "end-round";
  if (timer?.isUp === true && timer.runs) return "stop-timer";
  if (call !== undefined) return call.speaks ? "done" : "call";
  if (poll !== undefined && !poll.isClosed) return "close-poll";
  return "start-timer";
}

/** Returns what the wall says aloud after a change; `undefined` if there is nothing new to hear. */
export function spokenChange(
  before: Pick<WallView, "call" | "poll" | "timer"> | undefined,
  { call, poll, timer }: WallView,
): { readonly kind: "next" | "speaks"; readonly name: string } | "poll-closed" | "up" | undefined {
  if (before === undefined) return undefined;
  if (timer?.isUp === true && before.timer?.isUp === false) return "up";
  if (poll?.isClosed === true && before.poll?.isClosed === false) return "poll-closed";
  const isSame =
    isSameName(call?.user ?? "", before.call?.user) && call?.speaks === before.call?.speaks;
  if (call === undefined || call.name === "" || isSame) return undefined;
  return { kind: call.speaks ? "speaks" : "next", name: call.name };
}
