/** Parser and dispatcher for the terminal's slash commands. */

import { Fault, msg } from "../../base/fault.ts";
import {
  type Answer,
  type Command,
  invalidArguments,
  roomFor,
  splitFirstWord,
  usageFor,
  type View,
} from "../../ui/command.ts";
import { SLASH_ALIASES as ALIASES, COMMANDS as SHARED } from "../../ui/commands.ts";
import { nearestWord } from "../suggest.ts";
import type { SlashRow } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { type SlashCommand, TERMINAL_COMMANDS } from "./slash-terminal.ts";
import { VIEWERS } from "./slash-views.ts";

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
      showAnswer(host, await command.run(order, host.chat, host));
    },
  };
}

function showAnswer(host: SlashHost, answer: Answer | undefined): void {
  const { json, text, rows, note, seq, roomToOpen, leftRoom } = answer ?? {};
  if (seq !== undefined) host.recorded(seq);
  if (note !== undefined) host.chatConsole.note(note);
  if (json !== undefined) host.chatConsole.print(json, text, rows);
  if (roomToOpen !== undefined) host.switchTo(roomToOpen);
  if (leftRoom !== undefined) host.leftRoom(leftRoom);
}

export async function showView(host: SlashHost, view: View): Promise<undefined> {
  const viewer = view.kind === "help" ? help : VIEWERS[view.kind];
  await (viewer as (of: SlashHost, what: View) => Promise<void> | void)(host, view);
}

function help({ chatConsole }: SlashHost, { input: word }: { readonly input: string }): void {
  const requested = word === "" ? undefined : commandOf(word);
  const isRequested = ({ usage }: SlashRow) => requested === undefined || usage === requested.usage;
  chatConsole.help(slashRows().filter(isRequested));
}

export function slashRows(): SlashRow[] {
  return Object.entries(COMMANDS).map(([name, { usage }]) => ({ name, usage }));
}

/**
 * @param line command line without its slash
 * @throws {Fault} usage, or a fault of the command
 */
export async function runSlash(host: SlashHost, line: string): Promise<void> {
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

/** Removes the arguments of commands that accept a password, so that the line is safe to log. */
export function withoutSecrets(line: string): string {
  if (!line.startsWith("/") || line.startsWith("//")) return line;
  const [commandWord] = splitFirstWord(line.slice(1));
  const name = resolveCommand(commandWord.toLowerCase());
  return name === "" || SECRET_COMMANDS.has(name) ? `/${commandWord}` : line;
}

const SECRET_COMMANDS: ReadonlySet<string> = new Set(["join", "login", "register", "passwd"]);

function nearestCommand(word: string): string | undefined {
  return nearestWord(word, [...Object.keys(COMMANDS), ...Object.keys(ALIASES)]);
}

function commandOf(commandText: string): SlashCommand {
  const commandName = commandText.replace(/^\//, "");
  const word = commandName.toLowerCase();
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command !== undefined) return command;
  const suggestion = nearestCommand(word);
  throw new Fault("usage", msg`unknown command '/${commandName.slice(0, 40)}'`, {
    remedy: suggestion === undefined ? msg`see /help` : msg`did you mean /${suggestion}? see /help`,
  });
}
