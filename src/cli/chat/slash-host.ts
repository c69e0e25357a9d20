/** Base class of the line client and the full-screen client, which runs slash commands. */

import { Fault, msg } from "../../base/fault.ts";
import { formatTarget, type Name } from "../../base/names.ts";
import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { sealedEdit } from "../../client/sealed/body.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Answer, Host, JoinArgs, MessageAuthor, View } from "../../ui/command.ts";
import type { Message, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import { type JoinRoomOptions, joinRoom, joinWithRetry } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import type { JsonObject } from "../output/render.ts";
import { checkReaction, checkText } from "./post.ts";
import type { SlashRow } from "./slash-grammar.ts";

export interface SlashConsole {
  readonly texts: TerminalTexts;
  isQuiet: boolean;
  print(line: JsonObject, text: Message | undefined, rows?: readonly string[]): void;
  note(text: Message, rows?: readonly string[]): void;
  fault(fault: Fault): void;
  help(rows: readonly SlashRow[]): void;
  confirm(question: Message): Promise<boolean>;
  /** Reads a secret without echo. `undefined` if no user can answer or the answer is empty. */
  secret(question: Message): Promise<string | undefined>;
}

export abstract class SlashHost implements Host {
  readonly context: Context;
  readonly open: OpenClient;
  abstract readonly chatConsole: SlashConsole;
  abstract readonly files: {
    send(path: string, target: string, caption?: string): Promise<void>;
    get(id: string, out: string): void;
    list(target: string): Promise<void>;
  };
  abstract readonly current: string;
  abstract readonly room: Name;
  /** Resolved when a connection is ready, and then replaced for the next connection. */
  #ready = Promise.withResolvers<void>();

  constructor(context: Context, open: OpenClient) {
    this.context = context;
    this.open = open;
  }

  protected abstract submit(target: string, body: PostBody): Promise<void>;
  protected abstract lastSeq(
    whose: MessageAuthor,
  ): Promise<number | undefined> | number | undefined;
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
  abstract leftRoom(room: string): void;
  abstract runLogin(login: () => Promise<unknown>): Promise<void>;
  /**
   * @param argument text after `/set`
   * @throws {Fault} usage if the argument is invalid
   */
  abstract set(argument: string): void;
  /**
   * Mutes or unmutes a target on this device, or lists the muted targets if `on` is `undefined`.
   * @param target the open target if `undefined`
   * @throws {Fault} usage, not-member, room-unknown or too-many
   */
  abstract notify(on: boolean | undefined, target: string | undefined): void;
  abstract quit(): Promise<void>;

  /** Called with the seq of the user's own action, before its record arrives. */
  recorded(_seq: number): void {}

  /**
   * After a failed change of room or login, the host must not send the following lines of a script
   * to the current destination.
   */
  changeFailed(_change: "room" | "login"): void {}

  prompt(): void {}

  /** During a login, the name of the user who is logging in. */
  get me(): string {
    return this.open.client.user ?? this.open.user;
  }

  get view(): RoomView | undefined {
    return viewOf(this.open, this.current);
  }

  unixMs(): number {
    return this.context.clock.unixMs();
  }

  async post(body: PostBody, target = this.current): Promise<void> {
    if (body.react === undefined) checkText(body.text);
    else checkReaction(body.react);
    return this.submit(target, withMentions(body));
  }

  react(re: number, react: string): Promise<void> {
    return this.post({ text: "", react, re });
  }

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
    if (whose === "own") await this.waitUntilConfirmed();
    const last = await this.lastSeq(whose);
    if (last !== undefined) return last;
    throw whose === "own"
      ? new Fault("not-found", msg`you have no messages here`, {
          remedy: msg`specify its number`,
        })
      : new Fault("not-found", msg`no messages from other users here`, {
          remedy: msg`specify the message number that /history shows`,
        });
  }

  join(order: JoinArgs): ReturnType<typeof joinRoom> {
    const { room, password, sealed } = order;
    const askCreate: Message = (texts) => texts.askCreate(room, password, sealed);
    return this.joinRoom({ ...order, mayCreate: () => this.chatConsole.confirm(askCreate) });
  }

  protected joinRoom(options: JoinRoomOptions): ReturnType<typeof joinRoom> {
    return joinRoom(this.open.client, options);
  }

  /** Opens the last room, because a conversation cannot be left. */
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
      remedy: msg`switch to its room first; chat history shows message numbers`,
    });
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

export function viewOf({ client }: OpenClient, target: string): RoomView | undefined {
  return client.rooms.find((room) => isSameName(formatTarget(room), target));
}
