/** The client in which slash commands run, as they see it. */

import type { Fault } from "../../base/fault.ts";
import type { Name, Target } from "../../base/names.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { enterRoom, RoomOptions } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import type { JsonObject, ShownRecord } from "../output/render.ts";
import type { SlashRow } from "./slash-grammar.ts";

/** Output of commands, and questions to the user. */
export interface SlashConsole {
  /** Join and leave events are hidden. */
  isQuiet: boolean;
  /** Messages that a command without a number refers to. */
  readonly recent: {
    lastOther(target: Target, me: string): number | undefined;
    lastOf(target: Target, me: string): number | undefined;
  };
  /** Prints an object for scripts, or a text for users. @param rows below the text */
  tell(line: JsonObject, text: Message | undefined, rows?: readonly string[]): void;
  /** Prints to terminals only. */
  note(text: Message, rows?: readonly string[]): void;
  /** Shows a failure after which the command continues. */
  fault(fault: Fault): void;
  /** Lists commands; a single row is the command that the user asked about. */
  help(rows: readonly SlashRow[]): void;
  record(record: ShownRecord): void;
  confirm(question: Message): Promise<boolean>;
  /**
   * Asks without echo.
   * @returns `undefined` if no user can be asked, or nothing was typed
   * @param whenGone calls back when the answer is no longer needed
   */
  secret(question: Message, whenGone?: (callback: () => void) => void): Promise<string | undefined>;
}

/** Parts of the surrounding client that slash commands use. */
export interface SlashHost {
  readonly context: Context;
  readonly open: OpenClient;
  readonly chatConsole: SlashConsole;
  readonly files: {
    /** Starts an upload. @param caption posted with the file @throws Fault */
    send(path: string, target: Target, caption?: string): Promise<void>;
    /** Starts a download. @throws Fault */
    get(id: string, out: string): void;
    /** Lists the last files of a room or conversation. @throws Fault */
    list(target: Target): Promise<void>;
  };
  /** Destination of a line of text. @throws Fault not-member, after a failed change of room */
  readonly current: Target;
  /** Room that room commands apply to, also during a direct conversation. @throws as `current` */
  readonly room: Name;
  /** Sends a message. The result is shown when it is known. @throws Fault text-invalid, … */
  post(target: Target, body: PostBody): Promise<void>;
  /** Notes that an action of this client has this `seq` in the log and will return as a record. */
  recorded(seq: number): void;
  /** Waits until all messages sent here are recorded and shown. @throws Fault link-closed */
  confirmed(): Promise<void>;
  /** Joins a room. The join returns as a record. @throws Fault as `enterRoom` */
  join(options: RoomOptions): ReturnType<typeof enterRoom>;
  /** Makes this the destination of later lines. */
  enter(target: Target): void;
  /** Switches to another room if the user left the current one. */
  leftRoom(room: string): void;
  /** A change of room or user failed. The next lines of a script were meant for the other one. */
  failedTo(change: "room" | "login"): void;
  /** Updates the destination and the user in the prompt. */
  prompt(): void;
  /** Runs a login, and resolves when its result was shown. */
  loggingIn(work: () => Promise<unknown>): Promise<void>;
  /** Shows or changes settings. @param words after `/set` @throws Fault usage */
  set(words: string): void;
  /**
   * Mutes or unmutes a room or person on this device; lists all muted ones if `on` is `undefined`.
   * @param target the open one if `undefined`
   * @throws Fault usage, not-member, room-unknown, too-many
   */
  notify(on: boolean | undefined, target: string | undefined): void;
  /** Ends after everything sent so far is settled. */
  quit(): Promise<void>;
}
