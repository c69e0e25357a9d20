/** Commands about the server and the connection, and its limits. */

import { IGNORED_MAX, NAME_CHARS_MAX, TOPIC_BYTES_MAX } from "../../base/limits.ts";
import { dateOf } from "../../base/time.ts";
import type { IrcLine } from "../../wire/irc/line.ts";
import type { IrcTask } from "./command-run.ts";
import { ERR, RPL } from "./numeric.ts";
import { HOST, userMask } from "./server.ts";
import type { IrcSession } from "./session.ts";

export const TARGETS_MAX = 4;
export const MONITOR_MAX = 100;
export const HISTORY_MAX = 1_000;
export const AWAY_BYTES_MAX = 200;

export const ISUPPORT_TOKENS: readonly string[] = [
  `AWAYLEN=${AWAY_BYTES_MAX}`,
  "BOT=B",
  "CASEMAPPING=ascii",
  `CHANLIMIT=#:1000`,
  "CHANMODES=b,k,,imnt",
  `CHANNELLEN=${NAME_CHARS_MAX + 1}`,
  "CHANTYPES=#",
  `CHATHISTORY=${HISTORY_MAX}`,
  "EXTBAN=,m",
  "CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact,-react,-reply,-typing,-unreact",
  `KICKLEN=${TOPIC_BYTES_MAX}`,
  "KNOCK",
  "MAXLIST=b:1000",
  "MODES=1",
  `MONITOR=${MONITOR_MAX}`,
  "MSGREFTYPES=msgid,timestamp",
  `NICKLEN=${NAME_CHARS_MAX}`,
  "PREFIX=(o)@",
  "SAFELIST",
  "SAFERATE",
  `SILENCE=${IGNORED_MAX}`,
  `TARGMAX=KICK:1,LIST:,NAMES:1,NOTICE:${TARGETS_MAX},PRIVMSG:${TARGETS_MAX},TAGMSG:${TARGETS_MAX}`,
  `TOPICLEN=${TOPIC_BYTES_MAX}`,
  "UTF8ONLY",
  "WHOX",
];

export function ping(session: IrcSession, { params: [token = ""] }: IrcLine): void {
  session.send({ source: HOST, command: "PONG", params: [HOST, token] });
}

export function sendMotd(session: IrcSession): void {
  const { welcome } = session;
  if (welcome === undefined) return session.numeric(ERR.noMotd, "there is no message of the day");
  session.numeric(RPL.motdStart, `- ${session.server.name} -`);
  for (const line of welcome.split("\n")) session.numeric(RPL.motd, `- ${line}`);
  session.numeric(RPL.endOfMotd, "end of the message of the day");
}

export function version(session: IrcSession): void {
  session.numeric(RPL.version, `chat-${session.server.version}`, HOST, "");
}

export function time(session: IrcSession): void {
  session.numeric(RPL.time, HOST, dateOf(session.server.unixMs()).toUTCString());
}

export function luserCounts(session: IrcSession): void {
  const count = session.server.onlineCount();
  // Programs read the numbers in the wording of RFC 2812.
  session.numeric(RPL.userCounts, `There are ${count} users and 0 invisible on 1 servers`);
  session.numeric(RPL.localCounts, `I have ${count} clients and 0 servers`);
  session.numeric(RPL.localUsers, `Current local users ${count}`);
  session.numeric(RPL.globalUsers, `Current global users ${count}`);
}

export function admin(session: IrcSession): void {
  session.numeric(RPL.adminMe, HOST, "administrative information");
  session.numeric(RPL.adminLocation, "ask an operator of this server; list them with WHO");
}

export function info(session: IrcSession): void {
  session.numeric(RPL.info, `chat ${session.server.version}, IRC gateway`);
  session.numeric(RPL.endOfInfo, "end of INFO");
}

const HELP = [
  "Rooms are channels; accounts are nicks. Your account is in its rooms on all of its devices.",
  "Joining creates a room if it does not exist. The key is the room's password.",
  "Commands: JOIN PART TOPIC NAMES LIST KICK INVITE KNOCK MODE PRIVMSG NOTICE TAGMSG REDACT",
  "CHATHISTORY MARKREAD WHO WHOIS AWAY MONITOR RENAME",
];

export function help(session: IrcSession, { params: [subject = "index"] }: IrcLine): void {
  const words = `INDEX * ${HELP.join(" ")}`.split(" ");
  if (!words.includes(subject.toUpperCase())) {
    return session.numeric(ERR.helpNotFound, subject, "no help on this subject");
  }
  for (const [i, line] of HELP.entries()) {
    session.numeric(i === 0 ? RPL.helpStart : RPL.helpText, subject, line);
  }
  session.numeric(RPL.endOfHelp, subject, "end of HELP");
}

/** @see https://ircv3.net/specs/extensions/bot-mode */
export function* userMode(session: IrcSession, target: string, modes = ""): IrcTask {
  if (target.toLowerCase() !== session.nick.toLowerCase()) {
    return session.numeric(ERR.usersDontMatch, "you cannot change modes of other users");
  }
  if (/^[+-]B$/.test(modes)) {
    yield* session.ask("bot", { on: modes === "+B" });
    return session.send({
      source: userMask(session.nick),
      command: "MODE",
      params: [session.nick, modes],
    });
  }
  session.numeric(RPL.userModeIs, session.account?.isBot === true ? "+B" : "+");
}
