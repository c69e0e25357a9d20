/** Header and status line of the full screen. */

import { formatDuration } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { SECOND_MS } from "../../../base/time.ts";
import { subtitleOf } from "../../../core/client/chat-record.ts";
import { plainLine } from "../../../core/markup/plain.ts";
import { type FoldedEntry, foldedList } from "../../../core/model/folded-boxes.ts";
import { ownTurn } from "../../../core/model/hands.ts";
import { isSameName, itemAt } from "../../../core/model/item.ts";
import {
  dndEnd,
  isModerator,
  isOnline,
  openRoom,
  typingNames,
} from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { shownCall, shownHands } from "../../../core/model/unignored.ts";
import { briefText } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { postLimitText, privacyText } from "../../../ui/text/rules-text.ts";
import { targetText, targetTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { Completion, ScreenQuestion } from "../state/screen-state.ts";
import { faultLineIn, type ScreenTexts } from "../text/texts.ts";
import { isTargetMuted } from "./panels.ts";
import { lineWidth, type Span, type StyledLine, splitLine, widthOf } from "./style.ts";

/** A topic may be as long as a message. */
const TOPIC_COLUMNS = 500;

export function headerLine(
  model: Model,
  texts: ScreenTexts,
  nothing: string,
  columns: number,
): StyledLine {
  const room = openRoom(model);
  const { open } = model;
  if (open === undefined) return splitLine([{ text: ` ${nothing}`, role: "bar" }], [], columns);
  const title = targetTitle(model, open);
  const name = targetText(open);
  // The name that one types is beside the one that is displayed.
  const isNamed = room?.title !== undefined && title !== name;
  const other = isNamed ? name : displayNameOf(model, open);
  const left: StyledLine = [
    { text: ` ${title} `, role: "bar", bold: true },
    { text: other === undefined ? "" : `${other} `, role: "bar" },
    {
      text: ` ${plainLine(room === undefined ? "" : subtitleOf(room), TOPIC_COLUMNS)}`,
      role: "bar",
    },
  ];
  // The topic may use half of the line. Facts that do not fit beside it are omitted from the left.
  const topic = Math.min(lineWidth(left), Math.floor(columns / 2));
  let facts = factsOf(model, room, texts);
  while (facts.length > 0 && widthOf(factsText(facts)) + topic + 1 > columns)
    facts = facts.slice(1);
  const right: StyledLine = facts.length === 0 ? [] : [{ text: factsText(facts), role: "bar-dim" }];
  return splitLine(left, right, columns);
}

/** Header of a pane with a thread; `undefined` for a room. */
export function threadHeader(
  model: Model,
  texts: ScreenTexts,
  times: Times,
  columns: number,
): StyledLine | undefined {
  const { thread, tail } = openRoom(model) ?? {};
  if (thread === undefined) return undefined;
  const { root, items } = thread;
  const first = itemAt(items, root) ?? itemAt(tail?.items ?? [], root);
  const title = first === undefined ? "" : briefText(first, texts, times, TOPIC_COLUMNS);
  const count = items.filter(({ seq }) => seq !== root).length;
  const facts = count === 0 ? "" : `${texts.keys.finder.replies(count)} `;
  const left: StyledLine = [{ text: ` ↪ ${title}`, role: "bar", bold: true }];
  return splitLine(left, [{ text: facts, role: "bar-dim" }], columns);
}

function displayNameOf({ displayNames }: Model, target: string): string | undefined {
  if (!target.startsWith("@")) return undefined;
  return displayNames.get(target.slice(1).toLowerCase());
}

function factsText(facts: readonly string[]): string {
  return `${facts.join(" · ")} `;
}

function factsOf(model: Model, room: RoomState | undefined, texts: ScreenTexts): readonly string[] {
  if (room === undefined) return [];
  const facts: string[] = [];
  if (room.isSealed) facts.push(texts.screen.sealed);
  if (room.isClosed) facts.push(texts.screen.closed);
  if (room.keepMs !== undefined)
    facts.push(texts.retention(texts.span(formatDuration(room.keepMs))));
  if (room.kind === "person") {
    facts.push(isOnline(model, room.name) ? texts.online : texts.offlineStatus);
  } else if (room.members === undefined) {
    if (room.online.size > 0) facts.push(texts.screen.nowOnline(room.online.size));
  } else {
    const online = room.members.filter(({ isOnline }) => isOnline).length;
    facts.push(texts.screen.membersOnline(online, room.members.length));
  }
  return facts.filter((fact) => fact !== "");
}

export interface LinkStatus {
  readonly address: string;
  readonly transport: string | undefined;
  readonly roundTripMs: number | undefined;
}

interface StatusOptions {
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly link: LinkStatus;
  readonly nowUnixMs: number;
  /** Why the open room takes no messages of the user, unless the input says it. */
  readonly readOnly: string | undefined;
  /** Unread messages in muted targets are not counted. */
  readonly muted: readonly string[];
  readonly typing: boolean;
  /** Number of loaded rows below the bottom edge; `undefined` if the newest row is visible. */
  readonly below: { readonly rows: number } | undefined;
  readonly question: ScreenQuestion | undefined;
  readonly completion: Completion | undefined;
  /** Shown at the end of the open room, while Space reads on. `next` is the next place to read. */
  readonly end?: { readonly next: string | undefined } | undefined;
  /** Keys of an open list, which replace what concerns the open room. */
  readonly keys?: string | undefined;
  /** Keys while the user reads or walks, which replace what concerns other rooms. */
  readonly roomKeys?: string | undefined;
  /** The keys of a walk say more than the user's own turn. */
  readonly isWalking?: boolean;
}

const TARGETS_NAMED_MAX = 3;

/** An open question or completion replaces the connection, pending posts and unread messages. */
export function statusLine(options: StatusOptions, columns: number): StyledLine {
  const { question, completion, texts } = options;
  if (question !== undefined) return questionLine(question, texts, columns);
  if (completion !== undefined) return completionLine(completion, columns);
  const { keys, roomKeys, isWalking } = options;
  const turn = keys === undefined && !isWalking ? turnLine(options, columns) : undefined;
  if (turn !== undefined) return turn;
  if (keys !== undefined || roomKeys !== undefined) {
    const right: StyledLine = [{ text: `${keys ?? roomKeys} `, role: "bar-dim" }];
    const left = [connectionSpans(options).slice(0, 2), pendingSpans(options)];
    const inRoom =
      keys === undefined
        ? [ruleSpans(options), dndSpans(options), handSpans(options), typingSpans(options)]
        : [];
    return splitLine(joined([...left, ...inRoom]), right, columns);
  }
  const keysOfHands = handKeys(options);
  const isLesson = keysOfHands.length > 0;
  const right = [...belowSpans(options), ...(isLesson ? keysOfHands : endSpans(options))];
  return splitLine(leftSpans(options, columns - lineWidth(right) - 1), right, columns);
}

function leftSpans(options: StatusOptions, columns: number): StyledLine {
  const [typing, pending] = [typingSpans(options), pendingSpans(options)];
  const inRoom = [ruleSpans(options), dndSpans(options)];
  const lineWith = (hands: StyledLine) =>
    fittingSpans(options, joined([pending, ...inRoom, hands, typing]), columns);
  const fewest = handSpans(options, 0);
  if (fewest.length === 0) {
    const line = lineWith([]);
    const fits = typing.length === 0 || lineWidth(line) <= columns;
    return fits ? line : fittingSpans(options, pending, columns);
  }
  for (let named = TARGETS_NAMED_MAX; named >= 0; named--) {
    const hands = handSpans(options, named);
    const line = lineWith(hands);
    const isWhole = hands.every((span) => line.includes(span));
    if (isWhole && lineWidth(line) <= columns) return line;
  }
  return joined([connectionSpans(options).slice(0, 1), pending, fewest]);
}

/** Omits the transport, and then the server's name, until the line fits. */
function fittingSpans(options: StatusOptions, pending: StyledLine, columns: number): StyledLine {
  const unread = unreadSpans(options);
  const fullLine = joined([connectionSpans(options), pending, unread]);
  if (options.model.connection.kind !== "online" || lineWidth(fullLine) <= columns) return fullLine;
  const [sign = { text: " " }, name = { text: "" }] = connectionSpans(options);
  const withoutTransport = joined([[sign, name], pending, unread]);
  if (lineWidth(withoutTransport) <= columns) return withoutTransport;
  if (pending.length + unread.length === 0) return withoutTransport;
  const withoutName = joined([[sign], pending, unread]);
  return lineWidth(withoutName) <= columns || unread.length === 0
    ? withoutName
    : joined([[sign], unread]);
}

function joined(groups: readonly StyledLine[]): StyledLine {
  const separator: Span = { text: " · ", role: "bar-dim" };
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, i) => (i === 0 ? group : [separator, ...group]));
}

