/** Types and parsers of the slash commands that the terminal and the page share. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomActor } from "../../client/chat/room-actions.ts";
import type { PostBody, Answer as WireAnswer } from "../../wire/messages.ts";
import type { Message } from "../messages/en/terminal.ts";

export type Ui = "terminal" | "page";
/** Usage text, either common to both UIs or separate for each UI. */
export type Usage = string | Readonly<Record<Ui, string>>;

export interface Command<Args = unknown> {
  /** Usage such as `/join ROOM [PASSWORD]`, with placeholders in capitals. */
  readonly usage: Usage;
  /** Author whose latest message the command affects if no `seq` is given. */
  readonly defaultAuthor?: MessageAuthor;
  /** @returns `undefined` if the arguments do not match @throws {Fault} usage, name-invalid */
  parse(input: string, ui: Ui): Args | undefined;
  run(args: Args, session: RoomActor, host: Host): Promise<Answer | undefined>;
}

export type MessageAuthor = "other" | "own";

export interface Answer {
  /** Output of `--json`, which replaces `text`. */
  readonly json?: { readonly kind: string; readonly [field: string]: unknown };
  readonly text?: Message;
  /** Lines below the text. */
  readonly rows?: readonly string[];
  /** Additional text for the user, also displayed with `--json`. */
  readonly note?: Message;
  /** Seq of the record that the command created. */
  readonly seq?: number | undefined;
  /** Room or conversation that the UI opens after the command. */
  readonly roomToOpen?: string;
  readonly leftRoom?: string;
}

/** Views without arguments. */
export type SimpleView =
  | ("list" | "rooms" | "saved" | "ignored" | "pins" | "files" | "topic")
  | ("passwd" | "logout" | "quit");

/** Views that each UI displays in its own form: lines in the terminal, a dialog on the page. */
export interface Views extends Readonly<Record<SimpleView, object>> {
  readonly who: { readonly room: string | undefined };
  readonly invite: { readonly user: string | undefined };
  /** `to` is a target such as `lobby` or `@bob`. */
  readonly msg: { readonly to: string; readonly text: string };
  readonly seal: { readonly user: string; readonly isConfirmed: boolean };
  readonly sealed: { readonly accept: boolean };
  /** `confirmation` is the safety number, or `accept`. */
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

/** Interface that a UI provides to commands. */
export interface Host {
  /** Target of posts, such as `lobby` or `@bob`. @throws {Fault} not-member */
  readonly current: string;
  /** Target of room commands, even while a conversation is open. @throws as `current` */
  readonly room: string;
  unixMs(): number;
  post(body: PostBody): Promise<void>;
  react(seq: number, sign: string): Promise<void>;
  /** @returns the seq of the record that contains the edit, if known */
  edit(seq: number, text: string): Promise<number | undefined>;
  /**
   * Erases a message; the page asks for confirmation first. @returns the seq of the record, if
   * known
   */
  erase(seq: number): Promise<number | undefined>;
  /**
   * Returns `seq` if given, otherwise the seq of the last message by the author. If the author is
   * the user, waits until unsent messages are sent.
   * @throws {Fault} not-found, link-closed
   */
  resolveSeq(seq: number | undefined, author: MessageAuthor): Promise<number>;
  /** @returns `undefined` if a dialog continues the command @throws {Fault} */
  join(args: JoinArgs): Promise<WireAnswer<"join"> | undefined>;
  /** Closes the open conversation, which remains in the account. */
  leaveConversation(): Promise<Answer | undefined>;
  hideJoins(on: boolean): void;
  /**
   * Returns the room of a saved message, or of a message in the open room.
   * @throws {Fault} not-found, not-member
   */
  roomOfSaved(seq: number, isSaved: boolean): Promise<string>;
  show(view: View): Promise<Answer | undefined>;
}

export function usageFor({ usage }: Pick<Command, "usage">, ui: Ui): string {
  return typeof usage === "string" ? usage : usage[ui];
}

/** @returns `undefined` if the number of words is not in this range */
export function splitWords(text: string, min: number, max: number): readonly string[] | undefined {
  const words = text === "" ? [] : text.split(/\s+/);
  return words.length >= min && words.length <= max ? words : undefined;
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

/** Parses `on` or `off`. @param defaultValue result if the argument is empty */
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
