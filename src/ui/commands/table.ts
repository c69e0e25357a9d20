/** Table of the slash commands that the terminal and the page share. */

import { ban } from "./ban.ts";
import type { Command } from "./command.ts";
import { edit } from "./edit.ts";
import { erase } from "./erase.ts";
import { grant, revoke } from "./grant.ts";
import { ignore, unignore } from "./ignore.ts";
import { invite } from "./invite.ts";
import { join } from "./join.ts";
import { kick } from "./kick.ts";
import { leave } from "./leave.ts";
import { me } from "./me.ts";
import { mute, unmute } from "./mute.ts";
import { pin, unpin } from "./pin.ts";
import { quiet } from "./quiet.ts";
import { react } from "./react.ts";
import { receipts } from "./receipts.ts";
import { reply } from "./reply.ts";
import { save, unsave } from "./save.ts";
import { shrug } from "./shrug.ts";
import { topic } from "./topic.ts";
import * as views from "./views.ts";
import { whois } from "./whois.ts";

const { who, list, rooms, msg, ignored, saved, pins, send, files, seal, sealed, verify } = views;
const { search, logout, passwd, ircPassword, set, notify, help, quit } = views;

export const SLASH_ALIASES: Readonly<Record<string, string>> = {
  regist: "register",
  sendto: "msg",
  names: "who",
  exit: "quit",
  part: "leave",
  j: "join",
};

export const COMMANDS: Readonly<Record<string, Command>> = {
  ...{ join, leave, topic, who, whois, list, rooms, msg, me, shrug, reply, react },
  ...{ ignore, unignore, quiet, ignored, save, unsave, saved },
  ...{ invite, kick, mute, unmute, ban, grant, revoke, edit, erase },
  ...{ pin, unpin, pins, receipts, send, files, seal, sealed, verify },
  ...{ search, logout, passwd, "irc-password": ircPassword, set, notify, help, quit },
};
