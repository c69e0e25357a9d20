/** Commands about channels, which are rooms. */

import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { compareNames, isName } from "../../base/names.ts";
import type { IrcLine } from "../../wire/irc/line.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import type { Room } from "../rooms/rooms.ts";
import { CAP } from "./capabilities.ts";
import type { Asking, IrcTask } from "./command-run.ts";
import { readPages, sendReadMarker } from "./history.ts";
import { HISTORY_MAX, userMode } from "./information.ts";
import { ERR, RPL } from "./numeric.ts";
import { ircLine, muteMask } from "./render.ts";
import { findAccount, findRoom, HOST, isRoomModerator } from "./server.ts";
import type { IrcSession } from "./session.ts";

export interface Channel {
  readonly id: RoomId;
  /** `#room`, or the partner's nick in a direct conversation. */
  name: string;
  readonly isDirect: boolean;
  isSealed: boolean;
  /** True from the record of the departure until the server confirms it. */
  hasLeft: boolean;
  /** `n` of the last record that is history for this connection and not shown as live. */
  readonly skipToN: number;
  seenSeq: number;
  readN: number;
  readonly unread: number;
  typing: readonly string[];
  /** True if the account's messages go to its box, as the client was last told. */
  isBoxed: boolean;
  /** Time until which further messages belong to a refused paste. */
  refusedUntil: number;
}

/** A list of names contains about 25 members in a line, which is made at once. */
const MEMBERS_PER_UNIT = 25;

/** Shows a channel that the account is in. `completeJoin` sends the rest. */
export function showChannel(session: IrcSession, channel: Channel): void {
  session.showJoin(channel);
  sendTopic(session, channel);
  notePrivacy(session, channel);
}

/** Tells a member of an assignment room who reads what they write there. */
function notePrivacy(session: IrcSession, { id, name }: Channel): void {
  const { server, account } = session;
  const room = server.rooms.get(id);
  if (room === undefined || account === undefined) return;
  if (!isBoxedChannel(session, room) && room.box?.user !== account.id) return;
  session.notice(`${name}: only you and the moderators see what you write here`);
}

/** Reports whether the account's messages to the room go to its box. */
export function isBoxedChannel({ server, account }: IrcSession, room: Room): boolean {
  if (room.rules.post !== "private" || account === undefined) return false;
  return !isRoomModerator(server.registry, room, account.id);
}

/** The topic of a group without a title names its members. */
function topicOf(
  { server: { registry } }: IrcSession,
  { topic, isPrivate, members }: Room,
): string {
  if (topic !== "" || isPrivate !== true) return topic;
  return [...members]
    .flatMap((user) => registry.nameOf(user) ?? [])
    .sort(compareNames)
    .join(", ");
}

/** @returns false if there is no topic */
function sendTopic(session: IrcSession, { id, name }: Channel): boolean {
  const room = session.server.rooms.get(id);
  const { topicChange } = room ?? {};
  const text = room === undefined ? "" : topicOf(session, room);
  if (text === "") return false;
  session.numeric(RPL.topic, name, ircLine(text));
  if (topicChange === undefined) return true;
  const by = session.server.registry.nameOf(topicChange.by) ?? HOST;
  session.numeric(RPL.topicWhoTime, name, by, unixSeconds(topicChange.unixMs));
  return true;
}

function unixSeconds(unixMs: number): string {
  return `${Math.floor(unixMs / 1_000)}`;
}

/** The read marker must come before the end of the names. */
export function* completeJoin(session: IrcSession, channel: Channel): IrcTask {
  if (session.has(CAP.readMarker)) yield* sendReadMarker(session, channel);
  const room = session.server.rooms.get(channel.id);
  const wantsNames = !session.has(CAP.noNames) && !session.has(CAP.draftNoNames);
  if (room !== undefined && wantsNames) yield* sendNames(session, room, channel.name);
}

export function* join(session: IrcSession, { params: [list = "", keys = ""] }: IrcLine): IrcTask {
  if (list === "0") return session.fail("JOIN", "NOT_SUPPORTED", ["0"], "name the channels");
  const keyOf = keys.split(",");
  for (const [i, name] of list.split(",").entries()) {
    yield* joinOne(session, name, keyOf[i]);
  }
}