function belowSpans({ below, texts }: StatusOptions): StyledLine {
  if (below === undefined) return [];
  const { moreBelow, moreBelowCount } = texts.screen;
  const text = below.rows > 0 ? moreBelowCount(below.rows) : moreBelow;
  return [{ text: `${text} `, role: "bar", bold: true, clickAction: "newest" }];
}

function endSpans({ end, texts }: StatusOptions): StyledLine {
  if (end === undefined) return [];
  const { allRead, spaceNext } = texts.screen;
  const text = end.next === undefined ? allRead : spaceNext(end.next);
  return [{ text: `${text} `, role: "bar-dim", clickAction: "unread" }];
}

function questionLine(question: ScreenQuestion, texts: ScreenTexts, columns: number): StyledLine {
  const isYesNo = question.kind === "yes-no";
  const hint = isYesNo ? texts.screen.inboxActionKeys : texts.screen.answerHint;
  // The menu has the question as its title.
  const left: StyledLine = isYesNo
    ? []
    : [{ text: ` ${cleanText(question.text)}`, role: "bar", bold: true }];
  return splitLine(left, [{ text: `${hint} `, role: "bar-dim" }], columns);
}

function completionLine({ candidates, selectedIndex }: Completion, columns: number): StyledLine {
  const spans = candidates.map(({ text, hint }, i): readonly Span[] => {
    const role = i === selectedIndex ? "open" : "bar";
    const candidate: Span[] = [{ text: ` ${cleanText(text.trim())} `, role }];
    if (hint !== "") candidate.push({ text: `${cleanText(hint)} `, role: "bar-dim" });
    return candidate;
  });
  let from = 0;
  const widthTo = (first: number) =>
    spans.slice(first, selectedIndex + 1).reduce((sum, candidate) => sum + lineWidth(candidate), 0);
  while (from < selectedIndex && widthTo(from) > columns) from += 1;
  return splitLine(spans.slice(from).flat(), [], columns);
}

