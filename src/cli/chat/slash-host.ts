/** Base class for the hosts of slash commands: the line client and the full screen. */

import { Fault, msg } from "../../base/fault.ts";
import { formatTarget, type Name } from "../../base/names.ts";
import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { sealedEdit } from "../../client/sealed/body.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Answer, Host, JoinArgs, MessageAuthor, View } from "../../ui/commands/command.ts";
import type { Message, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import { type JoinRoomOptions, joinRoom, joinWithRetry } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import type { DisplayRecord, JsonObject } from "../output/render.ts";
import { checkReaction, checkText } from "./post.ts";
import type { SlashRow } from "./slash-grammar.ts";

/** Output of slash commands, and questions to the user. */
export interface SlashConsole {
  readonly texts: TerminalTexts;
  /** Whether the client hides join and leave events. */
  isQuiet: boolean;
  /**
   * Prints an object for scripts, or a text for users.
   * @param rows lines to print below the text
   */
  print(line: JsonObject, text: Message | undefined, rows?: readonly string[]): void;
  /** Prints a note, which appears only on terminals. */
  note(text: Message, rows?: readonly string[]): void;
  /** Prints a fault that does not end the command. */
  fault(fault: Fault): void;
  /** Prints the help for commands. A single row is the command that the user asked about. */
  help(rows: readonly SlashRow[]): void;
  record(record: DisplayRecord): void;
  confirm(question: Message): Promise<boolean>;
  /**
   * Asks for a secret without echoing the input.
   * @returns `undefined` if no user can answer or the answer is empty
   */
  secret(question: Message): Promise<string | undefined>;
}

export abstract class SlashHost implements Host {
  readonly context: Context;
  readonly open: OpenClient;
  abstract readonly chatConsole: SlashConsole;
  abstract readonly files: {
    /** Starts an upload. @param caption text posted with the file @throws {Fault} */
    send(path: string, target: string, caption?: string): Promise<void>;
    /** Starts a download. @throws {Fault} */
    get(id: string, out: string): void;
    /** Lists the newest files of a target. @throws {Fault} */
    list(target: string): Promise<void>;
  };
  /** Destination of a message. @throws {Fault} not-member after a failed change of room */
  abstract readonly current: string;
  abstract readonly room: Name;
  /** Resolved when a connection is ready, and then replaced for the next connection. */
  #ready = Promise.withResolvers<void>();

  constructor(context: Context, open: OpenClient) {
    this.context = context;
    this.open = open;
  }

  /** Sends a message. Its result is displayed later. @throws {Fault} */
  protected abstract submit(target: string, body: PostBody): Promise<void>;
  /**
   * Returns the seq of the last message in the current target; `undefined` if there is no message.
   */
  protected abstract lastSeq(whose: MessageAuthor): number | undefined;
  abstract show(view: View): Promise<undefined>;
  /**
   * Waits until all messages sent by this client are recorded and displayed.
   * @throws {Fault} link-closed if the connection closes
   */
  abstract waitUntilConfirmed(): Promise<void>;
  /** Changes the destination of the messages that the user sends next. */
  abstract switchTo(target: string): void;
  /** Opens a different room if the user has left the current room. */
  abstract leftRoom(room: string): void;
  /** Runs a login. Resolves after its result is displayed. */
  abstract runLogin(login: () => Promise<unknown>): Promise<void>;
  /**
   * Displays or changes settings.
   * @param argument text after `/set`
   * @throws {Fault} usage if the argument is invalid
   */
  abstract set(argument: string): void;
  /**
   * Mutes or unmutes a target on this device. Lists the muted targets if `on` is `undefined`.
   * @param target the open target if `undefined`
   * @throws {Fault} usage, not-member, room-unknown or too-many
   */
  abstract notify(on: boolean | undefined, target: string | undefined): void;
  /** Waits until the server has confirmed all messages and files, and ends the client. */
  abstract quit(): Promise<void>;

  /** Stores the seq of the user's own action. Its record arrives later. */
  recorded(_seq: number): void {}

  /**
   * Called after a change of room or user has failed. The following lines of a script were meant
   * for the new destination, so the host must not send them to the current destination.
   */
  changeFailed(_change: "room" | "login"): void {}

  prompt(): void {}

  /** Name of the current user, or of the user who is logging in. */
  get me(): string {
    return this.open.client.user ?? this.open.user;
  }

  /** Current room or conversation; `undefined` until it is loaded. */
  get view(): RoomView | undefined {
    return viewOf(this.open, this.current);
  }

  unixMs(): number {
    return this.context.clock.unixMs();
  }

  /** @throws {Fault} text-invalid, too-large, … */
  async post(body: PostBody, target = this.current): Promise<void> {
    if (body.react === undefined) checkText(body.text);
    else checkReaction(body.react);
    return this.submit(target, withMentions(body));
  }

  react(re: number, react: string): Promise<void> {
    return this.post({ text: "", react, re });
  }

  /**
   * Edits the user's own message or caption. In a sealed room, the client sends the edit as a
   * message.
   */
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

  async resolveSeq(seq: number | undefined, whose: MessageAuthor): Promise<number> {
    if (seq !== undefined) return seq;
    if (whose === "own") await this.waitUntilConfirmed(); // The last message may still be unsent.
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

  join(order: JoinArgs): ReturnType<typeof joinRoom> {
    const { room, password, sealed } = order;
    const askCreate: Message = (texts) => texts.askCreate(room, password, sealed);
    return this.joinRoom({ ...order, mayCreate: () => this.chatConsole.confirm(askCreate) });
  }

  /** Joins a room. The record of the join arrives later. @throws {Fault} fault of the request */
  protected joinRoom(options: JoinRoomOptions): ReturnType<typeof joinRoom> {
    return joinRoom(this.open.client, options);
  }

  /** Returns to the last room. A conversation cannot be left. */
  leaveConversation(): Promise<Answer> {
    const { room } = this;
    return Promise.resolve({ note: (texts) => texts.returnedTo(room), roomToOpen: room });
  }

  hideJoins(on: boolean): void {
    this.open.state.setPreference("quiet", on ? "on" : "off");
    this.chatConsole.isQuiet = on;
  }

  async roomOfSaved(seq: number, isSaved: boolean): Promise<string> {
    const { client } = this.open;
    if (isSaved) {
      const savedMessage = (await client.request("prefs", {})).saved.find(
        (message) => message.seq === seq,
      );
      if (savedMessage === undefined)
        throw new Fault("not-found", msg`message ${seq} is not saved`);
      return savedMessage.room;
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

  ready(): void {
    const { resolve } = this.#ready;
    this.#ready = Promise.withResolvers();
    resolve();
  }

  /**
   * Joins the rooms named on the command line. Waits until the server has listed the account's
   * rooms.
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

/** Returns a room or conversation; `undefined` until it is loaded. */
export function viewOf({ client }: OpenClient, target: string): RoomView | undefined {
  return client.rooms.find((room) => isSameName(formatTarget(room), target));
}
