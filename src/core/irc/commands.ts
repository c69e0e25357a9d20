/** Table of the IRC commands. */

import { INVALID_UTF8, type IrcLine } from "../../wire/irc/line.ts";
import { CAP } from "./capabilities.ts";
import * as channels from "./channels.ts";
import type { IrcTask } from "./command-run.ts";
import * as history from "./history.ts";
import * as information from "./information.ts";
import * as messages from "./messages.ts";
import { ERR } from "./numeric.ts";
import * as people from "./people.ts";
import type { IrcSession } from "./session.ts";

interface CommandRow {
  /** Returns a task if the command waits for the server. */
  readonly run: (session: IrcSession, line: IrcLine) => unknown;
  readonly paramsMin?: number;
  readonly isBeforeLogin?: true;
  readonly needs?: number;
}

const EARLY = { paramsMin: 1, isBeforeLogin: true } as const;

const COMMANDS = {
  ADMIN: { run: information.admin },
  AUTHENTICATE: { run: ({ registration }, line) => registration.authenticate(line), ...EARLY },
  AWAY: { run: people.away },
  BATCH: { run: messages.batch, paramsMin: 1, needs: CAP.batch },
  CAP: { run: ({ registration }, line) => registration.cap(line), isBeforeLogin: true },
  CHATHISTORY: { run: history.chatHistory, paramsMin: 1, needs: CAP.history },
  HELP: { run: information.help },
  INFO: { run: information.info },
  INVITE: { run: channels.invite, paramsMin: 2 },
  ISON: { run: people.isOn, paramsMin: 1 },
  JOIN: { run: channels.join, paramsMin: 1 },
  KICK: { run: channels.kick, paramsMin: 2 },
  KNOCK: { run: channels.knock, paramsMin: 1 },
  LIST: { run: channels.listChannels },
  LUSERS: { run: information.luserCounts },
  MARKREAD: { run: history.readMarker, paramsMin: 1, needs: CAP.readMarker },
  MODE: { run: channels.mode, paramsMin: 1 },
  MONITOR: { run: people.monitor, paramsMin: 1 },
  MOTD: { run: information.sendMotd },
  NAMES: { run: channels.names },
  NICK: { run: ({ registration }, line) => registration.setNick(line), ...EARLY },
  NOTICE: { run: messages.message },
  PART: { run: channels.part, paramsMin: 1 },
  PASS: { run: ({ registration }, line) => registration.pass(line), ...EARLY },
  PING: { run: information.ping, ...EARLY },
  PONG: { run: history.pong, isBeforeLogin: true },
  PRIVMSG: { run: messages.message },
  QUIT: { run: history.quit, isBeforeLogin: true },
  REDACT: { run: messages.redact, paramsMin: 2, needs: CAP.redaction },
  RENAME: { run: channels.rename, paramsMin: 2 },
  SETNAME: { run: people.setName, paramsMin: 1, needs: CAP.setName },
  SILENCE: { run: people.silence },
  TAGMSG: { run: messages.tagMessage, paramsMin: 1, needs: CAP.tags },
  TIME: { run: information.time },
  TOPIC: { run: channels.topic, paramsMin: 1 },
  USER: { run: ({ registration }) => registration.user(), paramsMin: 4, isBeforeLogin: true },
  USERHOST: { run: people.userHost, paramsMin: 1 },
  VERSION: { run: information.version },
  WHO: { run: people.who, paramsMin: 1 },
  WHOIS: { run: people.whois, paramsMin: 1 },
  WHOWAS: { run: people.whowas, paramsMin: 1 },
} as const satisfies Readonly<Record<string, CommandRow>>;
const TABLE: ReadonlyMap<string, CommandRow> = new Map(Object.entries(COMMANDS));

/** @internal */
export type IrcCommand = keyof typeof COMMANDS;

export function* commandFor(session: IrcSession, line: IrcLine): IrcTask {
  if (line.command === INVALID_UTF8) {
    return session.fail("*", "INVALID_UTF8", [], "the line is not UTF-8");
  }
  const row = TABLE.get(line.command);
  const name = line.command.slice(0, 32);
  if (row === undefined || (row.needs !== undefined && !session.has(row.needs))) {
    return session.numeric(ERR.unknownCommand, name, "unknown command");
  }
  const isAway = line.command === "AWAY" && session.has(CAP.preAway);
  if (!session.registration.isComplete && row.isBeforeLogin !== true && !isAway) {
    return session.numeric(ERR.notRegistered, "log in first");
  }
  if (line.params.length < (row.paramsMin ?? 0)) {
    const text = "not enough parameters";
    if (row.needs !== undefined && session.knowsFail(name)) {
      return session.fail(name, "NEED_MORE_PARAMS", [], text);
    }
    return session.numeric(ERR.needMoreParams, name, text);
  }
  const task = row.run(session, line) as IrcTask | undefined;
  if (task !== undefined) yield* task;
}
