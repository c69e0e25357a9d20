/** Finds what happened in the model since the last look, for screen readers. */

import type { RoomId } from "../../../base/ids.ts";
import { cleanText } from "../../../base/text.ts";
import { type EventKind, isEventKind } from "../../../core/client/event-facts.ts";
import { isMessage, isSameName, itemAt } from "../../../core/model/item.ts";
import { isConversation } from "../../../core/model/room.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Item, Model, RoomState, TransferView } from "../../../core/model/state.ts";
import { shownHands } from "../../../core/model/unignored.ts";
import { isStuckView } from "../../../core/model/waiting.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { authorText, briefText, deletedText, eventText } from "../../../ui/text/event-text.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import { transferText } from "../../../ui/text/transfer-text.ts";
import type { AnnouncementKind } from "../shell/announcement-queue.ts";

export interface WatchedEvent {
  readonly kind: AnnouncementKind;
  readonly text: string;
}

interface Snapshot {
  readonly room: string;
  /** `undefined` if no room or conversation is open. */
  readonly target: string | undefined;
  /** Unread messages by room. */
  readonly unread: ReadonlyMap<RoomId, number>;
  readonly receivedN: number;
  /** Hands by room: all where the user moderates, or else only the own one. */
  readonly hands: ReadonlyMap<RoomId, readonly string[]>;
  /** States of transfers and pending posts by their ids. */
  readonly states: ReadonlyMap<string, string>;
  /** Loaded items of the room, by `seq`. */
  readonly items: readonly Item[];
}

/** Maximum number of messages read aloud; of more, only the number is. */
const SPOKEN_MAX = 2;

/** Events that would be too many, or that `handsSince`, a banner or the opened room announces. */
const SILENT_EVENTS: ReadonlySet<EventKind> = new Set(["join", "leave", "hand", "knock", "group"]);

export interface EventTexts {
  readonly texts: Texts;
  readonly times: Times;
  readonly accepts: (kind: AnnouncementKind) => boolean;
}

export class EventWatch {
  #before: Snapshot | undefined;
  /** The first room is part of the page that loads. */
  #hasOpened = false;

  /** @returns events since the last call; none at the first call */
  check(model: Model, isOperator: boolean, options: EventTexts): readonly WatchedEvent[] {
    const before = this.#before;
    const now = snapshot(model, isOperator);
    this.#before = now;
    const isFirst = !this.#hasOpened;
    this.#hasOpened ||= now.target !== undefined;
    if (before === undefined) return [];
    return [
      ...(isFirst ? [] : openedSince(before, now, model, options)),
      ...messagesSince(before, now, model, options),
      ...handsSince(before, now, model, options),
      ...outcomesSince(before, model, options),
      ...reactionsSince(before, now, options),
      ...changesSince(before, now, model, options),
      ...eventsSince(before, now, model, options),
    ];
  }
}

/** The focus may stay in a text field whose name alone changes with the room. */
function openedSince(
  before: Snapshot,
  { room: id, target }: Snapshot,
  model: Model,
  { texts }: EventTexts,
): readonly WatchedEvent[] {
  const isRenamed = id !== "" && id === before.room;
  if (isSameName(target, before.target) || isRenamed || target === before.target) return [];
  if (target === undefined) return [{ kind: "opened", text: texts.chooseRoom }];
  const room = openRoom(model);
  const unread = room === undefined ? 0 : unreadAtOpening(room, before.unread.get(room.id));
  const opened = texts.opened(placeTitle(model, target, texts));
  return [{ kind: "opened", text: unread > 0 ? `${opened}, ${texts.unread(unread)}` : opened }];
}

function snapshot(model: Model, isOperator: boolean): Snapshot {
  const room = openRoom(model);
  const handsOf = (one: RoomState) =>
    one.moderates || isOperator
      ? shownHands(model, one)
      : one.hands.filter((name) => isSameName(name, model.me));
  const rooms = model.isCaughtUp ? [...model.rooms.values()] : [];
  return {
    room: room?.id ?? "",
    target: model.open,
    unread: new Map([...model.rooms.values()].map(({ id, unread }) => [id, unread])),
    receivedN: room?.receivedN ?? 0,
    hands: new Map(rooms.map((one) => [one.id, handsOf(one)])),
    states: new Map([
      ...[...model.transfers.values()].map(({ id, state }) => [id, state.kind] as const),
      ...model.pending.map(({ key, state }) => [key, state.kind] as const),
      ...model.waiting.map(
        (message) => [message.key, isStuckView(message) ? "stuck" : "waiting"] as const,
      ),
    ]),
    items: (room?.jump ?? room?.tail)?.items ?? [],
  };
}

