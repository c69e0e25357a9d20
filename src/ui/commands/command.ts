/** Types and parsers of the slash commands that the terminal and the page share. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomActor } from "../../client/chat/room-actions.ts";
import type { PostBody, Answer as WireAnswer } from "../../wire/messages.ts";
import type { Message } from "../messages/en/terminal.ts";

export type Ui = "terminal" | "page";
/** Usage of both UIs, or of each UI. */
export type Usage = string | Readonly<Record<Ui, string>>;

export interface Command<Args = unknown> {
  /** `/join ROOM [PASSWORD]`: capitals mark placeholders. */
  readonly usage: Usage;
  /** Author of the message on which the command acts if no `seq` is given. */
  readonly defaultAuthor?: MessageAuthor;
  /** @returns `undefined` if the arguments do not match @throws {Fault} usage, name-invalid */
  parse(input: string, ui: Ui): Args | undefined;
  run(args: Args, session: RoomActor, host: Host): Promise<Answer | undefined>;
}

export type MessageAuthor = "other" | "own";

export interface Answer {
  /** Output of `--json`, which omits `text`. */
  readonly json?: { readonly kind: string; readonly [field: string]: unknown };
  readonly text?: Message;
  /** Lines below the text. */
  readonly rows?: readonly string[];
  /** Additional text for the user, also displayed with `--json`. */
  readonly note?: Message;
  /** Number of the record that the command created. */
  readonly seq?: number | undefined;
  /** The room or conversation to open. */
  readonly roomToOpen?: string;
  /** The room that the user left. */
  readonly leftRoom?: string;
}

/** Views without arguments. */
export type SimpleView =
  | ("list" | "rooms" | "saved" | "ignored" | "pins" | "files" | "topic")
  | ("passwd" | "logout" | "quit");

/** Views that each UI displays in its own way: lines in the terminal, a dialog on the page. */
export interface Views extends Readonly<Record<SimpleView, object>> {
  readonly who: { readonly room: string | undefined };
  readonly invite: { readonly user: string | undefined };
  /** `to`: `lobby` or `@bob`. */
  readonly msg: { readonly to: string; readonly text: string };
  readonly seal: { readonly user: string; readonly isConfirmed: boolean };
  readonly sealed: { readonly accept: boolean };
  /** `confirmation`: the safety number, or `accept`. */
  readonly verify: { readonly user: string; readonly confirmation: string };
  readonly notify: { readonly on: boolean | undefined; readonly target?: string };
  readonly search: { readonly text: string };
  /** Unparsed arguments, in the terminal only. */
  readonly send: { readonly input: string };
  readonly set: { readonly input: string };
  readonly help: { readonly input: string };
}

export type View = { [Kind in keyof Views]: { readonly kind: Kind } & Views[Kind] }[keyof Views];

export interface JoinArgs {
  readonly room: string;
  readonly password: string | undefined;
  readonly sealed: boolean;
}

/** Interface of a UI that commands use. */
export interface Host {
  /** Target of posts: `lobby` or `@bob`. @throws {Fault} not-member */
  readonly current: string;
  /** Target of room commands, also while a conversation is open. @throws as `current` */
  readonly room: string;
  unixMs(): number;
  post(body: PostBody): Promise<void>;
  react(seq: number, sign: string): Promise<void>;
  /** @returns the number of its record, if known */
  edit(seq: number, text: string): Promise<number | undefined>;
  /** Asks for confirmation on the page. @returns the number of its record, if known */
  erase(seq: number): Promise<number | undefined>;
  /**
   * Returns the given number, or that of the last message by the author. Waits for unsent messages
   * if the author is the user.
   * @throws {Fault} not-found, link-closed
   */
  resolveSeq(seq: number | undefined, author: MessageAuthor): Promise<number>;
  /** @returns `undefined` if a dialog continues the command @throws {Fault} */
  join(args: JoinArgs): Promise<WireAnswer<"join"> | undefined>;
  /** Closes the open conversation, which remains in the account. */
  leaveConversation(): Promise<Answer | undefined>;
  hideJoins(on: boolean): void;
  /**
   * Returns the room of a saved message, or of a message here.
   * @throws {Fault} not-found, not-member
   */
  roomOfSaved(seq: number, isSaved: boolean): Promise<string>;
  show(view: View): Promise<Answer | undefined>;
}

export function usageFor({ usage }: Pick<Command, "usage">, ui: Ui): string {
  return typeof usage === "string" ? usage : usage[ui];
}

/** @returns `undefined` if there are fewer or more words */
export function splitWords(text: string, min: number, max: number): readonly string[] | undefined {
  const words = text === "" ? [] : text.split(/\s+/);
  return words.length >= min && words.length <= max ? words : undefined;
}

export function splitFirstWord(text: string): [string, string] {
  const [, first = "", remaining = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  return [first, remaining.trim()];
}

/** Removes the `@` of `@ana`. */
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

/** Parses `[SEQ]`. */
export function parseOptionalSeq(input: string): { readonly seq: number | undefined } | undefined {
  return input === "" ? { seq: undefined } : parseSeq(input);
}

/** Parses `SEQ`. */
export function parseSeq(input: string): { readonly seq: number } | undefined {
  return isSeq(input) ? { seq: Number(input) } : undefined;
}

/** Parses `on|off`. @param left result if the argument is empty */
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
