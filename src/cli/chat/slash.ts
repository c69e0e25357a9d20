/** Slash commands of the terminal: those that only it has, the parser and the dispatcher. */

import { Fault, msg } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { boxNames, checkName } from "../../base/names.ts";
import type { Credentials } from "../../client/login.ts";
import { isSameName } from "../../core/model/item.ts";
import { roomOf } from "../../core/model/selectors.ts";
import { knownStamp } from "../../core/rooms/stamps.ts";
import {
  type Command,
  type CommandAnswer,
  invalidArguments,
  isSeq,
  roomFor,
  splitFirstWord,
  splitWords,
  usageFor,
  type View,
  withoutAt,
} from "../../ui/command.ts";
import {
  SLASH_ALIASES as ALIASES,
  boxTarget,
  helpTopics,
  COMMANDS as SHARED,
} from "../../ui/commands.ts";
import { formatAddress } from "../../wire/invite.ts";
import { checkFileId } from "../files/receive-file.ts";
import { statsLine } from "../output/stats.ts";
import { PASSWORD, promptNewPassword, readSecret, secretPrompt } from "../secrets.ts";
import { nearestWord } from "../suggest.ts";
import { lastFiles, selectFile } from "./last-files.ts";
import { expandAlias, expandHome, parseWall, type SlashRow, shellWords } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { HISTORY_DEFAULT, history, VIEWERS } from "./slash-views.ts";

interface SlashCommand {
  readonly usage: string;
  run(host: SlashHost, words: string): Promise<void>;
}

/** Terminal commands, keyed by the shared command after which the help text lists them. */
const TERMINAL_COMMANDS: Readonly<Record<string, Readonly<Record<string, SlashCommand>>>> = {
  receipts: {
    readers: {
      usage: "/readers [SEQ]",
      async run(host, words) {
        if (words !== "" && !isSeq(words)) throw invalidArguments(this.usage);
        await host.sent();
        const own = words === "" ? undefined : Number(words);
        const seq = await host.chat.actions.resolveSeq(host.current, own, "own");
        const answer = await host.open.client.request("readers", { seq });
        const { readers, of, users } = answer;
        const names = users.length < readers ? [...users, "…"] : users;
        host.chatConsole.print({ kind: "readers", seq, readers, of, users }, (texts) => {
          return texts.readBy(readers, of, names);
        });
      },
    },
  },
  send: {
    caption: {
      usage: "/caption ID [TEXT]",
      async run(host, words) {
        const [id, text] = splitFirstWord(words);
        if (id === "") throw invalidArguments(this.usage);
        await host.waitUntilConfirmed();
        const seq = await ownFile(host, checkFileId(id));
        const edit = await host.chat.actions.edit(host.current, seq, text);
        if (edit !== undefined) host.recorded(edit);
      },
    },
    get: {
      usage: "/get ID [DIR]",
      async run(host, words) {
        const args = shellWords(words);
        if (args.length === 0) throw invalidArguments(this.usage);
        const files = async () => (await lastFiles(host, host.current, PAGE_RECORDS_MAX)).files;
        const { id, out } = await selectFile(args, files);
        host.files.get(id, expandHome(out ?? ".", host.context.env["HOME"]));
      },
    },
  },
  remind: {
    stamp: {
      usage: "/stamp [NAME] seen|well-done|fix|again",
      async run(host, words) {
        const [first = "", second] = splitWords(words, 1, 2) ?? [];
        const stamp = knownStamp(second ?? first);
        if (stamp === undefined) throw invalidArguments(this.usage);
        const box = boxNames(host.current);
        const user =
          second === undefined ? box?.user : checkName(withoutAt(first), "person's name");
        if (user === undefined) {
          throw new Fault("usage", msg`no person's work is open here`, {
            remedy: msg`name the person: ${`/stamp NAME ${stamp}`}`,
          });
        }
        const room = box?.room ?? roomFor(host.chat, host);
        const target = boxTarget(`${room}@${user}`, host.chat);
        await host.post({ text: host.chatConsole.texts.stampWord(stamp), stamp }, target);
      },
    },
  },
  call: {
    wall: {
      usage:
        "/wall on|off, /wall names first|full|none, /wall timer TIME|off, " +
        "/wall line [TEXT], /wall round [TIME|next|back|off]",
      async run(host, words) {
        const room = boxNames(host.current)?.room ?? roomFor(host.chat, host);
        const change = parseWall(words, roomOf(host.chat.model, room));
        if (change === undefined) throw invalidArguments(this.usage);
        const { seq } = await host.chat.request("wall", { room, ...change });
        host.recorded(seq);
        const isOff = change.on === false;
        const json = { kind: "wall-set", room, ...change };
        host.chatConsole.print(json, (texts) => texts.wallChanged(room, isOff));
      },
    },
  },
  verify: {
    history: {
      usage: "/history [N]",
      async run(host, words) {
        const limit = words === "" ? HISTORY_DEFAULT : Number(words);
        if (!Number.isSafeInteger(limit) || limit < 1) throw invalidArguments(this.usage);
        await history(host, { target: host.current, limit: Math.min(limit, PAGE_RECORDS_MAX) });
      },
    },
  },
  search: {
    register: {
      usage: "/register NAME [PASSWORD]",
      run(host, words) {
        return logIn(host, this, words, "register");
      },
    },
    login: {
      usage: "/login NAME [PASSWORD]",
      run(host, words) {
        return logIn(host, this, words, "login");
      },
    },
  },
  notify: {
    inbox: {
      usage: "/inbox",
      async run(host, words) {
        if (words !== "") throw invalidArguments(this.usage);
        await host.inbox();
      },
    },
    go: {
      usage: "/go N",
      async run(host, words) {
        if (!isSeq(words)) throw invalidArguments(this.usage);
        await host.go(Number(words));
      },
    },
    stats: {
      usage: "/stats",
      run({ open, chatConsole, context }, words) {
        if (words !== "") throw invalidArguments(this.usage);
        const { stats } = open.client;
        if (stats === undefined) throw new Fault("link-closed", msg`not connected`);
        const [json, text] = statsLine(stats, context);
        chatConsole.print(json, text);
        return Promise.resolve();
      },
    },
  },
};

