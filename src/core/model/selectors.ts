import { isSame } from "./item.ts";
import type { Model, RoomState } from "./state.ts";

/** One line of the list of rooms and conversations. */
export interface RoomLine {
  readonly target: string;
  readonly kind: "room" | "person";
  readonly name: string;
  readonly unread: number;
  /** Of those, how many call or answer me; in a conversation all of them do. */
  readonly calls: number;
  readonly isOpen: boolean;
  /** Of a conversation: whether the other one is there; undefined: not known. */
  readonly isOnline: boolean | undefined;
  readonly isIgnored: boolean;
  readonly isSealed: boolean;
  /** Something is written and not sent. */
  readonly hasDraft: boolean;
}

export interface RoomLines {
  /** By name. */
  readonly rooms: readonly RoomLine[];
  /** Those with unread words first, then the last spoken with. */
  readonly people: readonly RoomLine[];
  /** Over all, but people who are ignored. */
  readonly unread: number;
  readonly calls: number;
}

/** `lobby`, `#lobby`, `@Bob`, in any case. */
export function roomOf(model: Model, target: string): RoomState | undefined {
  const wanted = target.replace(/^#/, "");
  for (const room of model.rooms.values()) if (isSame(room.target, wanted)) return room;
  return undefined;
}

export function openRoom(model: Model): RoomState | undefined {
  return model.open === undefined ? undefined : roomOf(model, model.open);
}

export function isIgnored(model: Model, user: string | undefined): boolean {
  return user !== undefined && model.ignored.has(user.toLowerCase());
}

export function roomLines(model: Model): RoomLines {
  const rooms: RoomState[] = [];
  const people: RoomState[] = [];
  for (const room of model.rooms.values()) (room.kind === "room" ? rooms : people).push(room);
  rooms.sort((one, other) => (one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1));
  const isFirst = (room: RoomState) => isUnreadFirst(model, room);
  people.sort(
    (one, other) => Number(isFirst(other)) - Number(isFirst(one)) || other.lastSeq - one.lastSeq,
  );
  const online = onlineNames(model);
  const lineOf = (room: RoomState) => roomLine(model, room, online);
  const lines = { rooms: rooms.map(lineOf), people: people.map(lineOf) };
  const { open } = model;
  if (open?.startsWith("@") === true && roomOf(model, open) === undefined) {
    lines.people.unshift(strangerLine(model, open, online));
  }
  const heard = [...lines.rooms, ...lines.people.filter((line) => !line.isIgnored)];
  return {
    ...lines,
    unread: heard.reduce((sum, line) => sum + line.unread, 0),
    calls: heard.reduce((sum, line) => sum + line.calls, 0),
  };
}

/** The one that is open keeps its place while it is read. */
function isUnreadFirst(model: Model, room: RoomState): boolean {
  if (isIgnored(model, room.name)) return false;
  const wasUnread = isSame(model.open, room.target) && room.readAtOpening !== undefined;
  return room.unread > 0 || wasUnread;
}

function roomLine(model: Model, room: RoomState, online: ReadonlySet<string>): RoomLine {
  const { target, kind, name } = room;
  const isPerson = kind === "person";
  const isOnline = room.online.has(name) || online.has(name.toLowerCase());
  return {
    target,
    kind,
    name,
    unread: room.unread,
    calls: room.calls.length,
    isOpen: isSame(model.open, target),
    isOnline: isPerson ? isOnline : undefined,
    isIgnored: isPerson && isIgnored(model, name),
    isSealed: room.isSealed,
    hasDraft: (model.drafts.get(target)?.text ?? "") !== "",
  };
}

/** With whom nothing was spoken yet. */
function strangerLine(model: Model, target: string, online: ReadonlySet<string>): RoomLine {
  const name = target.slice(1);
  const isOnline = online.has(name.toLowerCase()) ? true : undefined;
  const hasDraft = (model.drafts.get(target)?.text ?? "") !== "";
  const nothing = { unread: 0, calls: 0, isIgnored: isIgnored(model, name), isSealed: false };
  return { target, kind: "person", name, ...nothing, isOpen: true, isOnline, hasDraft };
}

/** Folded names of all who are online in any room that is followed. */
function onlineNames(model: Model): Set<string> {
  const names = new Set<string>();
  for (const room of model.rooms.values()) {
    for (const name of room.online) names.add(name.toLowerCase());
  }
  return names;
}

/** In some room that is known here. */
export function isOnline(model: Model, user: string): boolean {
  return onlineNames(model).has(user.toLowerCase());
}

/** Whom one can write to or call: all users that were heard of, by name, but oneself. */
export function knownNames(model: Model): readonly string[] {
  const names = new Map<string, string>();
  const note = (name: string | undefined) => {
    if (name !== undefined && !isSame(name, model.me)) names.set(name.toLowerCase(), name);
  };
  for (const room of model.rooms.values()) {
    if (room.kind === "person") note(room.name);
    for (const name of room.online) note(name);
    for (const { name } of room.members ?? []) note(name);
  }
  for (const item of openRoom(model)?.tail.items ?? []) note(item.from);
  return [...names.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, n]) => n);
}