function connectionSpans({ model, texts, link, nowUnixMs }: StatusOptions): readonly Span[] {
  const { connection } = model;
  const server = cleanText(model.server?.name ?? "");
  switch (connection.kind) {
    case "online": {
      const { hasMajority, refusal } = model.notices;
      if (hasMajority === false) {
        const text = texts.screen.noMajority(refusal && cleanText(refusal));
        return [{ text: ` ◐ ${text}`, role: "bar-bad" }];
      }
      if (connection.isStalled) return [{ text: ` ◌ ${texts.waitingForServer}`, role: "bar-bad" }];
      const spans: Span[] = [
        { text: " ●", role: "bar-good" },
        { text: ` ${server === "" ? texts.online : server}`, role: "bar" },
      ];
      const roundTrip = link.roundTripMs === undefined ? "" : `${Math.round(link.roundTripMs)} ms`;
      const details = [link.transport === undefined ? "" : cleanText(link.transport), roundTrip];
      const text = details.filter((detail) => detail !== "").join(" ");
      if (text !== "") spans.push({ text: ` ${text}`, role: "bar-dim" });
      return spans;
    }
    case "connecting":
      return [{ text: ` ○ ${texts.screen.connectingTo(link.address)}`, role: "bar-bad" }];
    case "entering":
      return [{ text: ` ○ ${texts.signingIn}`, role: "bar" }];
    case "outside": {
      const reason =
        connection.fault === undefined ? "" : `: ${faultLineIn(texts, connection.fault)}`;
      return [{ text: ` ○ ${texts.screen.notLoggedIn}${reason}`, role: "bar-bad" }];
    }
    case "offline": {
      const seconds = Math.max(0, Math.ceil((connection.retryAtUnixMs - nowUnixMs) / SECOND_MS));
      const [reason = ""] = faultLineIn(texts, connection.fault).split(/[.;](?:\s|$)/);
      const text = texts.screen.retryingAfter(reason, seconds);
      return [{ text: ` ○ ${text}`, role: "bar-bad" }];
    }
    default: {
      const reason =
        connection.fault === undefined ? "" : ` ${faultLineIn(texts, connection.fault)}`;
      return [{ text: ` ○ ${texts.disconnected}${reason}`, role: "bar-bad" }];
    }
  }
}

