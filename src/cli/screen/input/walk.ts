/** Walks through the messages that call the user, or through a part of the new messages. */

import { Fault, msg } from "../../../base/fault.ts";
import { stepped } from "../../../core/model/catch-up.ts";
import { ownTurn } from "../../../core/model/hands.ts";
import { shownSeq } from "../../../core/model/item.ts";
import { isErased, roomOf, unreadReplies } from "../../../core/model/selectors.ts";
import type { FoundItem, Model, SearchQuery } from "../../../core/model/state.ts";
import { cardParts, catchUpOfState, walkedPart } from "../state/card.ts";
import { isSameSearch } from "../state/finder.ts";
import type {
  Action,
  MenuEntry,
  ScreenState,
  ScreenWalk,
  ScrollAnchor,
  WalkedMessage,
} from "../state/screen-state.ts";
import { placedAt, type ScrolledTimeline } from "../state/scroll.ts";
import { placesToRead } from "../view/panels.ts";
import {
  type HandlerContext,
  openTarget,
  timelineOf,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { openRoomOf } from "./reading.ts";

/**
 * Opens the next or the previous message of the walk, and begins again at its end. Without a walk,
 * or if the user has left it for another room, walks through the calls that are unread.
 */
export function walk(state: ScreenState, by: 1 | -1, context: HandlerContext): UpdateResult {
  const { model, texts } = context;
  const known = continued(state, context);
  const turn = ownTurn(model)?.target;
  // The user's own turn comes before all calls, which the inbox lists.
  if (
    state.overlay === undefined &&
    known === undefined &&
    turn !== undefined &&
    turn !== openTarget(model)
  ) {
    return openRoomOf(state, turn, context);
  }
  const isCalls = known?.part.kind === "calls" || known === undefined;
  const from = isCalls ? callWalk(known, by) : withNewResults(known, model);
  const isGone = (seq: number) => isErased(model, seq);
  const first = () => stepped({ ...from, at: -1 }, 1, isGone);
  const next = stepped(from, by, isGone) ?? (by > 0 ? first() : undefined);
  if (next !== undefined) {
    const { state: opened, actions } = goTo(state, next, context);
    return withActions(opened, ...actions, ...moreResults(next, model));
  }
  const text = first() === undefined ? texts.nothingForYou : texts.firstOfWalk;
  return withChange(state, { notes: [...state.notes, { text, tone: "plain" }] });

  /** Appends the calls that have arrived since the walk began. */
  function callWalk(walked: ScreenWalk | undefined, step: 1 | -1): ScreenWalk {
    const messages = withLater(walked?.part.messages ?? [], callsOf(state, context));
    return {
      part: { kind: "calls", messages },
      at: walked?.at ?? (step > 0 ? -1 : messages.length),
    };
  }
}

/** Further results are requested when fewer than these remain. */
const RESULTS_AHEAD = 10;

/** Appends results that have arrived since the walk began. */
function withNewResults(walked: ScreenWalk, model: Model): ScreenWalk {
  const { part } = walked;
  if (part.kind !== "results" || !isSameSearch(model.search, part.search)) return walked;
  const messages = withLater(part.messages, resultsToWalk(model.search?.found ?? [], model));
  return { ...walked, part: { ...part, messages } };
}

/** Messages of results in rooms that the user has not left. */
function resultsToWalk(found: readonly FoundItem[], model: Model): readonly WalkedMessage[] {
  return found
    .filter(({ target }) => roomOf(model, target) !== undefined)
    .map(({ item, target }) => ({ target, seq: shownSeq(item) }));
}

function withLater(
  messages: readonly WalkedMessage[],
  later: readonly WalkedMessage[],
): readonly WalkedMessage[] {
  const seqs = new Set(messages.map(({ seq }) => seq));
  return [...messages, ...later.filter(({ seq }) => !seqs.has(seq))];
}

/**
 * Opens one of several results, through which the user can walk.
 * @throws {Fault} not-member if the user has left the room since the search
 */
export function openResult(
  state: ScreenState,
  all: readonly FoundItem[],
  found: FoundItem,
  search: SearchQuery | undefined,
  context: HandlerContext,
): UpdateResult {
  const { model } = context;
  const [opened] = resultsToWalk([found], model);
  if (opened === undefined) throw new Fault("not-member", msg`you are not in ${found.target}`);
  const messages = resultsToWalk(all, model);
  const at = Math.max(
    0,
    messages.findIndex(({ seq }) => seq === opened.seq),
  );
  const part = { kind: "results" as const, messages, search };
  return goTo({ ...state, overlay: undefined }, { part, at }, context);
}

function moreResults({ part, at }: ScreenWalk, { search }: Model): readonly Action[] {
  if (part.kind !== "results" || !isSameSearch(search, part.search)) return [];
  const isNear = at >= part.messages.length - RESULTS_AHEAD;
  const hasMore = search?.hasMore === true && !search.isLoading;
  return isNear && hasMore ? [{ kind: "search-more" }] : [];
}

export function startWalk(
  state: ScreenState,
  part: ScreenWalk["part"],
  context: HandlerContext,
): UpdateResult {
  const closed = { ...state, overlay: undefined };
  return walk({ ...closed, walk: { part, at: -1 } }, 1, context);
}

function goTo(state: ScreenState, next: ScreenWalk, context: HandlerContext): UpdateResult {
  const message = next.part.messages[next.at];
  if (message === undefined) return withActions(state);
  const { target, seq } = message;
  const opened = openRoomOf({ ...state, completion: undefined }, target, context);
  const isHere = target === openTarget(context.model);
  const index = context.rows.rows.findIndex((row) => row.kind === "item" && row.item.seq === seq);
  const scroll =
    isHere && index >= 0 ? inUpperThird(timelineOf(context), index) : opened.state.scroll;
  return {
    state: { ...opened.state, walk: next, selected: undefined, highlighted: seq, scroll },
    // The user steps on after reading the page.
    actions: [{ kind: "turn-page" }, ...opened.actions, { kind: "jump", target, seq }],
  };
}

export function inUpperThird(timeline: ScrolledTimeline, index: number): ScrollAnchor {
  const last = timeline.rows.at(-1)?.key ?? "";
  return placedAt(timeline, index, Math.floor(timeline.pageRows / 3)) ?? { key: last, below: 0 };
}

/** A walk that has not begun continues in any room. */
function continued(
  { walk: known }: ScreenState,
  { model }: HandlerContext,
): ScreenWalk | undefined {
  const message = known?.part.messages[known.at];
  const isHere = message === undefined || message.target === openTarget(model);
  return isHere ? known : undefined;
}

/**
 * The calls of the open room come first, then those of the rooms in the order of the inbox. From
 * the inbox, the oldest of all comes first.
 */
function callsOf(
  { overlay }: ScreenState,
  { model, settings }: HandlerContext,
): readonly WalkedMessage[] {
  const open = openTarget(model);
  const order = placesToRead(model, settings.muted).map(({ target }) => target);
  const rank = (target: string) => {
    if (overlay?.kind === "inbox") return 0;
    const at = order.indexOf(target);
    return target === open ? -1 : at < 0 ? order.length : at;
  };
  const calls = [...model.rooms.values()].flatMap(({ target, mentions }) =>
    mentions.map(({ seq }) => ({ target, seq })),
  );
  return [...calls, ...unreadReplies(model)].sort(
    (a, b) => rank(a.target) - rank(b.target) || a.seq - b.seq,
  );
}

/** Entries of the card of new messages; none until it is loaded. */
export function cardEntries(state: ScreenState, { texts }: HandlerContext): readonly MenuEntry[] {
  const catchUp = catchUpOfState(state);
  const { newMessages } = state;
  if (catchUp === undefined || newMessages === undefined) return [];
  const parts = catchUp === "missing" ? [] : cardParts(catchUp);
  const { target } = newMessages;
  return [
    ...parts.map((part): MenuEntry => {
      const label = texts.walkThrough(texts.cardPart[part.kind](part.count));
      return { action: { kind: "walk", part: walkedPart(part, target) }, chord: "", label };
    }),
    { action: { kind: "all-read" }, chord: "", label: texts.markAllRead },
  ];
}