/** The room is marked as read as soon as it is drawn. */
function unreadAtOpening({ tail, readAtOpening }: RoomState, known = 0): number {
  if (readAtOpening === undefined) return 0;
  const isUnread = (item: Item) => item.n > readAtOpening && isMessage(item) && !item.isMine;
  return Math.max(known, tail.items.filter(isUnread).length);
}

function isPersonal(item: Item, room: RoomState): boolean {
  const answered = item.re === undefined ? undefined : itemAt(room.tail.items, item.re);
  return item.mentionsMe || isConversation(room) || answered?.isMine === true;
}

function messagesSince(
  before: Snapshot,
  now: Snapshot,
  model: Model,
  { texts, times, accepts }: EventTexts,
): readonly WatchedEvent[] {
  const room = openRoom(model);
  if (room === undefined || now.room !== before.room) return [];
  const events: WatchedEvent[] = [];
  for (let i = room.tail.items.length - 1; i >= 0; i--) {
    const item = room.tail.items[i];
    if (item === undefined || item.n <= before.receivedN) break;
    if (item.isMine && item.files.length > 0) {
      events.unshift({ kind: "result", text: texts.fileSent(namesOf(item.files)) });
      continue;
    }
    if (item.isMine || !isMessage(item)) continue;
    const kind = isPersonal(item, room) ? "personal" : "message";
    if (!accepts(kind)) continue;
    const author = authorText(item, texts, model);
    events.unshift({ kind, text: texts.newFrom(author, briefText(item, texts, times)) });
  }
  if (events.length <= SPOKEN_MAX) return events;
  const kind = events.some((event) => event.kind === "personal") ? "personal" : "message";
  return [{ kind, text: texts.newMany(events.length) }];
}

function handsSince(
  before: Snapshot,
  now: Snapshot,
  model: Model,
  { texts }: EventTexts,
): readonly WatchedEvent[] {
  const events: WatchedEvent[] = [];
  for (const [id, hands] of now.hands) {
    const raised = before.hands.get(id);
    if (raised === undefined) continue;
    const target = model.rooms.get(id)?.target ?? "";
    const isIn = (names: readonly string[], name: string) =>
      names.some((other) => isSameName(other, name));
    const added = hands.filter((name) => !isIn(raised, name));
    const mine = raised.filter((name) => isSameName(name, model.me) && !isIn(hands, name));
    for (const name of [...added, ...mine]) {
      const actor = texts.notificationTitle(
        personText(model, name),
        placeTitle(model, target, texts),
      );
      const kind = isSameName(name, model.me) ? "result" : "hand";
      // The call itself is announced as a notification.
      if (isSameName(model.rooms.get(id)?.called, name)) continue;
      const text = isIn(hands, name) ? texts.eventHandUp : texts.eventHandDown;
      events.push({ kind, text: `${actor}: ${text}` });
    }
  }
  return events;
}

function ownSigns({ reactions }: Item): readonly string[] {
  return reactions.filter(({ mine }) => mine.length > 0).map(({ sign }) => sign);
}

/** Loaded items that are new or differ, with what they were. */
function* changedItems(before: Snapshot, now: Snapshot) {
  if (before.room !== now.room || before.items === now.items) return;
  let at = 0;
  for (const item of now.items) {
    while ((before.items[at]?.seq ?? Number.POSITIVE_INFINITY) < item.seq) at++;
    const former = before.items[at]?.seq === item.seq ? before.items[at] : undefined;
    const isNew = item.n > before.receivedN;
    if (former !== item && (former !== undefined || isNew)) yield { item, former };
  }
}

/** The user's own reactions, which the server has recorded or removed. */
function reactionsSince(
  before: Snapshot,
  now: Snapshot,
  { texts }: EventTexts,
): readonly WatchedEvent[] {
  const events: WatchedEvent[] = [];
  for (const { item, former } of changedItems(before, now)) {
    if (item.state !== "whole") continue;
    const [had, has] = [former === undefined ? [] : ownSigns(former), ownSigns(item)];
    const added = has.filter((sign) => !had.includes(sign)).map(texts.reactedWith);
    const removed = had.filter((sign) => !has.includes(sign)).map(texts.reactionRemoved);
    for (const text of [...added, ...removed])
      events.push({ kind: "result", text: cleanText(text) });
  }
  return events;
}