function pendingSpans({ model, texts }: StatusOptions): readonly Span[] {
  const waiting = model.pending.filter(({ state }) => state.kind !== "refused").length;
  const sending: StyledLine =
    waiting === 0 ? [] : [{ text: texts.screen.sendingPosts(waiting), role: "bar" }];
  return joined([refusedSpans(model, texts), sending]);
}

function refusedSpans(model: Model, texts: ScreenTexts): StyledLine {
  const { pending, open } = model;
  const refused = pending.filter(
    ({ to, state }) => state.kind === "refused" && !isSameName(to, open),
  );
  if (refused.length === 0) return [];
  const targets = [...new Set(refused.map(({ to }) => targetTitle(model, to)))];
  const named = targets.slice(0, TARGETS_NAMED_MAX).join(", ");
  const ellipsis = targets.length > TARGETS_NAMED_MAX ? ", …" : "";
  return [{ text: texts.screen.notSent(refused.length, named + ellipsis), role: "bar-bad" }];
}

function typingSpans({ model, texts, typing }: StatusOptions): readonly Span[] {
  const names = typing ? typingNames(model).map((name) => cleanText(name)) : [];
  return names.length === 0 ? [] : [{ text: texts.typing(names), role: "bar-dim" }];
}

function dndSpans({ model, texts }: StatusOptions): readonly Span[] {
  return dndEnd(model) === undefined ? [] : [{ text: texts.dnd, role: "bar" }];
}

/** The user's turn in any room, on the whole line, because it must not be missed. */
function turnLine({ model, texts }: StatusOptions, columns: number): StyledLine | undefined {
  const room = model.connection.kind === "online" ? ownTurn(model) : undefined;
  if (room === undefined) return undefined;
  const { callsOnYou, turnKey, turnElsewhere } = texts.screen;
  const isOpen = openRoom(model)?.id === room.id;
  const place = isOpen ? "" : ` ${texts.screen.inPlace(targetTitle(model, room.target))}`;
  const by = room.caller && cleanText(personText(model, room.caller));
  const left: StyledLine = [{ text: ` ✋ ${callsOnYou(by)}${place} · ${turnKey}`, role: "calls" }];
  const right: StyledLine = isOpen ? [] : [{ text: `${turnElsewhere} `, role: "calls" }];
  const hasRoom = lineWidth(left) + lineWidth(right) < columns;
  const line = splitLine(left, hasRoom ? right : [], columns);
  return line.map((span) => ({ ...span, role: "calls" as const }));
}

