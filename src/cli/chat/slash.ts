import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { checkName, compareNames, formatTarget, type Name } from "../../base/names.ts";
import { joinSealed, leaveRoom } from "../../client/chat/room-actions.ts";
import { queryUsers } from "../../client/link/queries.ts";
import type { Credentials } from "../../client/login.ts";
import { checkIsOpen } from "../../client/sealed/making.ts";
import { SLASH_ALIASES as ALIASES } from "../../ui/commands/aliases.ts";
import { formatPlace } from "../../wire/invite.ts";
import { statsLine } from "../output/stats.ts";
import { askNewPassword, makePassword, PASSWORD, readSecret, secretQuestion } from "../secrets.ts";
import { nearest } from "../suggest.ts";
import { shownRows } from "./console.ts";
import { FILE_COMMANDS } from "./slash-files.ts";
import { args, misuse, type Slash, type SlashRow, split } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { MESSAGE_COMMANDS } from "./slash-messages.ts";
import { MODERATION_COMMANDS } from "./slash-moderation.ts";
import { PIN_COMMANDS } from "./slash-pins.ts";
import { SAVED_COMMANDS } from "./slash-saved.ts";
import { joinFlags, SEALED_COMMANDS, viewOf } from "./slash-sealed.ts";
import { roomsLine } from "./unread.ts";
import { whoLine } from "./who.ts";

const HISTORY_DEFAULT = 20;