/** Edits and deletions. */
function changesSince(
  before: Snapshot,
  now: Snapshot,
  model: Model,
  { texts, times }: EventTexts,
): readonly WatchedEvent[] {
  const room = openRoom(model);
  if (room === undefined) return [];
  const kindOf = (item: Item, isByMe: boolean): AnnouncementKind => {
    if (isByMe) return "result";
    return item.isMine || isPersonal(item, room) ? "personal" : "change";
  };
  const events: WatchedEvent[] = [];
  for (const { item, former } of changedItems(before, now)) {
    const { state, editedUnixMs, isMine, erasedBy } = item;
    if (former === undefined || !isMessage(item) || former.state !== "whole") continue;
    if (state === "erased") {
      const text = deletedText(item, texts, model);
      const author = authorText(item, texts, model);
      const kind = kindOf(former, isMine && erasedBy === undefined);
      events.push({ kind, text: isMine ? text : texts.newFrom(author, text) });
      continue;
    }
    for (const { name } of (item.erasedFiles ?? []).slice(former.erasedFiles?.length ?? 0)) {
      const text = texts.fileDeleted(cleanText(name));
      const author = authorText(item, texts, model);
      events.push({
        kind: kindOf(former, isMine),
        text: isMine ? text : texts.newFrom(author, text),
      });
    }
    if (editedUnixMs !== former.editedUnixMs) {
      const author = isMine ? [] : [authorText(item, texts, model)];
      const text = texts.newFrom(
        [...author, texts.edited].join(", "),
        briefText(item, texts, times),
      );
      events.push({ kind: kindOf(item, isMine), text });
    }
  }
  return summary(events, texts.changedMany);
}

/** Lines of the timeline that are no messages: pins, topics, rules, roles and others. */
function eventsSince(
  before: Snapshot,
  now: Snapshot,
  model: Model,
  { texts, times }: EventTexts,
): readonly WatchedEvent[] {
  const nameOf = (account: string) => personText(model, account);
  const events: WatchedEvent[] = [];
  for (const { item, former } of changedItems(before, now)) {
    if (former !== undefined || !isEventKind(item.kind) || SILENT_EVENTS.has(item.kind)) continue;
    const pinned =
      item.kind === "pin" && item.re !== undefined ? itemAt(now.items, item.re) : undefined;
    const concernsMe = isSameName(item.subject, model.me) || pinned?.isMine === true;
    const kind = item.isMine ? "result" : concernsMe ? "personal" : "change";
    const event = eventText(item, texts, times, { nameOf });
    const text =
      pinned === undefined ? event : texts.newFrom(event, briefText(pinned, texts, times));
    events.push({ kind, text });
  }
  return summary(events, texts.eventsMany);
}

/** More events than are read aloud become their number. */
function summary(
  events: readonly WatchedEvent[],
  counted: (n: number) => string,
): readonly WatchedEvent[] {
  if (events.length <= SPOKEN_MAX) return events;
  const kind = events.find((event) => event.kind !== "change")?.kind ?? "change";
  return [{ kind, text: counted(events.length) }];
}

function outcomesSince(
  { states }: Snapshot,
  model: Model,
  { texts }: EventTexts,
): readonly WatchedEvent[] {
  const events: WatchedEvent[] = [];
  for (const transfer of model.transfers.values()) {
    const { id, state } = transfer;
    const isSettled = state.kind !== "running" && state.kind !== "paused";
    if (!isSettled || states.get(id) === state.kind) continue;
    const kind = state.kind === "failed" ? "fault" : "result";
    events.push({ kind, text: outcomeText(transfer, texts) });
  }
  for (const { key, fault, files } of model.waiting) {
    const cause = fault ?? files.find((file) => file.fault !== undefined)?.fault;
    if (cause === undefined || states.get(key) === "stuck") continue;
    events.push({ kind: "fault", text: `${namesOf(files)}: ${faultText(cause, texts)}` });
  }
  for (const { key, state } of model.pending) {
    if (state.kind !== "refused" || states.get(key) === "refused") continue;
    events.push({ kind: "fault", text: `${texts.refused}: ${faultText(state.fault, texts)}` });
  }
  return events;
}

/** More names than are read aloud are left out. */
function namesOf(files: readonly { readonly name: string }[]): string {
  const named = files.slice(0, SPOKEN_MAX).map(({ name }) => cleanText(name));
  return [...named, ...(files.length > named.length ? ["…"] : [])].join(", ");
}

function outcomeText(transfer: TransferView, texts: Texts): string {
  const name = cleanText(transfer.name);
  if (transfer.state.kind === "done")
    return transfer.kind === "upload" ? texts.fileSent(name) : texts.fileSaved(name);
  return `${name}: ${transferText(transfer, texts, faultText)}`;
}
