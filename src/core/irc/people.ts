/** Commands about users: WHO, WHOIS, AWAY, MONITOR. */

import { cutText } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { globTest } from "../../base/glob.ts";
import { DISPLAY_NAME_BYTES_MAX } from "../../base/limits.ts";
import type { IrcLine } from "../../wire/irc/line.ts";
import type { Account } from "../rooms/accounts.ts";
import type { Room } from "../rooms/rooms.ts";
import { refuse } from "./channels.ts";
import type { IrcTask } from "./command-run.ts";
import { AWAY_BYTES_MAX, MONITOR_MAX } from "./information.ts";
import { ERR, RPL } from "./numeric.ts";
import { ircLine } from "./render.ts";
import { findAccount, HOST, isRoomModerator, realNameOf, userMask } from "./server.ts";
import type { IrcSession } from "./session.ts";
import { splitText } from "./text.ts";

/** Accounts that one WHO examines. */
const WHO_MAX = 10_000;
const MASK = /^[\w*?-]*$/;
const NICKS_MAX = 5;
/** Leaves room for the start of the line. */
const CHANNELS_BYTES = 400;

export function isNickOnline({ server }: IrcSession, nick: string): boolean {
  const account = findAccount(server, nick);
  // A former name finds its account, but is no longer a nick.
  const isNick = account?.name.toLowerCase() === nick.toLowerCase();
  return account !== undefined && isNick && server.isOnline(account.id);
}

export function* who(session: IrcSession, { params: [mask = "", options = ""] }: IrcLine): IrcTask {
  const fields = /^%([a-z]+)(?:,(\d{1,3}))?$/i.exec(options.replace(/^o?/, ""));
  const channel = session.channelNamed(mask);
  const isRoom = channel?.isDirect === false;
  const room = isRoom ? session.server.rooms.get(channel.id) : undefined;
  for (const account of selectedAccounts(session, mask, room)) {
    yield* session.turn();
    if (account === undefined) continue;
    const { id, name, isBot, displayName: realName = name } = account;
    const isAway = session.server.away.of(id) !== undefined;
    const isOperator = session.server.registry.policy.isOperator(id);
    if (options.startsWith("o") && !isOperator) continue;
    const isModerating = room !== undefined && isRoomModerator(session.server.registry, room, id);
    const marks = [isOperator && "*", isModerating && "@", isBot && "B"].filter(Boolean).join("");
    const flags = `${isAway ? "G" : "H"}${marks}`;
    const where = room === undefined ? "*" : `#${room.name}`;
    if (fields === null) {
      session.numeric(RPL.whoReply, where, name, HOST, HOST, name, flags, `0 ${realName}`);
      continue;
    }
    const [, wanted = "", token = "0"] = fields;
    session.numeric(RPL.whoxReply, ...whox(wanted, { token, where, name, realName, flags }));
  }
  session.numeric(RPL.endOfWho, mask === "" ? "*" : mask, "end of the list");
}

/** Yields `undefined` for accounts that are not selected, because to examine them is work too. */
function* selectedAccounts(
  session: IrcSession,
  mask: string,
  room?: Room,
): Iterable<Account | undefined> {
  const { server } = session;
  const { registry } = server;
  const isMask = room === undefined && /[*?]/.test(mask) && MASK.test(mask);
  const isSelected = globTest(isMask ? mask : "*");
  const members = room && Iterator.from(room.members).map((id) => registry.get(id));
  let examined = 0;
  for (const account of members ?? (isMask ? registry.all() : [findAccount(server, mask)])) {
    if (++examined > WHO_MAX) return;
    session.charge(1);
    yield account?.isRemoved === false && isSelected(account.name) ? account : undefined;
  }
}

interface WhoRow {
  readonly token: string;
  readonly where: string;
  readonly name: string;
  readonly realName: string;
  readonly flags: string;
}

/** The order of the fields is fixed. @see https://ircv3.net/specs/extensions/whox */
function whox(wanted: string, { token, where, name, realName, flags }: WhoRow): string[] {
  const values: Readonly<Record<string, string>> = {
    t: token,
    c: where,
    u: name,
    i: "255.255.255.255",
    h: HOST,
    s: HOST,
    n: name,
    f: flags,
    d: "0",
    l: "0",
    a: name,
    o: "n/a",
    r: realName,
  };
  return [..."tcuihsnfdlaor"]
    .filter((field) => wanted.toLowerCase().includes(field))
    .map((field) => values[field] ?? "*");
}

export function* whois(session: IrcSession, { params }: IrcLine): IrcTask {
  const nick = params.at(-1) ?? "";
  const name = findAccount(session.server, nick)?.name;
  if (name === undefined) {
    session.numeric(ERR.noSuchNick, nick === "" ? "*" : nick, "no such nick");
    return session.numeric(RPL.endOfWhois, nick === "" ? "*" : nick, "end of WHOIS");
  }
  try {
    const answer = yield* session.ask("whois", { user: name });
    session.numeric(RPL.whoisUser, name, name, HOST, "*", realNameOf(session.server, name));
    const channels = answer.rooms.map((room) => `#${room}`).join(" ");
    for (const part of splitText(channels, CHANNELS_BYTES)) {
      session.numeric(RPL.whoisChannels, name, part.trim());
    }
    session.numeric(RPL.whoisServer, name, HOST, session.server.name);
    if (answer.role === "operator") session.numeric(RPL.whoisOperator, name, "is an operator");
    if (answer.bot === true) session.numeric(RPL.whoisBot, name, "is a bot");
    if (answer.status !== undefined) session.numeric(RPL.whoisSpecial, name, answer.status);
    session.numeric(RPL.whoisAccount, name, name, "is logged in as");
    sendAway(session, name);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.numeric(ERR.noSuchNick, nick, error.message);
  }
  session.numeric(RPL.endOfWhois, name, "end of WHOIS");
}