/**
 * Returns the seq of the user's own message that contains a file.
 * @throws {Fault} file-unknown; not-allowed if another user sent the file
 */
async function ownFile(host: SlashHost, id: string): Promise<number> {
  const { files } = await lastFiles(host, host.current, PAGE_RECORDS_MAX);
  const file = files.findLast((file) => file.id === id);
  if (file === undefined) {
    throw new Fault("file-unknown", msg`no file ${id} here`, {
      remedy: msg`list them: ${"/files"}`,
    });
  }
  if (isSameName(file.from, host.me)) return file.seq;
  throw new Fault("not-allowed", msg`file ${id} is not yours`, {
    remedy: msg`you can change only your own captions`,
  });
}

async function logIn(
  host: SlashHost,
  { usage }: SlashCommand,
  words: string,
  mode: Credentials["mode"],
): Promise<void> {
  const [name, password] = splitWords(words, 1, 2) ?? [];
  if (name === undefined) throw invalidArguments(usage);
  const { open, context, chatConsole } = host;
  const user = checkName(name, "person's name");
  // The line editor already reads the keyboard, so the login must not prompt.
  const nonInteractive = { ...context, terminal: undefined };
  const credentials: Credentials = {
    user,
    mode,
    password: password ?? (await readSecret(nonInteractive, PASSWORD, undefined)),
    roomSecret: open.roomSecret,
    requiresPassword: password !== undefined,
    promptSecret: (kind, isRetry) => {
      const server = formatAddress(open.address);
      if (kind === "new-password") {
        return promptNewPassword(
          (question, before) => chatConsole.secret(question, before),
          (texts) => texts.askNewPasswordOf(user, server),
        );
      }
      return chatConsole.secret(secretPrompt(kind, { user, server }, isRetry));
    },
  };
  await host.runLogin(() => open.client.login(credentials));
}

const COMMANDS: Readonly<Record<string, SlashCommand>> = Object.fromEntries(
  Object.entries(SHARED).flatMap(([name, command]) => [
    [name, shared(command)],
    ...Object.entries(TERMINAL_COMMANDS[name] ?? {}),
  ]),
);

function shared(command: Command): SlashCommand {
  const usage = usageFor(command, "terminal");
  return {
    usage,
    async run(host, argument) {
      const order = command.parse(argument, "terminal");
      if (order === undefined) throw invalidArguments(usage);
      host.chat.store.update();
      const isCurrent = host.moment();
      showAnswer(host, await command.run(order, host.chat, host), isCurrent);
    },
  };
}