function* joinOne(session: IrcSession, name: string, key: string | undefined): Asking<void> {
  if (session.channelNamed(name) !== undefined) return;
  if (!name.startsWith("#") || !isName(name.slice(1))) {
    return session.numeric(ERR.noSuchChannel, name, "a channel's name is # and a room's name");
  }
  const { rooms } = session.server;
  const room = name.slice(1);
  if (isName(room) && rooms.find(room)?.isSealed === true) {
    return session.numeric(
      ERR.inviteOnly,
      name,
      "this room is sealed (encrypted); join it in chat",
    );
  }
  session.beginJoin();
  try {
    const password = key === undefined || key === "" ? {} : { password: key };
    const answer = yield* session.ask("join", { room, create: true, ...password });
    const named = `#${answer.name}`;
    if (named.toLowerCase() !== name.toLowerCase()) {
      session.numeric(ERR.linkChannel, name, named, "this channel was renamed");
    }
    yield* session.until(() => session.channelNamed(named) !== undefined);
    const channel = session.channelNamed(named);
    if (channel !== undefined && session.endJoin(channel)) {
      showChannel(session, channel);
      yield* completeJoin(session, channel);
    }
  } catch (error) {
    refuseJoin(session, error, name);
  } finally {
    session.endJoin(undefined);
  }
}

export function* part(session: IrcSession, { params: [list = "", reason = ""] }: IrcLine): IrcTask {
  for (const name of list.split(",")) {
    const channel = channelOf(session, name);
    if (channel === undefined) continue;
    try {
      const adder = adderOf(session, channel);
      yield* session.ask("leave", { room: channel.name.slice(1), ...reasonOf(reason) });
      yield* session.until(() => !session.channels.has(channel.id));
      if (adder !== undefined)
        session.notice(`to keep ${adder} from adding you again: /SILENCE +${adder}`);
    } catch (error) {
      refuse(session, error, name);
    }
  }
}

/** Returns who began the group; `undefined` in other channels, and if the user did. */
function adderOf({ server, nick }: IrcSession, { id }: Channel): string | undefined {
  const { isPrivate, maker } = server.rooms.get(id) ?? {};
  if (isPrivate !== true || maker === undefined || maker === "server") return undefined;
  const name = server.registry.nameOf(maker);
  return name === nick ? undefined : name;
}

export function* kick(session: IrcSession, { params }: IrcLine): IrcTask {
  const [name = "", nick = "", reason = ""] = params;
  const channel = channelOf(session, name);
  if (channel === undefined) return;
  const user = findAccount(session.server, nick)?.name;
  if (user === undefined) return session.numeric(ERR.noSuchNick, nick, "no such nick");
  try {
    const fields = { room: channel.name.slice(1), user, ...reasonOf(reason) };
    const { seq } = yield* session.ask("kick", fields);
    yield* session.until(() => channel.seenSeq >= seq);
  } catch (error) {
    if (error instanceof Fault && error.code === "not-member") {
      return session.numeric(ERR.notInChannel, user, name, "they are not in this channel");
    }
    refuse(session, error, name);
  }
}

function reasonOf(reason: string): { readonly reason?: string } {
  const text = ircLine(reason);
  return text === "" ? {} : { reason: text };
}

export function* topic(session: IrcSession, { params }: IrcLine): IrcTask {
  const [name = "", text] = params;
  const channel = channelOf(session, name);
  if (channel === undefined) return;
  if (text === undefined) {
    if (!sendTopic(session, channel)) {
      session.numeric(RPL.noTopic, channel.name, "no topic is set");
    }
    return;
  }
  yield* settle(session, channel, "topic", { topic: ircLine(text) });
}

export function* rename(session: IrcSession, { params }: IrcLine): IrcTask {
  const [name = "", next = ""] = params;
  const channel = channelOf(session, name);
  if (channel === undefined) return;
  const fail = (code: string, text: string) => session.fail("RENAME", code, [name, next], text);
  if (!next.startsWith("#") || !isName(next.slice(1))) {
    return fail("CANNOT_RENAME", "the new name is invalid");
  }
  try {
    yield* session.ask("rename", { room: channel.name.slice(1), to: next.slice(1) });
    yield* session.until(() => channel.name === next);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "name-taken") return fail("CHANNEL_NAME_IN_USE", error.message);
    if (error.code === "not-allowed") {
      return session.numeric(ERR.notOperator, name, error.message);
    }
    fail("CANNOT_RENAME", error.message);
  }
}