/** @see https://ircv3.net/specs/extensions/setname */
export function* setName(session: IrcSession, { params: [text = ""] }: IrcLine): IrcTask {
  try {
    yield* session.ask("display-name", { text: cutText(ircLine(text), DISPLAY_NAME_BYTES_MAX) });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.fail("SETNAME", "INVALID_REALNAME", [], error.message);
  }
}

/** irssi sends WHOWAS after a WHOIS that found nobody. */
export function whowas(session: IrcSession, { params: [nick = ""] }: IrcLine): void {
  const name = nick === "" ? "*" : nick;
  session.numeric(ERR.wasNoSuchNick, name, "there is no history of nicks; see WHOIS");
  session.numeric(RPL.endOfWhowas, name, "end of WHOWAS");
}

/** Tells the author of a direct message that the other user is away. */
export function sendAway(session: IrcSession, nick: string): void {
  const account = findAccount(session.server, nick);
  const reason = account && session.server.away.of(account.id);
  if (reason !== undefined) session.numeric(RPL.away, nick, reason);
}

export function away(session: IrcSession, { params: [reason = ""] }: IrcLine): void {
  const text = cutText(ircLine(reason), AWAY_BYTES_MAX);
  session.setAway(text === "" ? undefined : text);
  if (text === "") return session.numeric(RPL.unAway, "you are no longer marked as away");
  const { account, server } = session;
  const isAway = account === undefined || server.away.of(account.id) !== undefined;
  const other = "you are not marked as away while another of your devices is present";
  session.numeric(RPL.nowAway, isAway ? "you are marked as away" : other);
}

export function userHost(session: IrcSession, { params }: IrcLine): void {
  const found = params.slice(0, NICKS_MAX).flatMap((nick) => {
    const account = findAccount(session.server, nick);
    if (account === undefined) return [];
    const sign = session.server.away.of(account.id) === undefined ? "+" : "-";
    return [`${account.name}=${sign}${account.name}@${HOST}`];
  });
  session.numeric(RPL.userHost, found.join(" "));
}

export function isOn(session: IrcSession, { params }: IrcLine): void {
  const nicks = params.flatMap((param) => param.split(" ")).slice(0, MONITOR_MAX);
  session.charge(nicks.length);
  const online = nicks.filter((nick) => isNickOnline(session, nick));
  session.numeric(RPL.isOn, online.join(" "));
}

/** Ignores a user, or lists the ignored ones. Users who are ignored cannot add one to groups. */
export function* silence(session: IrcSession, { params: [mask = ""] }: IrcLine): IrcTask {
  const [, sign, nick = ""] = /^([+-]?)([\w-]+)(?:!.*)?$/.exec(mask) ?? [];
  const account = findAccount(session.server, nick);
  if (mask === "" || (sign === "" && account?.name === session.nick)) {
    for (const name of session.ignored) session.numeric(RPL.silence, `${name}!*@*`);
    return session.numeric(RPL.endOfSilence, "end of the list");
  }
  if (account === undefined) return session.numeric(ERR.noSuchNick, mask, "no such nick");
  try {
    yield* session.ask("ignore", { user: account.name, on: sign !== "-" });
  } catch (error) {
    refuse(session, error, mask);
  }
}

interface Monitored {
  readonly nick: string;
  readonly isOnline: boolean;
}

export function showMonitored(session: IrcSession, entries: readonly Monitored[]): void {
  for (const { nick, isOnline } of entries) {
    if (isOnline) session.numeric(RPL.monitorOnline, userMask(nick));
    else session.numeric(RPL.monitorOffline, nick);
  }
}

export function monitor(session: IrcSession, { params: [verb = "", list = ""] }: IrcLine): void {
  const { monitored } = session;
  session.charge(monitored.size);
  const nicks = list.split(",").filter((nick) => /^[^\s:!@#]{1,64}$/.test(nick));
  switch (verb.toUpperCase()) {
    case "+":
      for (const nick of nicks) {
        if (monitored.size >= MONITOR_MAX && !monitored.has(nick.toLowerCase())) {
          session.numeric(ERR.monitorFull, `${MONITOR_MAX}`, nick, "the list is full");
          continue;
        }
        const entry = { nick, isOnline: isNickOnline(session, nick) };
        monitored.set(nick.toLowerCase(), entry);
        showMonitored(session, [entry]);
      }
      return;
    case "-":
      for (const nick of nicks) monitored.delete(nick.toLowerCase());
      return;
    case "C":
      return monitored.clear();
    case "L":
      for (const { nick } of monitored.values()) session.numeric(RPL.monitorList, nick);
      return session.numeric(RPL.endOfMonitorList, "end of the list");
    case "S":
      return showMonitored(session, [...monitored.values()]);
    default:
      return session.numeric(ERR.unknownCommand, "MONITOR", "unknown MONITOR command");
  }
}