const COMMANDS: Readonly<Record<string, Slash>> = {
  join: {
    usage: "/join ROOM [PASSWORD | --sealed]",
    async run(lines, words) {
      const { words: given, sealed } = joinFlags(args(this, words, 1, 3));
      const [room, password] = given;
      if (given.length < 1 || given.length > 2) throw misuse(this);
      const name = checkName((room ?? "").replace(/^#/, ""), "room's name");
      const { chatConsole } = lines;
      const mayCreate = () =>
        chatConsole.confirm((texts) => texts.askCreate(name, password, sealed));
      const join = () => lines.join({ room: name, password, mayCreate, sealed });
      const answer = await (sealed ? joinSealed(lines.open.client, name, join) : join());
      if (answer.created && sealed) {
        chatConsole.note((texts) => texts.sealedRoomMade(name));
      } else if (answer.created) {
        chatConsole.note((texts) => texts.roomMade(name));
      }
      chatConsole.tell({ kind: "joined", room: answer.name, created: answer.created }, undefined);
      lines.enter({ kind: "room", name: answer.name as Name });
    },
  },
  leave: {
    usage: "/leave [ROOM]",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      // A direct conversation cannot be left: only the current room changes.
      if (given === undefined && lines.current.kind === "person") {
        const { room } = lines;
        lines.chatConsole.note((texts) => texts.backIn(room));
        return lines.enter({ kind: "room", name: room });
      }
      const room = given?.replace(/^#/, "") ?? lines.room;
      await leaveRoom(lines.open.client, checkName(room, "room's name"));
      lines.chatConsole.tell({ kind: "left", room }, (texts) => texts.youLeft(room));
      lines.leftRoom(room);
    },
  },
  topic: {
    usage: "/topic [TEXT]",
    async run(lines, words) {
      const { room } = lines;
      if (words === "") {
        const topic = lines.open.client.rooms.find(({ name }) => name === room)?.topic ?? "";
        lines.chatConsole.tell({ kind: "topic-is", room, topic }, (texts) =>
          topic === "" ? texts.noTopic : topic,
        );
      } else {
        checkIsOpen(viewOf(lines.open, "room", room));
        const { seq } = await lines.open.client.request("topic", { room, topic: words });
        lines.recorded(seq);
      }
    },
  },
  who: {
    usage: "/who [ROOM]",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      const room = given?.replace(/^#/, "") ?? lines.room;
      const users = await queryUsers(lines.open.client.request, checkName(room, "room's name"));
      lines.chatConsole.tell({ kind: "who", room, users }, () => whoLine(room, users));
    },
  },
  list: {
    usage: "/list",
    async run(lines, words) {
      args(this, words, 0, 0);
      const users = (await queryUsers(lines.open.client.request))
        .filter(({ online }) => online)
        .map(({ user }) => user);
      lines.chatConsole.tell({ kind: "list", users }, (texts) =>
        texts.onlineList(users.join(", ")),
      );
    },
  },
  rooms: {
    usage: "/rooms",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { client } = lines.open;
      const { rooms: listed } = await client.request("rooms", {});
      const rooms = listed.toSorted((one, other) => compareNames(one.room, other.room));
      const people = client.rooms
        .filter(({ kind }) => kind === "person")
        .map(({ id, name }) => ({ user: name, unread: client.reading.unread(id) }))
        .sort((one, other) => compareNames(one.user, other.user));
      lines.chatConsole.tell({ kind: "rooms", rooms, people }, roomsLine(rooms, people));
    },
  },
  ...MESSAGE_COMMANDS,
  ...SAVED_COMMANDS,
  ...MODERATION_COMMANDS,
  ...PIN_COMMANDS,
  ...FILE_COMMANDS,
  ...SEALED_COMMANDS,
  history: {
    usage: "/history [N]",
    async run(lines, words) {
      const [given = String(HISTORY_DEFAULT)] = args(this, words, 0, 1);
      const limit = Number(given);
      if (!Number.isSafeInteger(limit) || limit < 1) throw misuse(this);
      await page(lines, { limit: Math.min(limit, PAGE_RECORDS_MAX) });
    },
  },
  search: {
    usage: "/search TEXT",
    async run(lines, words) {
      if (words === "") throw misuse(this);
      await page(lines, { limit: HISTORY_DEFAULT, grep: words, ignoreCase: true });
    },
  },
  register: {
    usage: "/register NAME [PASSWORD]",
    run(lines, words) {
      return logIn(lines, args(this, words, 1, 2), "register");
    },
  },
  login: {
    usage: "/login NAME [PASSWORD]",
    run(lines, words) {
      return logIn(lines, args(this, words, 1, 2), "login");
    },
  },
  logout: {
    usage: "/logout",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { user } = lines.open.client;
      await lines.open.client.logout();
      lines.chatConsole.tell({ kind: "logged-out", user }, (texts) => texts.youAreLoggedOut);
      lines.prompt();
    },
  },
  passwd: {
    usage: "/passwd",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { chatConsole, open } = lines;
      const unasked = { ...lines.context, terminal: undefined };
      const current =
        (await readSecret(unasked, PASSWORD, undefined)) ??
        (await chatConsole.secret((texts) => texts.askCurrentPassword));
      const password =
        (await makePassword(unasked, undefined)) ??
        (await askNewPassword(
          (one) => chatConsole.secret(one),
          (texts) => texts.askNewPassword,
          (fault) => chatConsole.fault(fault),
        ));
      if (password === undefined) {
        throw new Fault("usage", "there is no new password", { remedy: "set CHAT_NEW_PASSWORD" });
      }
      await open.client.passwd(password, current);
      lines.chatConsole.tell({ kind: "password-changed" }, (texts) => texts.passwordChanged);
    },
  },
  set: {
    usage: "/set [KEY [VALUE]]",
    run(lines, words) {
      lines.set(words);
      return Promise.resolve();
    },
  },
  notify: {
    usage: "/notify [on|off [TARGET]]",
    run(lines, words) {
      const [how, target] = args(this, words, 0, 2);
      if (how !== undefined && how !== "on" && how !== "off") throw misuse(this);
      lines.notify(how, target);
      return Promise.resolve();
    },
  },
  stats: {
    usage: "/stats",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { stats } = lines.open.client;
      if (stats === undefined) throw new Fault("link-closed", "there is no connection now");
      const [json, text] = statsLine(stats, lines.context);
      lines.chatConsole.tell(json, () => text);
    },
  },
  help: {
    usage: "/help [COMMAND]",
    async run(lines, words) {
      const [word] = args(this, words, 0, 1);
      const asked = word === undefined ? undefined : commandOf(word);
      lines.chatConsole.help(
        slashRows().filter(({ usage }) => asked === undefined || usage === asked.usage),
      );
    },
  },
  quit: {
    usage: "/quit",
    async run(lines, words) {
      args(this, words, 0, 0);
      await lines.quit();
    },
  },
};

