import { Fault } from "../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../base/limits.ts";
import { checkName, formatTarget, type Name } from "../base/names.ts";
import type { Credentials } from "../client/entry.ts";
import { shownChatRecord } from "./_face.ts";
import type { LineClient } from "./_line-client.ts";
import { nearest } from "./_nearest.ts";
import { enterRoom } from "./_room-entry.ts";
import { NEW_PASSWORD, PASSWORD, readSecret, secretQuestion } from "./_secrets.ts";
import { FILE_COMMANDS } from "./_slash-files.ts";
import { args, misuse, type Slash, split } from "./_slash-grammar.ts";
import { ORDER_COMMANDS } from "./_slash-order.ts";
import { SPEECH_COMMANDS } from "./_slash-speech.ts";
import { statsLine } from "./_stats.ts";
import { roomsLine } from "./_unread.ts";
import { allUsers } from "./users.ts";

const HISTORY_DEFAULT = 20;

const COMMANDS: Readonly<Record<string, Slash>> = {
  join: {
    usage: "/join ROOM [PASSWORD]",
    summary: "enter a room, or make it",
    async run(lines, words) {
      const [room, password] = args(this, words, 1, 2);
      // A password that was meant to be a flag would lock the room, and nobody would know.
      if (password?.startsWith("--")) throw noFlag(password);
      const name = checkName((room ?? "").replace(/^#/, ""), "room's name");
      const { face, open } = lines;
      const mayCreate = () => face.confirm(`there is no room '${name}'; make it?`);
      const answer = await enterRoom(open.client, { room: name, password, mayCreate });
      if (answer.created) face.note(`the room '${name}' did not exist; you made it`);
      face.tell({ kind: "joined", room: answer.name, created: answer.created }, undefined);
      lines.enter({ kind: "room", name: answer.name as Name });
    },
  },
  leave: {
    usage: "/leave [ROOM]",
    summary: "leave a room",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      // Of a conversation one leaves only the screen: no room is meant.
      if (given === undefined && lines.current.kind === "person") {
        lines.face.note(`you are back in ${lines.room}`);
        return lines.enter({ kind: "room", name: lines.room });
      }
      const room = given?.replace(/^#/, "") ?? lines.room;
      await lines.open.client.request("leave", { room: checkName(room, "room's name") });
      lines.face.tell({ kind: "left", room }, `you left ${room}`);
      if (room.toLowerCase() !== lines.room.toLowerCase()) return;
      const next = lines.open.client.rooms.find(
        ({ kind, name }) => kind === "room" && name !== room,
      );
      if (next !== undefined) lines.enter({ kind: "room", name: next.name as Name });
    },
  },
  topic: {
    usage: "/topic [TEXT]",
    summary: "show or set what the room is about",
    async run(lines, words) {
      const { room } = lines;
      if (words === "") {
        const topic = lines.open.client.rooms.find(({ name }) => name === room)?.topic ?? "";
        lines.face.tell({ kind: "topic-is", room, topic }, topic === "" ? "no topic" : topic);
      } else {
        const { seq } = await lines.open.client.request("topic", { room, topic: words });
        lines.recorded(seq);
      }
    },
  },
  who: {
    usage: "/who [ROOM]",
    summary: "list the people of a room",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      const room = given?.replace(/^#/, "") ?? lines.room;
      const users = await allUsers(lines.open.client, checkName(room, "room's name"));
      const shown = users.map(({ user, online }) => (online ? user : `${user} (offline)`));
      lines.face.tell({ kind: "who", room, users }, `${room}: ${shown.join(", ")}`);
    },
  },
  list: {
    usage: "/list",
    summary: "list who is online",
    async run(lines, words) {
      args(this, words, 0, 0);
      const users = (await allUsers(lines.open.client))
        .filter(({ online }) => online)
        .map(({ user }) => user);
      lines.face.tell({ kind: "list", users }, `online: ${users.join(", ")}`);
    },
  },
  rooms: {
    usage: "/rooms",
    summary: "list the rooms, and with whom you talk",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { client } = lines.open;
      const { rooms } = await client.request("rooms", {});
      const people = client.rooms
        .filter(({ kind }) => kind === "person")
        .map(({ id, name }) => ({ user: name, unread: client.reading.unread(id) }));
      lines.face.tell({ kind: "rooms", rooms, people }, roomsLine(rooms, people));
    },
  },
  ...SPEECH_COMMANDS,
  ...ORDER_COMMANDS,
  ...FILE_COMMANDS,
  history: {
    usage: "/history [N]",
    summary: "show the last N messages of where you are",
    async run(lines, words) {
      const [given = String(HISTORY_DEFAULT)] = args(this, words, 0, 1);
      const limit = Number(given);
      if (!Number.isSafeInteger(limit) || limit < 1) throw misuse(this);
      await page(lines, { limit: Math.min(limit, PAGE_RECORDS_MAX) });
    },
  },
  search: {
    usage: "/search TEXT",
    summary: "find messages where you are",
    async run(lines, words) {
      if (words === "") throw misuse(this);
      await page(lines, { limit: HISTORY_DEFAULT, grep: words, ignoreCase: true });
    },
  },
  register: {
    usage: "/register NAME [PASSWORD]",
    summary: "make an account",
    run(lines, words) {
      return logIn(lines, args(this, words, 1, 2), "register");
    },
  },
  login: {
    usage: "/login NAME [PASSWORD]",
    summary: "come in under your name",
    run(lines, words) {
      return logIn(lines, args(this, words, 1, 2), "login");
    },
  },
  logout: {
    usage: "/logout",
    summary: "go out and stay connected; chat logout also forgets this device",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { user } = lines.open.client;
      await lines.open.client.logout();
      lines.face.tell(
        { kind: "logged-out", user },
        `you are logged out; /login NAME comes back in`,
      );
      lines.enter(lines.current);
    },
  },
  passwd: {
    usage: "/passwd",
    summary: "change your password (asked, or CHAT_NEW_PASSWORD)",
    async run(lines, words) {
      args(this, words, 0, 0);
      const unasked = { ...lines.context, terminal: undefined };
      const password =
        (await readSecret(unasked, NEW_PASSWORD, undefined)) ??
        (await lines.face.secret("New password"));
      if (password === undefined) {
        throw new Fault("usage", "there is no new password", { remedy: "set CHAT_NEW_PASSWORD" });
      }
      await lines.open.client.passwd(password);
      lines.face.tell({ kind: "password-changed" }, "your password is changed");
    },
  },
  stats: {
    usage: "/stats",
    summary: "show what the connection has carried",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { stats } = lines.open.client;
      if (stats === undefined) throw new Fault("link-closed", "there is no connection now");
      lines.face.tell(...statsLine(stats, lines.context.offsetMinutes));
    },
  },
  help: {
    usage: "/help",
    summary: "show this",
    async run(lines) {
      const rows = Object.values(COMMANDS).map(({ usage, summary }) => ({ usage, summary }));
      const text = rows.map(({ usage, summary }) => `${usage.padEnd(28)} ${summary}`).join("\n");
      lines.face.tell({ kind: "help", commands: rows }, `// at the start sends a slash\n${text}`);
    },
  },
  quit: {
    usage: "/quit",
    summary: "leave the program",
    async run(lines, words) {
      args(this, words, 0, 0);
      await lines.quit();
    },
  },
};