/** The person who is called on, then the hands in their order. Names leave from the end. */
function handSpans({ model, texts }: StatusOptions, namedMax = TARGETS_NAMED_MAX): readonly Span[] {
  const room = openRoom(model);
  // Without a connection nobody knows whose turn it is now.
  if (room === undefined || model.connection.kind !== "online") return [];
  const called = shownCall(model, room);
  const hands = shownHands(model, room);
  if (called === undefined && hands.length === 0) return [];
  const own = hands.findIndex((name) => isSameName(name, model.me)) + 1;
  const first = (name: string) => cleanText(personText(model, name));
  const named = hands.slice(0, Math.max(0, own > 0 ? namedMax - 1 : namedMax)).map(first);
  const others = hands.length - named.length;
  const more = others === 0 ? "" : named.length === 0 ? `${others}` : ` +${others}`;
  const turn: StyledLine =
    called === undefined ? [] : [{ text: `▸ ${first(called)}`, role: "bar", bold: true }];
  const raised: StyledLine =
    hands.length === 0 ? [] : [{ text: `✋ ${named.join(", ")}${more}`, role: "bar" }];
  const mine: StyledLine = own === 0 ? [] : [{ text: texts.handPlace(own), role: "bar" }];
  return joined([turn, mine, raised]);
}

/** Keys of a moderator while hands are up, or somebody is called on. */
function handKeys({ model, texts }: StatusOptions): StyledLine {
  const room = openRoom(model);
  if (room === undefined || !isModerator(model, room)) return [];
  const isIdle = shownCall(model, room) === undefined && shownHands(model, room).length === 0;
  return isIdle ? [] : [{ text: `${texts.screen.handKeys} `, role: "bar-dim" }];
}

function ruleSpans({ model, texts, nowUnixMs, readOnly }: StatusOptions): readonly Span[] {
  const room = openRoom(model);
  if (room === undefined) return [];
  const limit = readOnly ?? postLimitText(model, room.target, texts, nowUnixMs);
  const privacy = privacyText(model, room.target, texts);
  const [first, ...others] = room.knocks.map((name) => cleanText(name));
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return joined([
    limit === undefined ? [] : [{ text: limit, role: "bar-bad" }],
    privacy === undefined ? [] : [{ text: privacy, role: "bar" }],
    first === undefined ? [] : [{ text: `${texts.knockOf(first)}${more}`, role: "bar" }],
  ]);
}

function unreadSpans({ model, texts, muted, end }: StatusOptions): readonly Span[] {
  if (end !== undefined) {
    const place = targetTitle(model, model.open ?? "");
    return [{ text: texts.screen.endOf(place), role: "bar-dim" }];
  }
  const { rooms, people } = foldedList(model);
  // The boxes of the open room are elsewhere.
  const isElsewhere = ({ isOpen = false, newBoxes = 0 }: Partial<FoldedEntry>) =>
    !isOpen || newBoxes > 0;
  const lines = [...rooms, ...people]
    .filter(
      (line) =>
        line.unread > 0 &&
        isElsewhere(line) &&
        !line.isIgnored &&
        !isTargetMuted(muted, line.target),
    )
    .sort((a, b) => Number(b.mentions > 0) - Number(a.mentions > 0));
  if (lines.length === 0) return [];
  const count = lines.reduce((sum, { unread }) => sum + unread, 0);
  const named = lines.slice(0, TARGETS_NAMED_MAX).map(({ target }) => targetTitle(model, target));
  const targets = named.join(", ") + (lines.length > TARGETS_NAMED_MAX ? ", …" : "");
  const hasMentions = lines.some((line) => line.mentions > 0);
  const text = texts.screen.unreadIn(count, targets);
  const padded = hasMentions ? ` ${text} ` : text;
  return [{ text: padded, role: hasMentions ? "calls" : "bar", clickAction: "unread" }];
}