/** The table, for lists of what can be typed. */
export function slashRows(): SlashRow[] {
  return Object.entries(COMMANDS).map(([name, { usage }]) => ({ name, usage }));
}

/** Runs one line without its slash. @throws Fault usage, and the faults of the command */
export async function runSlash(lines: SlashHost, line: string): Promise<void> {
  const [typed, words] = split(line);
  const word = typed.toLowerCase();
  if (word === "sendall") {
    return lines.post({ kind: "room", name: lines.room }, { text: words });
  }
  try {
    await commandOf(typed).run(lines, words);
  } catch (error) {
    const change = changeBy(word, words);
    if (change !== undefined) lines.failedTo(change);
    throw error;
  }
}

/** Commands that change the target of later lines: `/join`, `/msg NAME`, `/login NAME`. */
function changeBy(word: string, words: string): "room" | "login" | undefined {
  const name = meantCommand(word);
  if (name === "login" || name === "register") return "login";
  return name === "join" || (name === "msg" && split(words)[1] === "") ? "room" : undefined;
}

function meantCommand(word: string): string {
  const known = Object.hasOwn(COMMANDS, word) ? word : undefined;
  const meant = known ?? ALIASES[word] ?? nearestCommand(word) ?? "";
  return ALIASES[meant] ?? meant;
}

/** A line as it may be logged: of a command that may hold a password, only its word. */
export function withoutSecrets(line: string): string {
  if (!line.startsWith("/") || line.startsWith("//")) return line;
  const [typed] = split(line.slice(1));
  const name = meantCommand(typed.toLowerCase());
  return name === "" || TAKES_SECRET.has(name) ? `/${typed}` : line;
}

const TAKES_SECRET: ReadonlySet<string> = new Set(["join", "login", "register", "passwd"]);

function nearestCommand(word: string): string | undefined {
  return nearest(word, [...Object.keys(COMMANDS), ...Object.keys(ALIASES)]);
}

/** @param typed with or without its slash. @throws Fault usage: with the word that was meant */
function commandOf(typed: string): Slash {
  const bare = typed.replace(/^\//, "");
  const word = bare.toLowerCase();
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command !== undefined) return command;
  const near = nearestCommand(word);
  throw new Fault("usage", `there is no command '/${bare.slice(0, 40)}'`, {
    remedy: near === undefined ? "see /help" : `did you mean /${near}? see /help`,
  });
}

async function logIn(
  lines: SlashHost,
  [name = "", password]: readonly string[],
  mode: Credentials["mode"],
): Promise<void> {
  const { open, context, chatConsole } = lines;
  const user = checkName(name, "person's name");
  const unasked = { ...context, terminal: undefined }; // The line editor owns the keyboard.
  const credentials: Credentials = {
    user,
    mode,
    password: password ?? (await readSecret(unasked, PASSWORD, undefined)),
    roomSecret: open.roomSecret,
    insist: password !== undefined,
    ask: (what, again, whenLost) => {
      const server = formatPlace(open.address);
      if (what === "new-password") {
        return askNewPassword(
          (one) => chatConsole.secret(one, whenLost),
          (texts) => texts.askNewPasswordOf(user, server),
          (fault) => chatConsole.fault(fault),
        );
      }
      return chatConsole.secret(secretQuestion(what, { user, server }, again), whenLost);
    },
  };
  await lines.loggingIn(() => open.client.login(credentials));
}

async function page(
  lines: SlashHost,
  query: { readonly limit: number; readonly grep?: string; readonly ignoreCase?: boolean },
): Promise<void> {
  const { client, user } = lines.open;
  await lines.confirmed();
  const { records } = await client.history({ target: formatTarget(lines.current), ...query });
  const rows = shownRows(records, client.user ?? user);
  for (const row of rows) lines.chatConsole.record(row);
  if (rows.length === 0) lines.chatConsole.note((texts) => texts.nothingFound);
}
