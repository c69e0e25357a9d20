/** Parses and runs slash commands of the terminal. */

import { Fault, msg } from "../../base/fault.ts";
import {
  type Answer,
  type Command,
  misuse,
  split,
  usageIn,
  type View,
} from "../../ui/commands/command.ts";
import { SLASH_ALIASES as ALIASES, COMMANDS as SHARED } from "../../ui/commands/table.ts";
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
  const usage = usageIn(command, "terminal");
  return {
    usage,
    async run(host, words) {
      const order = command.parse(words, "terminal");
      if (order === undefined) throw misuse(usage);
      show(host, await command.run(order, host.open.client, host));
    },
  };
}

function show(host: SlashHost, answer: Answer | undefined): void {
  const { json, text, rows, note, seq, enter, left } = answer ?? {};
  if (seq !== undefined) host.recorded(seq);
  if (note !== undefined) host.chatConsole.note(note);
  if (json !== undefined) host.chatConsole.print(json, text, rows);
  if (enter !== undefined) host.enter(enter);
  if (left !== undefined) host.leftRoom(left);
}

/** Shows a view of a command. */
export async function showView(host: SlashHost, view: View): Promise<undefined> {
  const viewer = view.kind === "help" ? help : VIEWERS[view.kind];
  await (viewer as (of: SlashHost, what: View) => Promise<void> | void)(host, view);
}

function help({ chatConsole }: SlashHost, { words: word }: { readonly words: string }): void {
  const asked = word === "" ? undefined : commandOf(word);
  const isAsked = ({ usage }: SlashRow) => asked === undefined || usage === asked.usage;
  chatConsole.help(slashRows().filter(isAsked));
}

/** All commands, for help and completion. */
export function slashRows(): SlashRow[] {
  return Object.entries(COMMANDS).map(([name, { usage }]) => ({ name, usage }));
}

/** Runs a line without its slash. @throws Fault usage, and the faults of the command */
export async function runSlash(host: SlashHost, line: string): Promise<void> {
  const [typed, words] = split(line);
  const word = typed.toLowerCase();
  if (word === "sendall") {
    return host.post({ text: words }, host.room);
  }
  try {
    await commandOf(typed).run(host, words);
  } catch (error) {
    const change = changeBy(word, words);
    if (change !== undefined) host.changeFailed(change);
    throw error;
  }
}

/** Detects commands that change the target of later lines: `/join`, `/msg NAME`, `/login NAME`. */
function changeBy(word: string, words: string): "room" | "login" | undefined {
  const name = resolveCommand(word);
  if (name === "login" || name === "register") return "login";
  return name === "join" || (name === "msg" && split(words)[1] === "") ? "room" : undefined;
}

function resolveCommand(word: string): string {
  const known = Object.hasOwn(COMMANDS, word) ? word : undefined;
  const meant = known ?? ALIASES[word] ?? nearestCommand(word) ?? "";
  return ALIASES[meant] ?? meant;
}

/** A line that is safe to log: only the command word if the command may contain a password. */
export function withoutSecrets(line: string): string {
  if (!line.startsWith("/") || line.startsWith("//")) return line;
  const [typed] = split(line.slice(1));
  const name = resolveCommand(typed.toLowerCase());
  return name === "" || SECRET_COMMANDS.has(name) ? `/${typed}` : line;
}

const SECRET_COMMANDS: ReadonlySet<string> = new Set(["join", "login", "register", "passwd"]);

function nearestCommand(word: string): string | undefined {
  return nearestWord(word, [...Object.keys(COMMANDS), ...Object.keys(ALIASES)]);
}

/** @param typed with or without its slash @throws Fault usage, suggesting a similar command */
function commandOf(typed: string): SlashCommand {
  const bare = typed.replace(/^\//, "");
  const word = bare.toLowerCase();
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command !== undefined) return command;
  const near = nearestCommand(word);
  throw new Fault("usage", msg`unknown command '/${bare.slice(0, 40)}'`, {
    remedy: near === undefined ? msg`see /help` : msg`did you mean /${near}? see /help`,
  });
}
