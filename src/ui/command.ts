/** Types and parsers for the slash commands that the terminal and the page share. */

import { Fault, msg } from "../base/fault.ts";
import type { RoomActor } from "../client/chat/room-actions.ts";
import type { PostBody, Answer as WireAnswer } from "../wire/messages.ts";
import type { Message } from "./messages/en/terminal.ts";

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
  run(args: Args, session: RoomActor, host: Host): Promise<Answer | undefined>;
}

export type MessageAuthor = "other" | "own";

export interface Answer {
  readonly json?: { readonly kind: string; readonly [field: string]: unknown };
  readonly text?: Message;
  readonly rows?: readonly string[];
  readonly note?: Message;
  readonly seq?: number | undefined;
  readonly roomToOpen?: string;
  readonly leftRoom?: string;
}

export type SimpleView =
  | ("list" | "rooms" | "saved" | "ignored" | "pins" | "files" | "topic")
  | ("passwd" | "logout" | "quit");

/** Views that each UI displays in its own form: lines in the terminal, a dialog on the page. */
export interface Views extends Readonly<Record<SimpleView, object>> {
  readonly who: { readonly room: string | undefined };
  readonly invite: { readonly user: string | undefined };
  readonly msg: { readonly to: string; readonly text: string };
  readonly seal: { readonly user: string; readonly isConfirmed: boolean };
  readonly sealed: { readonly accept: boolean };
  readonly verify: { readonly user: string; readonly confirmation: string };
  readonly notify: { readonly on: boolean | undefined; readonly target?: string };
  readonly search: { readonly text: string };
  readonly send: { readonly input: string };
  readonly set: { readonly input: string };
  readonly "irc-password": { readonly input: string };
  readonly help: { readonly input: string };
}

export type View = { [Kind in keyof Views]: { readonly kind: Kind } & Views[Kind] }[keyof Views];

export interface JoinArgs {
  readonly room: string;
  readonly password: string | undefined;
  readonly sealed: boolean;
}

export interface Host {
  readonly current: string;
  /**
   * Room to which room commands apply, even while a conversation is open.
   * @throws {Fault} not-member
   */
  readonly room: string;
  unixMs(): number;
  post(body: PostBody): Promise<void>;
  react(seq: number, sign: string): Promise<void>;
  edit(seq: number, text: string): Promise<number | undefined>;
  /**
   * The page asks for confirmation first.
   * @returns the seq of the record, if known
   */
  erase(seq: number): Promise<number | undefined>;
  /**
   * Returns `seq` if given, otherwise the seq of the author's last message. Waits for the user's
   * own unsent messages.
   * @throws {Fault} not-found, link-closed
   */
  resolveSeq(seq: number | undefined, author: MessageAuthor): Promise<number>;
  /** @returns `undefined` if a dialog continues the command */
  join(args: JoinArgs): Promise<WireAnswer<"join"> | undefined>;
  /** Closes the view only; the conversation remains in the account. */
  leaveConversation(): Promise<Answer | undefined>;
  hideJoins(on: boolean): void;
  /** @throws {Fault} not-found, not-member */
  roomOfSaved(seq: number, isSaved: boolean): Promise<string>;
  show(view: View): Promise<Answer | undefined>;
}

export function usageFor({ usage }: Pick<Command, "usage">, ui: Ui): string {
  return typeof usage === "string" ? usage : usage[ui];
}

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
