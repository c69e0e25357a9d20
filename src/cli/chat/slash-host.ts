/** Base class of the line client and the full-screen client, which runs slash commands. */

import { Fault, type FaultCode, msg } from "../../base/fault.ts";
import type { Name } from "../../base/names.ts";
import { proposedBy } from "../../base/near-name.ts";
import type { TimeContext } from "../../base/parse-time.ts";
import { cleanText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import type { Client } from "../../client/client.ts";
import type { PutInPlan } from "../../client/put-in.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { checkText } from "../../core/client/post-text.ts";
import {
  type FileOfItem,
  fileErasure,
  findItem,
  roomOf,
  routed,
} from "../../core/model/selectors.ts";
import type { RoomState, SearchQuery } from "../../core/model/state.ts";
import type { Host, JoinArgs, View, Views } from "../../ui/command.ts";
import type { TerminalMessage, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import { repliesQuery } from "../../ui/search-query.ts";
import { quotedText } from "../../ui/text/event-text.ts";
import { personText } from "../../ui/text/person-text.ts";
import type { Answer, PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import type { OutgoingFiles } from "../files/outgoing-files.ts";
import type { JsonOutput } from "../output/render.ts";
import { checkReaction } from "./post.ts";
import type { SlashRow } from "./slash-grammar.ts";

/** Length of the message that a question names. */
const ERASED_COLUMNS = 60;

export interface SlashConsole {
  readonly texts: TerminalTexts;
  /** Whether a user types, who can answer. */
  readonly isInteractive: boolean;
  isQuiet: boolean;
  print(line: JsonOutput, text: TerminalMessage | undefined, rows?: readonly string[]): void;
  /** Empties the screen. */
  clear(): void;
  note(text: TerminalMessage, rows?: readonly string[]): void;
  fault(fault: Fault): void;
  help(rows: readonly SlashRow[]): void;
  /** @param first answer that a menu offers first; `yes` only for what the user has asked for */
  confirm(question: TerminalMessage, first?: "yes"): Promise<boolean>;
  /** Reads a secret without echo. `undefined` if no user can answer or the answer is empty. */
  secret(question: TerminalMessage, before?: Fault): Promise<string | undefined>;
}

export abstract class SlashHost implements Host {
  abstract readonly chatConsole: SlashConsole;
  abstract readonly files: {
    send(paths: readonly string[], target: string, body: PostBody): Promise<void>;
    get(id: string, out: string): void;
    list(target: string): Promise<void>;
    readonly waiting: Pick<OutgoingFiles, "command">;
  };
  abstract readonly current: string;
  /** Resolved when a connection is ready, and then replaced for the next connection. */
  #ready = Promise.withResolvers<void>();

  constructor(
    readonly context: Context,
    readonly open: OpenClient,
  ) {}

  protected abstract submit(target: string, body: PostBody): Promise<void>;
  /**
   * Shows messages that a command has found.
   * @param command such as `/pins`
   * @param records oldest first
   * @returns the number of messages shown
   */
  abstract list(command: string, records: readonly ChatRecord[]): number;
  abstract show(view: View): Promise<undefined>;
  /**
   * Waits until all messages sent by this client are recorded and displayed.
   * @throws {Fault} link-closed if the connection closes
   */
  abstract waitUntilConfirmed(): Promise<void>;
  abstract switchTo(target: string): void;

  /**
   * Taken when a command starts. Returns whether its answer may still move the user, who may have
   * typed or opened something since.
   */
  moment(): () => boolean {
    return () => true;
  }

  /** Says where an answer that came too late would have led. */
  noteReady(_target: string): void {}

  /** Opens the target of an answer, if the user is still where the command was typed. */
  follow(target: string, isCurrent: () => boolean): void {
    if (isCurrent()) this.switchTo(target);
    else this.noteReady(target);
  }
  abstract leftRoom(room: string): void;
  abstract runLogin(login: () => Promise<unknown>): Promise<void>;
  /**
   * @param argument text after `/set`
   * @throws {Fault} usage if the argument is invalid
   */
  abstract set(argument: string): void;
  /**
   * Reports a target's level on the account, mutes or unmutes it on this device (`on` and `off`),
   * or lists the muted targets if `level` is `undefined`.
   * @throws {Fault} usage, not-member, room-unknown, user-unknown or too-many
   */
  abstract notify(view: Views["notify"]): Promise<void> | void;
  /** @throws {Fault} usage if the text is not a time */
  abstract jump(to: Views["jump"]["to"]): Promise<void>;
  abstract search(query: SearchQuery): Promise<void> | void;
  /** Shows what is new for the account. */
  abstract inbox(): Promise<void> | void;

  /** Opens the message with this number in the last list. */
  go(_number: number): Promise<void> | void {
    throw usageFault(msg`${"/go"} works only in line mode`, msg`run with --plain, or press Alt-I`);
  }

  /** Lists the replies to a message. */
  openThread(seq: number): Promise<void> | void {
    return this.search(repliesQuery(this.current, seq));
  }

  abstract quit(): Promise<void>;

  /** Called with the seq of the user's own action, before its record arrives. */
  recorded(_seq: number): void {}

  /**
   * After a failed change of room or login, the host must not send the following lines of a script
   * to the current destination.
   */
  changeFailed(_change: "room" | "login"): void {}

  prompt(): void {}

  get thread(): number | undefined {
    return undefined;
  }

  get answered(): number | undefined {
    return undefined;
  }

  get chat(): Client {
    return this.open.client;
  }

  /** During a login, the name of the user who is logging in. */
  get me(): string {
    return this.open.client.user ?? this.open.user;
  }

  get view(): RoomState | undefined {
    return roomOf(this.chat.store.current, this.current);
  }

  unixMs(): number {
    return this.context.clock.unixMs();
  }

  get times(): TimeContext {
    return { nowUnixMs: this.unixMs(), offsetMinutes: this.context.offsetMinutes };
  }

  async post(body: PostBody, target = this.current): Promise<void> {
    if (body.react !== undefined) {
      checkReaction(body.react);
      return this.submit(target, body);
    }
    checkText(body.text);
    const post = routed(this.chat.model, target, body);
    return this.submit(post.to, withMentions(post.body));
  }

  async sent(): Promise<void> {
    await this.waitUntilConfirmed();
    await this.chat.actions.sent(this.current);
  }

  async erase(seq: number): Promise<number | undefined> {
    const item = findItem(this.chat.store.current, seq);
    const author = item?.from === undefined ? "" : `${personText(this.chat.model, item.from)}: `;
    const of = item === undefined ? `#${seq}` : `${author}${quotedText(item, ERASED_COLUMNS)}`;
    if (!(await this.chatConsole.confirm((texts) => texts.askErase(of)))) return undefined;
    return (await this.chat.request("erase", { seq })).seq;
  }

  async eraseFile({ item, file }: FileOfItem): Promise<number | undefined> {
    const question: TerminalMessage = (texts) => texts.askEraseFile(cleanText(file.name));
    if (!(await this.chatConsole.confirm(question))) return undefined;
    return (await this.chat.request("erase", fileErasure(item, file.file))).seq;
  }

  confirmDeparture(room: string): Promise<boolean> {
    return this.chatConsole.confirm((texts) => texts.askLeaveLast(room));
  }

  confirmPutIn({ target, users }: PutInPlan): Promise<boolean> {
    const { isOperator } = this.chat.model;
    return this.chatConsole.confirm((texts) =>
      texts.askPutIn(users.length, `#${target}`, isOperator),
    );
  }

  /** @returns `undefined` if the user declined to create the room */
  async join({ mayCreate, ...order }: JoinArgs): Promise<Answer<"join"> | undefined> {
    const { room, password, sealed = false } = order;
    let isDeclined = false;
    const onUnknown = async (refusal: Fault) => {
      if (mayCreate === false) return false;
      const near = this.#roomLike(order, refusal);
      const { chatConsole } = this;
      const askInstead: TerminalMessage = (texts) => texts.askInstead(room, near ?? "");
      if (near !== undefined && (await chatConsole.confirm(askInstead, "yes"))) return near;
      const askCreate: TerminalMessage = (texts) => texts.askCreate(room, password, sealed);
      isDeclined = !(await chatConsole.confirm(askCreate, "yes"));
      return !isDeclined;
    };
    try {
      return await this.joinRoom({ ...order, onUnknown });
    } catch (error) {
      if (isDeclined) return undefined;
      throw error;
    }
  }

  /** Returns the room that the server proposes. */
  #roomLike({ password, sealed, assignment }: JoinArgs, refusal: Fault): string | undefined {
    const isNew = password !== undefined || sealed === true || assignment === true;
    // In a script, the name is taken as it is written.
    return isNew || !this.chatConsole.isInteractive ? undefined : proposedBy(refusal);
  }

  protected joinRoom(options: JoinRoomOptions): ReturnType<typeof joinRoom> {
    return joinRoom(this.open.client, options);
  }

  noteRoom(room: string): void {
    this.chatConsole.note((texts) => texts.appliesTo(room));
  }

  hideJoins(on: boolean): void {
    this.open.state.setPreference("quiet", on ? "on" : "off");
    this.chatConsole.isQuiet = on;
  }

  ready(): void {
    const { resolve } = this.#ready;
    this.#ready = Promise.withResolvers();
    resolve();
  }

  /**
   * Joins the rooms named on the command line, after the server has listed the account's rooms.
   * @param onJoined receives each room's name as the server spells it
   */
  async joinRooms(rooms: readonly Name[], onJoined?: (room: string) => void): Promise<void> {
    const nextLink = () => this.#ready.promise;
    await nextLink();
    const { roomSecret } = this.open;
    for (const room of rooms) {
      const enter = () => this.joinRoom({ room, roomSecret });
      const { created, name } = await joinWithRetry(enter, nextLink);
      if (created) this.chatConsole.note((texts) => texts.roomCreated(room));
      onJoined?.(name);
    }
  }
}

/** Faults that mean a lost link. Over UDP, a stopped server causes a timeout. */
const LINK_LOST_CODES: ReadonlySet<FaultCode> = new Set([
  "link-closed",
  "shutting-down",
  "timeout",
]);

export interface JoinRoomOptions {
  readonly room: string;
  readonly password?: string | undefined;
  /** Server-wide secret, tried if the room has a password and `password` is absent. */
  readonly roomSecret?: string | undefined;
  /**
   * Tells whether to create an unknown room, or which room to join instead. If absent, it is
   * created.
   */
  readonly onUnknown?: (refusal: Fault) => Promise<boolean | string>;
  readonly sealed?: boolean;
  readonly assignment?: boolean;
}

/**
 * Creates the room if necessary.
 * @throws {Fault} room-unknown, room-password-wrong, approval-needed, …
 */
export async function joinRoom(client: Client, options: JoinRoomOptions): Promise<Answer<"join">> {
  const { room, password, roomSecret, assignment } = options;
  const sealed = options.sealed === true || undefined;
  const fields = defined({ room, password, assignment, sealed });
  try {
    return await client.actions.enter(fields);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "room-unknown") {
      const choice = (await options.onUnknown?.(error)) ?? true;
      if (choice === false) throw error;
      if (choice !== true) return client.actions.enter({ room: choice });
      return client.request("join", { ...fields, create: true });
    }
    const fallbackPassword = password === undefined ? roomSecret : undefined;
    if (error.code !== "room-password-wrong" || fallbackPassword === undefined) throw error;
    return client.request("join", { ...fields, password: fallbackPassword });
  }
}

/** @internal */
export async function joinWithRetry(
  join: () => ReturnType<typeof joinRoom>,
  nextLink: () => Promise<void>,
): ReturnType<typeof joinRoom> {
  for (;;) {
    const next = nextLink();
    try {
      return await join();
    } catch (error) {
      if (!(error instanceof Fault) || !LINK_LOST_CODES.has(error.code)) throw error;
    }
    await next;
  }
}
