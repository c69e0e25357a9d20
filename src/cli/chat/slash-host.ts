import type { Fault } from "../../base/fault.ts";
import type { Name, Target } from "../../base/names.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { enterRoom, RoomOptions } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import type { JsonObject, ShownRecord } from "../output/render.ts";
import type { SlashRow } from "./slash-grammar.ts";

/** Where answers of commands go, and who is asked. */
export interface SlashConsole {
  /** Who comes and goes is hidden. */
  isQuiet: boolean;
  /** Which messages a command without a number means. */
  readonly recent: {
    lastOther(target: Target, me: string): number | undefined;
    lastOf(target: Target, me: string): number | undefined;
  };
  /** Prints an object for scripts, or a text for users. @param rows below the text */
  tell(line: JsonObject, text: Message | undefined, rows?: readonly string[]): void;
  /** For people only. */
  note(text: Message, rows?: readonly string[]): void;
  /** A failure after which the command goes on. */
  fault(fault: Fault): void;
  /** Lists commands; a single one is the one that was asked about. */
  help(rows: readonly SlashRow[]): void;
  record(record: ShownRecord): void;
  confirm(question: Message): Promise<boolean>;
  /**
   * Without echo. @returns undefined if no user can be asked, or none was typed
   * @param whenGone calls back when nobody waits for the answer any more
   */
  secret(question: Message, whenGone?: (callback: () => void) => void): Promise<string | undefined>;
}

/** What commands that are typed in a conversation use of the client around them. */
export interface SlashHost {
  readonly context: Context;
  readonly open: OpenClient;
  readonly chatConsole: SlashConsole;
  readonly files: {
    /** Begins to send. @param caption said with it @throws Fault */
    send(path: string, target: Target, caption?: string): Promise<void>;
    /** Begins to fetch. @throws Fault */
    get(id: string, out: string): void;
    /** The last files of a room or conversation. @throws Fault */
    list(target: Target): Promise<void>;
  };
  /** Where a line of text goes. @throws Fault not-member, after a failed change of room */
  readonly current: Target;
  /** Where room commands go, also in a direct conversation. @throws as `current` */
  readonly room: Name;
  /** Sends a message. The result is shown when it is known. @throws Fault text-invalid, … */
  post(target: Target, body: PostBody): Promise<void>;
  /** An act of this client has this `seq` in the log, and comes back as a record. */
  recorded(seq: number): void;
  /** Waits until all messages sent here are recorded and shown. @throws Fault link-closed */
  confirmed(): Promise<void>;
  /** Enters a room. The join comes back as a record. @throws Fault as `enterRoom` */
  join(options: RoomOptions): ReturnType<typeof enterRoom>;
  /** Makes this the place to which lines go. */
  enter(target: Target): void;
  /** Goes to another room, if the user left the current one. */
  leftRoom(room: string): void;
  /** A change of room or user failed. The next lines of a script were meant for the other one. */
  failedTo(change: "room" | "login"): void;
  /** Shows anew where a line goes, and who is in. */
  prompt(): void;
  /** Runs a log-in, and resolves when it was shown. */
  loggingIn(work: () => Promise<unknown>): Promise<void>;
  /** Shows or changes settings. @param words behind `/set` @throws Fault usage */
  set(words: string): void;
  /**
   * Mutes or unmutes a room or person on this device; without `on` it shows all muted ones.
   * @param target the open one if left out
   * @throws Fault usage, not-member, room-unknown, too-many
   */
  notify(on: boolean | undefined, target: string | undefined): void;
  /** Ends after everything sent so far is settled. */
  quit(): Promise<void>;
}
