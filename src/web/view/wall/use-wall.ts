/** Values of a wall that change with the room and with time. */

import { useEffect, useRef, useState } from "react";
import { MINUTE_MS, SECOND_MS } from "../../../base/time.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { openPoll } from "../../../core/model/open-poll.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { PollView, RoomState } from "../../../core/model/state.ts";
import { ENGLISH_WALL, type WallTexts } from "../../../ui/messages/en/wall.ts";
import { INDONESIAN_WALL } from "../../../ui/messages/id/wall.ts";
import {
  arrivalsAfter,
  CLOSED_POLL_MS,
  type WallScreen,
  type WallView,
  wallView,
} from "../../../ui/wall/wall-view.ts";
import type { WallState } from "../../../wire/messages.ts";
import { handedListsOf, newestWork } from "../../driver/handed-lists.ts";
import { useModel, useModelValue, usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";

/** Votes that arrive together move the bars together. */
const VOTES_MS = 250;
const NEW_FACE_MS = 3 * SECOND_MS;

export function useWallTexts(): WallTexts {
  return usePage().texts.lang === "id" ? INDONESIAN_WALL : ENGLISH_WALL;
}

/** Returns the time, each second while a timer runs, and otherwise each minute. */
function useNow({ until }: Partial<WallState> = {}): number {
  const [now, setNow] = useState(() => Date.now());
  // biome-ignore lint/correctness/useExhaustiveDependencies: schedules the next change
  useEffect(() => {
    const unixMs = Date.now();
    const leftMs = until === undefined ? 0 : until - unixMs;
    const toMinuteMs = MINUTE_MS - (unixMs % MINUTE_MS);
    const toSecondMs = leftMs > 0 ? (leftMs % SECOND_MS) + 1 : toMinuteMs;
    const wait = setTimeout(() => setNow(Date.now()), Math.min(toMinuteMs, toSecondMs));
    return () => clearTimeout(wait);
  }, [now, until]);
  // A new timer starts between two changes.
  return Math.max(now, Date.now());
}

function useShownPoll(room: RoomState | undefined): PollView | undefined {
  const open = openPoll(room);
  const [seq, setSeq] = useState<number>();
  const openSeq = open?.seq;
  useEffect(() => {
    if (openSeq !== undefined) return setSeq(openSeq);
    const wait = setTimeout(() => setSeq(undefined), CLOSED_POLL_MS);
    return () => clearTimeout(wait);
  }, [openSeq]);
  const item = open ?? room?.tail.items.find((one) => one.seq === seq);
  return useThrottled(item?.state === "whole" ? item.poll : undefined, VOTES_MS);
}

/** Returns the value at once after a rest, and otherwise at most once in the given time. */
function useThrottled<Value>(value: Value, intervalMs: number): Value {
  const [shown, setShown] = useState(value);
  const changedAt = useRef(0);
  useEffect(() => {
    const show = () => {
      changedAt.current = performance.now();
      setShown(value);
    };
    const waitMs = changedAt.current + intervalMs - performance.now();
    if (waitMs <= 0) return show();
    const wait = setTimeout(show, waitMs);
    return () => clearTimeout(wait);
  }, [value, intervalMs]);
  return shown;
}

function useWork(room: RoomState | undefined) {
  const { chat } = usePage();
  const [works, setWorks] = useState<readonly HandedIn[]>();
  const isAssignment = room?.rules.post === "private";
  const name = isAssignment ? room.name : "";
  const newest = useModelValue((model) => (name === "" ? 0 : newestWork(model, name)));
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested again after each new record
  useEffect(() => {
    if (name === "") return setWorks(undefined);
    return whenSettled(handedListsOf(chat).current(name), setWorks);
  }, [name, newest]);
  if (works === undefined) return undefined;
  const done = works.filter(({ messages }) => messages > 0).map(({ user }) => user);
  return { done, of: works.length };
}

export interface ShownWall {
  readonly view: WallView;
  readonly unixMs: number;
  /** People who have just appeared. */
  readonly added: ReadonlySet<string>;
}

/** @returns `undefined` while the room is on no wall */
export function useWall(target: string, screen: WallScreen): ShownWall | undefined {
  const model = useModel();
  const room = roomOf(model, target);
  const arrivals = useRef<readonly string[]>([]);
  // Without a connection, the list is missing for a while.
  if (room?.members !== undefined) arrivals.current = arrivalsAfter(arrivals.current, room);
  const added = useAdded(arrivals.current);
  const poll = useShownPoll(room);
  const work = useWork(room);
  const unixMs = useNow(room?.wall);
  if (room?.wall === undefined) return undefined;
  const { wall } = room;
  const source = { model, room, wall, poll, work, screen, unixMs };
  return { view: wallView({ ...source, arrivals: arrivals.current }), unixMs, added };
}

const NOBODY: ReadonlySet<string> = new Set();

function useAdded(arrivals: readonly string[]): ReadonlySet<string> {
  const [added, setAdded] = useState(NOBODY);
  const before = useRef<readonly string[]>([]);
  useEffect(() => {
    const known = new Set(before.current);
    before.current = arrivals;
    const names = arrivals.filter((name) => !known.has(name));
    if (known.size === 0 || names.length === 0) return;
    setAdded(new Set(names));
    const wait = setTimeout(() => setAdded(NOBODY), NEW_FACE_MS);
    return () => clearTimeout(wait);
  }, [arrivals]);
  return added;
}
