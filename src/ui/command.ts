/** Types and parsers for the slash commands that the terminal and the page share. */

import { Fault, msg } from "../base/fault.ts";
import { checkName } from "../base/names.ts";
import type { TimeContext } from "../base/parse-time.ts";
import type { MessageAuthor } from "../client/actions.ts";
import type { ChatClient, LinkedSession } from "../client/chat-client.ts";
import type { PutInPlan } from "../client/put-in.ts";
import type { FileOfItem } from "../core/model/selectors.ts";
import type { SearchQuery } from "../core/model/state.ts";
import type { NotifyLevel } from "../core/rooms/prefs.ts";
import type { PostBody, Answer as WireAnswer } from "../wire/messages.ts";
import type { TerminalMessage } from "./messages/en/terminal.ts";

/** The client on which commands act. */
export type Chat = ChatClient<LinkedSession>;

export type Ui = "terminal" | "page";
export type Usage = string | Readonly<Record<Ui, string>>;

export interface Command<Args = unknown> {
  readonly usage: Usage;
  readonly defaultAuthor?: MessageAuthor;
  /**
   * @returns `undefined` if the arguments do not match
   * @throws {Fault} usage, name-invalid
   */
  parse(input: string, ui: Ui): Args | undefined;
  run(args: Args, chat: Chat, host: Host): Promise<CommandAnswer | undefined>;
}

export interface CommandAnswer {
  readonly json?: { readonly kind: string; readonly [field: string]: unknown };
  readonly text?: TerminalMessage;
  readonly rows?: readonly string[];
  readonly note?: TerminalMessage;
  readonly seq?: number | undefined;
  readonly roomToOpen?: string;
  readonly leftRoom?: string;
}

export type SimpleView =
  | ("list" | "rooms" | "saved" | "threads" | "ignored" | "pins" | "topic" | "rules" | "handed")
  | ("passwd" | "logout" | "quit" | "clear");

export const FILES_VERBS = ["retry", "without", "edit", "delete"] as const;

/** Views that each UI displays in its own form: lines in the terminal, a dialog on the page. */
export interface Views extends Readonly<Record<SimpleView, object>> {
  readonly who: { readonly room: string | undefined };
  readonly invite: { readonly user: string | undefined };
  /** `undefined` for the open conversation or group. */
  readonly seal: { readonly user: string | undefined; readonly isConfirmed: boolean };
  readonly sealed: { readonly accept: boolean };
  readonly verify: { readonly user: string; readonly confirmation: string };
  readonly notify: {
    /**
     * A level has been stored on the account. `on` and `off` apply to this device in the terminal;
     * `undefined` lists the muted targets.
     */
    readonly level: NotifyLevel | "on" | "off" | undefined;
    readonly target: string;
  };
  readonly search: { readonly query: SearchQuery };
  /** The thread of this message. */
  readonly thread: { readonly seq: number };
  /** A seq, or a time that `parseTime` reads. */
  readonly jump: { readonly to: number | string };
  /**
   * Command for a waiting message, named by its number in the list, or for an unfinished upload,
   * named by its id, which can only be deleted.
   */
  readonly files: { readonly verb?: (typeof FILES_VERBS)[number]; readonly named?: string };
  readonly send: { readonly input: string };
  readonly set: { readonly input: string };
  readonly "irc-password": { readonly input: string };
  readonly help: { readonly input: string };
}

export type View = { [Kind in keyof Views]: { readonly kind: Kind } & Views[Kind] }[keyof Views];

export interface JoinArgs {
  readonly room: string;
  readonly password?: string | undefined;
  readonly sealed?: boolean;
  /** True if new members of the encrypted room can read earlier messages. */
  readonly history?: boolean | undefined;
  readonly assignment?: boolean;
  /** `false` if the room must exist. Otherwise, a user is asked whether to create it. */
  readonly mayCreate?: false;
}

