/** Commands about the server and the connection. */

import { dateOf } from "../../base/time.ts";
import type { IrcLine } from "../../wire/irc/line.ts";
import { ERR, RPL } from "./numeric.ts";
import { HOST } from "./server.ts";
import type { IrcSession } from "./session.ts";

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
  "Commands: JOIN PART TOPIC NAMES LIST KICK INVITE MODE PRIVMSG NOTICE TAGMSG REDACT",
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

export function userMode(session: IrcSession, target: string): void {
  if (target.toLowerCase() !== session.nick.toLowerCase()) {
    return session.numeric(ERR.usersDontMatch, "you cannot change modes of other users");
  }
  session.numeric(RPL.userModeIs, "+");
}