export function* invite(session: IrcSession, { params: [nick = "", name = ""] }: IrcLine): IrcTask {
  const channel = channelOf(session, name);
  if (channel === undefined) return;
  const account = findAccount(session.server, nick);
  if (account === undefined) return session.numeric(ERR.noSuchNick, nick, "no such nick");
  const room = session.server.rooms.get(channel.id);
  if (room?.members.has(account.id) === true) {
    return session.numeric(ERR.alreadyOnChannel, account.name, name, "is already in this channel");
  }
  const user = account.name;
  session.inviting = user;
  try {
    const { seq } = yield* session.ask("invite-user", { room: channel.name.slice(1), user });
    yield* session.until(() => channel.seenSeq >= seq);
  } catch (error) {
    // An earlier invitation remains open.
    if (room?.invited.has(account.id) !== true) return refuse(session, error, channel.name);
  } finally {
    session.inviting = undefined;
  }
  session.numeric(RPL.inviting, user, channel.name);
}

export function* knock(session: IrcSession, { params: [name = ""] }: IrcLine): IrcTask {
  const room = findRoom(session, name)?.name;
  if (room === undefined) return session.numeric(ERR.noSuchChannel, name, "no such channel");
  try {
    yield* session.ask("knock", { room, on: true });
    session.numeric(RPL.knockDelivered, `#${room}`, "wait until a moderator invites you");
  } catch (error) {
    refuse(session, error, name);
  }
}

// Modes

/** Modes with an argument in one command, as the server announces. */
const ARGUMENT_MODES_MAX = 1;
/** Clients set several modes together, such as `+nt` in a new channel. */
const MODES_CHARS_MAX = 16;
const HAS_ARGUMENT = /^[bko]$/;

export function* mode(session: IrcSession, { params }: IrcLine): IrcTask {
  const [target = "", modes, ...args] = params;
  if (!target.startsWith("#")) return yield* userMode(session, target, modes);
  const channel = channelOf(session, target);
  const room = channel === undefined ? undefined : session.server.rooms.get(channel.id);
  if (channel === undefined || room === undefined) return;
  if (modes === undefined) {
    const { post, topic, join } = room.rules;
    const isPrivate = room.isPrivate === true;
    const isInviteOnly = join === "approval" || room.isSealed === true || isPrivate;
    const letters = [
      ...[isInviteOnly && "i", join === "password" && "k"],
      ...[(room.isClosed || post !== undefined) && "m", "n", isPrivate && "s"],
      ...[topic !== undefined && "t"],
    ];
    const modes = `+${letters.filter(Boolean).join("")}`;
    return session.numeric(RPL.channelModeIs, channel.name, modes);
  }
  const changes = parseModes(modes);
  if (changes === undefined) {
    return session.numeric(ERR.unknownMode, modes.slice(0, 32), "too many or malformed modes");
  }
  for (const { isOn, letter } of changes) {
    yield* changeMode(session, { channel, room, isOn, letter, args });
  }
}

/** @returns `undefined` if the modes are malformed or too many */
function parseModes(modes: string): readonly Pick<ModeChange, "isOn" | "letter">[] | undefined {
  if (!/^(?:[+-]?[A-Za-z])+$/.test(modes) || modes.length > MODES_CHARS_MAX) return undefined;
  let isOn = true;
  const changes = [];
  for (const letter of modes) {
    if (letter === "+" || letter === "-") isOn = letter === "+";
    else changes.push({ isOn, letter });
  }
  const withArgument = changes.filter(({ letter }) => HAS_ARGUMENT.test(letter));
  return withArgument.length > ARGUMENT_MODES_MAX ? undefined : changes;
}

interface ModeChange {
  readonly channel: Channel;
  readonly room: Room;
  readonly isOn: boolean;
  readonly letter: string;
  readonly args: readonly string[];
}