/** Words of other chat programs for the same things. */
const ALIASES: Readonly<Record<string, string>> = {
  regist: "register",
  sendto: "msg",
  names: "who",
  exit: "quit",
  part: "leave",
  j: "join",
};

/** Runs one line without its slash. @throws Fault usage and whatever the command does */
export async function runSlash(lines: LineClient, line: string): Promise<void> {
  const [typed, words] = split(line);
  const word = typed.toLowerCase();
  if (word === "sendall") {
    return lines.post({ kind: "room", name: lines.room }, { text: words });
  }
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command !== undefined) return command.run(lines, words);
  const near = nearest(word, Object.keys(COMMANDS));
  throw new Fault("usage", `there is no command '/${typed.slice(0, 40)}'`, {
    remedy: near === undefined ? "see /help" : `did you mean /${near}? see /help`,
  });
}

function noFlag(flag: string): Fault {
  return new Fault("usage", `/join knows no '${flag.slice(0, 40)}'`, {
    remedy: "a room's password cannot begin with --, and rooms are not sealed in this version",
  });
}

async function logIn(
  lines: LineClient,
  [name = "", password]: readonly string[],
  mode: Credentials["mode"],
): Promise<void> {
  const { open, context, face } = lines;
  const user = checkName(name, "person's name");
  const unasked = { ...context, terminal: undefined }; // The line editor owns the keyboard.
  const credentials: Credentials = {
    user,
    mode,
    password: password ?? (await readSecret(unasked, PASSWORD, undefined)),
    roomSecret: open.roomSecret,
    insist: password !== undefined,
    ask: (what, again) => face.secret(secretQuestion(what, user, again)),
  };
  await lines.loggingIn(() => open.client.login(credentials));
}

async function page(
  lines: LineClient,
  query: { readonly limit: number; readonly grep?: string; readonly ignoreCase?: boolean },
): Promise<void> {
  const { client, user } = lines.open;
  await lines.said();
  const { records } = await client.history({ target: formatTarget(lines.current), ...query });
  for (const record of records) lines.face.record(shownChatRecord(record, client.user ?? user));
  if (records.length === 0) lines.face.note("nothing was found");
}
