import type { IrcCommand } from "../../src/core/irc/commands.ts";
import { type Facts, RUN } from "./examples.ts";

/** Lines with which an attacker repeats a command of IRC. */
export const IRC_LINES: Readonly<Record<IrcCommand, (facts: Facts, i: number) => string>> = {
  ADMIN: () => "ADMIN",
  AUTHENTICATE: () => "AUTHENTICATE PLAIN",
  AWAY: (_, i) => (i % 2 === 0 ? `AWAY :away ${i}` : "AWAY"),
  BATCH: ({ room }, i) => `BATCH +${RUN}${i} draft/multiline #${room}`,
  CAP: () => "CAP LS 302",
  CHATHISTORY: ({ room }) => `CHATHISTORY LATEST #${room} * 1000`,
  HELP: () => "HELP",
  INFO: () => "INFO",
  INVITE: ({ ownRoom, crowd }, i) => `INVITE ${crowd[i % crowd.length]} #${ownRoom}`,
  ISON: ({ crowd }) => `ISON ${crowd.join(" ")}`,
  JOIN: (_, i) => `JOIN #i${RUN}${i}`,
  KICK: ({ ownRoom, victim }) => `KICK #${ownRoom} ${victim}`,
  KNOCK: ({ gate }) => `KNOCK #${gate}`,
  LIST: () => "LIST",
  LUSERS: () => "LUSERS",
  MARKREAD: ({ room }, i) =>
    `MARKREAD #${room} timestamp=2030-01-01T00:00:${String(i % 60).padStart(2, "0")}.000Z`,
  MODE: ({ ownRoom }, i) => `MODE #${ownRoom} ${i % 2 === 0 ? "+m" : "-m"}`,
  MONITOR: ({ crowd }, i) => `MONITOR ${i % 2 === 0 ? "+" : "-"} ${crowd.join(",")}`,
  MOTD: () => "MOTD",
  NAMES: ({ room }) => `NAMES #${room}`,
  NICK: (_, i) => `NICK n${RUN}${i}`,
  NOTICE: ({ room }, i) => `NOTICE #${room} :notice ${i}`,
  PART: ({ room }, i) => (i % 2 === 0 ? `PART #${room} :reason ${i}` : `JOIN #${room}`),
  PASS: () => "PASS victim:wrong",
  PING: (_, i) => `PING ${i}`,
  PONG: (_, i) => `PONG ${i}`,
  PRIVMSG: ({ room, crowd }, i) =>
    `PRIVMSG ${i % 2 === 0 ? `#${room}` : crowd[i % crowd.length]} :text ${i}`,
  QUIT: () => "QUIT",
  REDACT: ({ room }, i) => `REDACT #${room} ${i}`,
  RENAME: ({ ownRoom }, i) => `RENAME #${ownRoom} #renamed${i}`,
  SETNAME: (_, i) => `SETNAME :Name ${i}`,
  TAGMSG: ({ room }, i) => `@+draft/react=${i % 10};+draft/reply=1 TAGMSG #${room}`,
  SILENCE: ({ victim }, i) => `SILENCE ${i % 2 === 0 ? "+" : "-"}${victim}`,
  TIME: () => "TIME",
  TOPIC: ({ room }, i) => `TOPIC #${room} :topic ${i}`,
  USER: () => "USER x 0 * :x",
  USERHOST: ({ victim }) => `USERHOST ${victim}`,
  VERSION: () => "VERSION",
  WHO: () => "WHO *",
  WHOIS: ({ victim }) => `WHOIS ${victim}`,
  WHOWAS: ({ victim }) => `WHOWAS ${victim}`,
};

/** Capabilities that commands need. */
export const IRC_CAPS = [
  ...["message-tags", "server-time", "batch", "labeled-response", "echo-message", "setname"],
  ...["draft/chathistory", "draft/read-marker", "draft/message-redaction", "draft/multiline"],
].join(" ");