function showAnswer(
  host: SlashHost,
  answer: CommandAnswer | undefined,
  isCurrent: () => boolean,
): void {
  const { json, text, rows, note, seq, roomToOpen, leftRoom } = answer ?? {};
  if (seq !== undefined) host.recorded(seq);
  if (note !== undefined) host.chatConsole.note(note);
  if (json !== undefined) host.chatConsole.print(json, text, rows);
  if (roomToOpen !== undefined) host.follow(roomToOpen, isCurrent);
  if (leftRoom !== undefined) host.leftRoom(leftRoom);
}

export async function showView(host: SlashHost, view: View): Promise<undefined> {
  const viewer = view.kind === "help" ? help : VIEWERS[view.kind];
  await (viewer as (of: SlashHost, what: View) => Promise<void> | void)(host, view);
}

function help({ chatConsole, context }: SlashHost, { input }: { readonly input: string }): void {
  const names = Object.keys(COMMANDS);
  // Scripts receive all commands.
  const topics = helpTopics(context.json && input === "" ? "all" : input, names);
  if (topics === undefined) throw unknownCommand(input.replace(/^\//, ""));
  chatConsole.help(topics.map((name) => ({ name, usage: COMMANDS[name]?.usage ?? "" })));
}

export function slashRows(): SlashRow[] {
  return Object.entries(COMMANDS).map(([name, { usage }]) => ({ name, usage }));
}

/**
 * @param typed command line without its slash
 * @throws {Fault} usage, or a fault of the command
 */
export async function runSlash(host: SlashHost, typed: string): Promise<void> {
  const line = expandAlias(typed, host.context.settings().aliases);
  const [commandWord, argument] = splitFirstWord(line);
  const name = commandWord.toLowerCase();
  if (name === "sendall") {
    return host.post({ text: argument }, roomFor(host.chat, host));
  }
  try {
    await commandOf(commandWord).run(host, argument);
  } catch (error) {
    const change = changeBy(name, argument);
    if (change !== undefined) host.changeFailed(change);
    throw error;
  }
}

function changeBy(typedName: string, argument: string): "room" | "login" | undefined {
  const name = resolveCommand(typedName);
  if (name === "login" || name === "register") return "login";
  return name === "join" || (name === "msg" && splitFirstWord(argument)[1] === "")
    ? "room"
    : undefined;
}

function resolveCommand(word: string): string {
  const exact = Object.hasOwn(COMMANDS, word) ? word : undefined;
  const resolved = exact ?? ALIASES[word] ?? nearestCommand(word) ?? "";
  return ALIASES[resolved] ?? resolved;
}

/** @param word in lower case */
export function isSlashCommand(word: string): boolean {
  return Object.hasOwn(COMMANDS, word) || Object.hasOwn(ALIASES, word) || word === "sendall";
}

/** Removes the arguments of commands that accept a password, so that the line is safe to log. */
export function withoutSecrets(line: string): string {
  if (!line.startsWith("/") || line.startsWith("//")) return line;
  const [commandWord] = splitFirstWord(line.slice(1));
  const name = resolveCommand(commandWord.toLowerCase());
  return name === "" || SECRET_COMMANDS.has(name) ? `/${commandWord}` : line;
}

const SECRET_COMMANDS: ReadonlySet<string> = new Set([
  "join",
  "login",
  "register",
  "passwd",
  "rules",
]);

function nearestCommand(word: string): string | undefined {
  return nearestWord(word, [...Object.keys(COMMANDS), ...Object.keys(ALIASES)]);
}

function commandOf(commandText: string): SlashCommand {
  const commandName = commandText.replace(/^\//, "");
  const word = commandName.toLowerCase();
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command !== undefined) return command;
  throw unknownCommand(commandName);
}

function unknownCommand(name: string): Fault {
  const suggestion = nearestCommand(name.toLowerCase());
  return new Fault("usage", msg`unknown command '/${name.slice(0, 40)}'`, {
    remedy:
      suggestion === undefined
        ? msg`see ${"/help"}`
        : msg`did you mean ${`/${suggestion}`}? see ${"/help"}`,
  });
}