export interface Host {
  readonly current: string;
  /** Root of the thread in which the user typed the command. */
  readonly thread: number | undefined;
  /** Message that `/reply` answers if it names none. */
  readonly answered?: number | undefined;
  /** Context of the times that the user types. */
  readonly times: TimeContext;
  unixMs(): number;
  post(body: PostBody, target?: string): Promise<void>;
  /**
   * Waits until the user's own messages are recorded and visible.
   * @throws {Fault} link-closed
   */
  sent(): Promise<void>;
  /**
   * Deletes a message after asking the user, if there is one.
   * @returns seq of the record, if known
   */
  erase(seq: number): Promise<number | undefined>;
  /**
   * Deletes a file of a message after asking the user.
   * @returns seq of the record, if known
   */
  eraseFile(file: FileOfItem): Promise<number | undefined>;
  /** @returns `undefined` if a dialog continues the command */
  join(args: JoinArgs): Promise<WireAnswer<"join"> | undefined>;
  /**
   * Asks the last moderator of a room that needs one before they leave.
   * @returns false if the user declines, or if a dialog continues the command
   */
  confirmDeparture(room: string): Promise<boolean>;
  /**
   * Asks before the people of a room are put into another one.
   * @returns false if the user declines, or if a dialog continues the command
   */
  confirmPutIn(plan: PutInPlan): Promise<boolean>;
  hideJoins(on: boolean): void;
  /** Whether the UI lets the user undo that rooms were marked as read. */
  readonly undoesRead?: boolean;
  /** Tells the user that a command applies to this room, although a conversation is open. */
  noteRoom(room: string): void;
  show(view: View): Promise<CommandAnswer | undefined>;
}

/** Returns the room to which a command applies: in a conversation, the last open room. */
export function roomFor(chat: Chat, host: Host): string {
  const { current } = host;
  if (!current.startsWith("@")) return current;
  host.noteRoom(chat.actions.lastRoom);
  return chat.actions.lastRoom;
}

export function usageFor({ usage }: Pick<Command, "usage">, ui: Ui): string {
  return typeof usage === "string" ? usage : usage[ui];
}

/** Parses `ana,bob`; `undefined` if the word has no comma. */
export function parsePeople(word: string): readonly string[] | undefined {
  if (!word.includes(",")) return undefined;
  const names = word.split(",").filter((name) => name !== "");
  return names.map((name) => checkName(withoutAt(name), "person's name"));
}

export function splitWords(text: string, min: number, max: number): readonly string[] | undefined {
  const words = text === "" ? [] : text.split(/\s+/);
  return words.length >= min && words.length <= max ? words : undefined;
}

const DATE_WORD = /^(?:(?:after|before):)?(?:\d{4}-\d\d-\d\d|today|tomorrow|yesterday)$/i;
const CLOCK_WORD = /^\d{1,2}:\d\d(?::\d\d)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** Joins each date with the clock time that follows it as its own word. */
export function joinTimes(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const word of words) {
    const date = joined.at(-1);
    if (date !== undefined && DATE_WORD.test(date) && CLOCK_WORD.test(word)) {
      joined.splice(-1, 1, `${date} ${word}`);
    } else joined.push(word);
  }
  return joined;
}

export function splitFirstWord(text: string): [string, string] {
  const [, first = "", remaining = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  return [first, remaining.trim()];
}

export function withoutAt(word: string): string {
  return word.replace(/^@/, "");
}

export function parseUser(input: string): { readonly user: string } | undefined {
  const [name] = splitWords(input, 1, 1) ?? [];
  return name === undefined ? undefined : { user: withoutAt(name) };
}

export function parseText(input: string): { readonly text: string } | undefined {
  return input === "" ? undefined : { text: input };
}

const SEQ = /^[1-9]\d{0,14}$/;

export function isSeq(word: string): boolean {
  return SEQ.test(word);
}

export function parseOptionalSeq(input: string): { readonly seq: number | undefined } | undefined {
  return input === "" ? { seq: undefined } : parseSeq(input);
}

export function parseSeq(input: string): { readonly seq: number } | undefined {
  return isSeq(input) ? { seq: Number(input) } : undefined;
}

export function parseOnOff(
  input: string,
  defaultValue?: boolean,
): { readonly on: boolean } | undefined {
  const on =
    input === "" ? defaultValue : input === "on" ? true : input === "off" ? false : undefined;
  return on === undefined ? undefined : { on };
}

export function invalidArguments(usage: string): Fault {
  return new Fault("usage", msg`invalid arguments`, { remedy: msg`usage: ${usage}` });
}