function* changeMode(session: IrcSession, change: ModeChange): Asking<void> {
  const { channel, room, isOn, letter, args } = change;
  const [argument] = args;
  switch (letter) {
    case "b":
      if (argument === undefined) return yield* sendMutes(session, channel, room);
      return yield* changeMute(session, change, argument);
    case "o":
      return yield* changeRole(session, change, argument);
    case "m": {
      const post = isOn ? "moderators" : "everyone";
      // Only operators can reopen a read-only room.
      if (!isOn && room.isClosed) yield* settle(session, channel, "close", { on: false });
      else yield* settle(session, channel, "rules", { post });
      return;
    }
    case "t":
      yield* settle(session, channel, "rules", { topic: isOn ? "moderators" : "everyone" });
      return;
    case "i":
      yield* settle(session, channel, "rules", { join: isOn ? "approval" : "open" });
      return;
    case "n":
      if (isOn) return;
      return session.numeric(ERR.unknownMode, letter, "this mode is always set");
    case "k":
      if (isOn && argument === undefined) {
        return session.numeric(ERR.needMoreParams, "MODE", "not enough parameters");
      }
      yield* settle(session, channel, "rules", {
        ...(isOn ? { join: "password", password: argument } : { join: "open" }),
      });
      return;
    default:
      return session.numeric(ERR.unknownMode, letter, "is not a mode of this server");
  }
}

function* sendMutes(session: IrcSession, channel: Channel, room: Room): Asking<void> {
  const { registry } = session.server;
  const now = session.server.expiryUnixMs();
  const muted = [...room.muted].filter(([, until = Number.POSITIVE_INFINITY]) => until > now);
  let records: readonly ChatRecord[] = [];
  try {
    if (muted.length > 0) {
      records = yield* readPages(session, channel, {}, ["mute"], HISTORY_MAX);
    }
  } catch (error) {
    // The account may read no more today. The list is still useful.
    if (!(error instanceof Fault)) throw error;
  }
  const lastOf = new Map(records.map((record) => [record.body?.["user"], record]));
  for (const [id] of muted) {
    const user = registry.nameOf(id);
    const { from = HOST, timeUnixMs } = lastOf.get(id) ?? {};
    const setting = timeUnixMs === undefined ? [] : [from, unixSeconds(timeUnixMs)];
    if (user !== undefined) {
      session.numeric(RPL.banList, channel.name, muteMask(user), ...setting);
    }
    yield* session.turn();
  }
  session.numeric(RPL.endOfBanList, channel.name, "end of the list");
}

function* changeMute(session: IrcSession, change: ModeChange, mask: string): Asking<void> {
  const { channel, isOn } = change;
  const [, name = ""] = /^~?m:([A-Za-z0-9_-]+)!\*@\*$/.exec(mask) ?? [];
  const user = findAccount(session.server, name)?.name;
  if (user === undefined) {
    const text = "only m:NICK!*@* is supported, which mutes the user";
    return session.numeric(ERR.invalidModeParam, channel.name, "b", mask.slice(0, 64), text);
  }
  yield* settle(session, channel, "mute", { user, on: isOn });
}

function* changeRole(
  session: IrcSession,
  { channel, room, isOn }: ModeChange,
  nick: string | undefined,
): Asking<void> {
  if (nick === undefined) {
    return session.numeric(ERR.needMoreParams, "MODE", "not enough parameters");
  }
  const account = findAccount(session.server, nick);
  if (account === undefined) return session.numeric(ERR.noSuchNick, nick, "no such nick");
  const user = account.name;
  if (isOn && !room.members.has(account.id)) {
    return session.numeric(ERR.notInChannel, user, channel.name, "they are not in this channel");
  }
  yield* settle(session, channel, "grant", { user, on: isOn });
}

function* settle(
  session: IrcSession,
  channel: Channel,
  kind: "close" | "mute" | "grant" | "topic" | "rules",
  fields: Readonly<Record<string, unknown>>,
): Asking<void> {
  try {
    const request = { room: channel.name.slice(1), ...fields };
    const answer: object = yield* session.ask(kind, request as never);
    const { seq = 0 } = answer as { readonly seq?: number };
    yield* session.until(() => channel.seenSeq >= seq);
  } catch (error) {
    refuse(session, error, channel.name);
  }
}

