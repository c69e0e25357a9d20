/** Host of slash commands, shared by line mode and the full screen. */

import { Fault, msg } from "../../base/fault.ts";
import { formatTarget, type Name } from "../../base/names.ts";
import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { sealedEdit } from "../../client/sealed/body.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Answer, Host, JoinOrder, View, Whose } from "../../ui/commands/command.ts";
import type { Message, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import { type JoinRoomOptions, joinRoom, joinWithRetry } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import type { DisplayRecord, JsonObject } from "../output/render.ts";
import { checkReaction, checkText } from "./post.ts";
import type { SlashRow } from "./slash-grammar.ts";

/** Output of commands, and questions to the user. */
export interface SlashConsole {
  readonly texts: TerminalTexts;
  /** Join and leave events are hidden. */
  isQuiet: boolean;
  /** Prints an object for scripts, or a text for users. @param rows below the text */
  print(line: JsonObject, text: Message | undefined, rows?: readonly string[]): void;
  /** Prints to terminals only. */
  note(text: Message, rows?: readonly string[]): void;
  /** Shows a failure after which the command continues. */
  fault(fault: Fault): void;
  /** Lists commands; a single row is the command that the user asked about. */
  help(rows: readonly SlashRow[]): void;
  record(record: DisplayRecord): void;
  confirm(question: Message): Promise<boolean>;
  /** Asks without echo. @returns `undefined` if no user can be asked, or nothing was typed */
  secret(question: Message): Promise<string | undefined>;
}

export abstract class SlashHost implements Host {
  readonly context: Context;
  readonly open: OpenClient;
  abstract readonly chatConsole: SlashConsole;
  abstract readonly files: {
    /** Starts an upload. @param caption posted with the file @throws Fault */
    send(path: string, target: string, caption?: string): Promise<void>;
    /** Starts a download. @throws Fault */
    get(id: string, out: string): void;
    /** Lists the last files of a room or conversation. @throws Fault */
    list(target: string): Promise<void>;
  };
  /** Destination of a line of text. @throws Fault not-member, after a failed change of room */
  abstract readonly current: string;
  abstract readonly room: Name;
  /** Resolved, and replaced, each time a connection is ready. */
  #ready = Promise.withResolvers<void>();

  constructor(context: Context, open: OpenClient) {
    this.context = context;
    this.open = open;
  }

  /** Sends a message. The result is shown when it is known. @throws Fault */
  protected abstract submit(target: string, body: PostBody): Promise<void>;
  /** Number of the last message here; `undefined` if there is none. */
  protected abstract lastSeq(whose: Whose): number | undefined;
  abstract show(view: View): Promise<undefined>;
  /** Waits until all messages sent here are recorded and shown. @throws Fault link-closed */
  abstract waitUntilConfirmed(): Promise<void>;
  /** Makes this the destination of later lines. */
  abstract switchTo(target: string): void;
  /** Switches to another room if the user left the current one. */
  abstract leftRoom(room: string): void;
  /** Runs a login, and resolves when its result was shown. */
  abstract runLogin(work: () => Promise<unknown>): Promise<void>;
  /** Shows or changes settings. @param argument after `/set` @throws Fault usage */
  abstract set(argument: string): void;
  /**
   * Mutes or unmutes a room or person on this device; lists all muted ones if `on` is `undefined`.
   * @param target the open one if `undefined`
   * @throws Fault usage, not-member, room-unknown, too-many
   */
  abstract notify(on: boolean | undefined, target: string | undefined): void;
  /** Ends after everything sent so far is settled. */
  abstract quit(): Promise<void>;

  /** Notes that an action of this client has this `seq` in the log and will return as a record. */
  recorded(_seq: number): void {}

  /** A change of room or user failed. The next lines of a script were meant for the other one. */
  changeFailed(_change: "room" | "login"): void {}

  /** Updates the destination and the user in the prompt. */
  prompt(): void {}

  /** Name of the user; before the login, the one that logs in. */
  get me(): string {
    return this.open.client.user ?? this.open.user;
  }

  /** The current room or conversation; `undefined` if it is not known yet. */
  get view(): RoomView | undefined {
    return viewOf(this.open, this.current);
  }

  unixMs(): number {
    return this.context.clock.unixMs();
  }

  /** @throws Fault text-invalid, too-large, … */
  async post(body: PostBody, target = this.current): Promise<void> {
    if (body.react === undefined) checkText(body.text);
    else checkReaction(body.react);
    return this.submit(target, withMentions(body));
  }

  react(re: number, react: string): Promise<void> {
    return this.post({ text: "", react, re });
  }

  /** Edits an own message or caption; in a sealed room the edit is a message. */
  async edit(seq: number, text: string): Promise<number | undefined> {
    const { current } = this;
    const { client } = this.open;
    if (sealedRoomAt(client, current) === undefined) {
      return (await client.request("edit", { seq, text })).seq;
    }
    await client.post(current, sealedEdit({ seq, text }));
    return undefined;
  }

  async erase(seq: number): Promise<number> {
    return (await this.open.client.request("erase", { seq })).seq;
  }

  async resolveSeq(seq: number | undefined, whose: Whose): Promise<number> {
    if (seq !== undefined) return seq;
    if (whose === "own") await this.waitUntilConfirmed(); // The last message may be unsent.
    const last = this.lastSeq(whose);
    if (last !== undefined) return last;
    throw whose === "own"
      ? new Fault("not-found", msg`you have no messages here`, {
          remedy: msg`specify its number`,
        })
      : new Fault("not-found", msg`no messages from other users here`, {
          remedy: msg`specify the message number that --json and history show`,
        });
  }

  join(order: JoinOrder): ReturnType<typeof joinRoom> {
    const { room, password, sealed } = order;
    const askCreate: Message = (texts) => texts.askCreate(room, password, sealed);
    return this.joinRoom({ ...order, mayCreate: () => this.chatConsole.confirm(askCreate) });
  }

  /** The join returns as a record. @throws Fault as `enterRoom` */
  protected joinRoom(options: JoinRoomOptions): ReturnType<typeof joinRoom> {
    return joinRoom(this.open.client, options);
  }

  /** A conversation cannot be left: the last room becomes current again. */
  leaveConversation(): Promise<Answer> {
    const { room } = this;
    return Promise.resolve({ note: (texts) => texts.backIn(room), enter: room });
  }

  hideJoins(on: boolean): void {
    this.open.state.setPreference("quiet", on ? "on" : "off");
    this.chatConsole.isQuiet = on;
  }

  async roomOfSaved(seq: number, isSaved: boolean): Promise<string> {
    const { client } = this.open;
    if (isSaved) {
      const found = (await client.request("prefs", {})).saved.find(
        (message) => message.seq === seq,
      );
      if (found === undefined) throw new Fault("not-found", msg`message ${seq} is not saved`);
      return found.room;
    }
    const { current, view } = this;
    if (view === undefined) throw new Fault("not-member", msg`no messages here yet`);
    const query = { after: seq - 1, before: seq + 1, limit: 1 };
    const { records } = await client.history({ target: current, ...query });
    if (records.length > 0) return view.id;
    throw new Fault("not-found", msg`no message ${seq} here`, {
      remedy: msg`in its room, specify the number that --json and history show`,
    });
  }

  /** Notes that a connection is ready. */
  ready(): void {
    const { resolve } = this.#ready;
    this.#ready = Promise.withResolvers();
    resolve();
  }

  /**
   * Joins the rooms of the command line once the server has listed the account's rooms.
   * @param onJoined receives each name as the server spells it
   */
  async joinRooms(rooms: readonly Name[], onJoined?: (room: string) => void): Promise<void> {
    const nextLink = () => this.#ready.promise;
    await nextLink();
    const { roomSecret } = this.open;
    for (const room of rooms) {
      const enter = () => this.joinRoom({ room, roomSecret });
      const { created, name } = await joinWithRetry(enter, nextLink);
      if (created) this.chatConsole.note((texts) => texts.roomMade(room));
      onJoined?.(name);
    }
  }
}

/** `undefined` if the room or conversation is not known yet. */
export function viewOf({ client }: OpenClient, target: string): RoomView | undefined {
  return client.rooms.find((room) => isSameName(formatTarget(room), target));
}