// Lists

export function* names(session: IrcSession, { params: [name = ""] }: IrcLine): IrcTask {
  const channel = session.channelNamed(name);
  const room = channel?.isDirect === false ? session.server.rooms.get(channel.id) : undefined;
  if (channel !== undefined && room !== undefined) yield* sendNames(session, room, channel.name);
  else session.numeric(RPL.endOfNames, name === "" ? "*" : name, "end of the list");
}

function* sendNames(session: IrcSession, room: Room, name: string): IrcTask {
  yield* session.turn();
  const { memberLists } = session.server;
  session.charge(room.members.size / MEMBERS_PER_UNIT);
  // A member who leaves during the list would remain in the client's list.
  const isHeld = session.hold();
  for (const line of memberLists.of(room, session.has(CAP.hostsInNames), session.now)) {
    session.numeric(RPL.namesReply, "=", name, line);
    yield* session.turn();
  }
  session.numeric(RPL.endOfNames, name, "end of the list");
  if (isHeld) session.release();
}

export function* listChannels(session: IrcSession, { params: [wanted] }: IrcLine): IrcTask {
  const only = wanted === undefined ? undefined : new Set(wanted.toLowerCase().split(","));
  session.numeric(RPL.listStart, "Channel", "Users  Name");
  let after: string | undefined;
  for (;;) {
    const { rooms, more } = yield* session.ask("rooms", after === undefined ? {} : { after });
    for (const { room, topic: text, members, sealed } of rooms) {
      const name = `#${room}`;
      session.charge(1);
      yield* session.turn();
      if (sealed || only?.has(name.toLowerCase()) === false) continue;
      session.numeric(RPL.list, name, `${members}`, ircLine(text));
    }
    after = rooms.at(-1)?.room;
    if (!more || after === undefined) break;
  }
  session.numeric(RPL.listEnd, "end of the list");
}

// Refusals

/** Finds the channel of a command, and refuses the command if the account is not in it. */
function channelOf(session: IrcSession, name: string): Channel | undefined {
  const channel = session.channelNamed(name);
  if (channel !== undefined && !channel.isDirect) return channel;
  if (findRoom(session, name) === undefined) {
    session.numeric(ERR.noSuchChannel, name === "" ? "*" : name, "no such channel");
  } else {
    session.numeric(ERR.notOnChannel, name, "you are not in this channel");
  }
  return undefined;
}

const NUMERIC_OF: Readonly<Record<string, string>> = {
  "room-unknown": ERR.noSuchChannel,
  "name-invalid": ERR.noSuchChannel,
  "not-member": ERR.notOnChannel,
  "not-allowed": ERR.notOperator,
  "user-unknown": ERR.noSuchNick,
  "room-password-wrong": ERR.badKey,
  "approval-needed": ERR.inviteOnly,
  "sealed-room": ERR.inviteOnly,
  banned: ERR.banned,
  muted: ERR.cannotSend,
  "too-large": ERR.inputTooLong,
};

/** Clients wait until a numeric of JOIN names the channel. Some show its text, and some do not. */
function refuseJoin(session: IrcSession, error: unknown, name: string): void {
  if (error instanceof Fault && NUMERIC_OF[error.code] === undefined) {
    const numeric = JOIN_NUMERIC_OF[error.code] ?? ERR.unavailable;
    session.numeric(numeric, name, error.message);
  }
  refuse(session, error, name);
}

const JOIN_NUMERIC_OF: Readonly<Record<string, string>> = {
  // The password of a new room is too short.
  usage: ERR.badKey,
  "too-many": ERR.tooManyChannels,
};

/** Reports a fault of the server with its numeric, or as a standard reply. */
export function refuse(session: IrcSession, error: unknown, context: string): void {
  if (!(error instanceof Fault)) throw error;
  const numeric = NUMERIC_OF[error.code];
  if (numeric !== undefined) return session.numeric(numeric, context, error.message);
  const code = error.code.toUpperCase().replaceAll("-", "_");
  session.fail("*", code, [context], error.message);
}
