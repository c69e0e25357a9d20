/** Interface of the services of a server, and of the handlers of their requests. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Submission } from "../../core/rooms/commands.ts";
import type { ModeratorActor } from "../../core/rooms/moderation.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Answer, REQUESTS, RequestKind, RequestOf } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel, MemberState } from "../session/connection-state.ts";
import type { Kernel } from "./kernel.ts";

/**
 * A synchronous handler answers in the tick of the request.
 * @throws {Fault} if the request is refused; a returned promise may reject with a fault
 */
export type RequestHandler<Kind extends RequestKind> = (
  request: RequestOf<Kind>,
  from: SenderOf<Kind>,
) => Result<Kind> | Promise<Result<Kind>>;

export type HandlerTable = { readonly [Kind in RequestKind]: RequestHandler<Kind> };
export type SomeHandlers = Partial<HandlerTable>;

export class Deferred {
  readonly #brand = true;

  static is(result: unknown): result is Deferred {
    return result instanceof Deferred && result.#brand;
  }
}

export const DEFERRED = new Deferred();

export type Result<Kind extends RequestKind> = AnswerTo<Kind> | Deferred;
type AnswerTo<Kind extends RequestKind> = [keyof Answer<Kind>] extends [never]
  ? // biome-ignore lint/suspicious/noConfusingVoidType: handlers return what services return.
    void
  : Answer<Kind>;

type SenderOf<Kind extends RequestKind> = (typeof REQUESTS)[Kind] extends {
  readonly phase: infer Phase extends keyof Senders;
}
  ? Senders[Phase]
  : (typeof REQUESTS)[Kind] extends { readonly needsAccount: false }
    ? Senders["operator"]
    : Sender;

export interface Senders {
  readonly entering: { readonly client: ClientConnection };
  readonly member: Sender;
  /** `actor` is `undefined` before log-in, where only the operator token grants the request. */
  readonly operator: {
    readonly client: ClientConnection;
    readonly actor: ModeratorActor | undefined;
  };
  readonly lane: { readonly client: ClientConnection; readonly channel: DataChannel };
}

export interface Sender {
  readonly client: ClientConnection;
  readonly member: MemberState;
  readonly account: Account;
  readonly actor: ModeratorActor;
  readonly ref: number;
}

/** @throws {Fault} not-allowed in a session of an IRC client */
export function deviceOf({ device }: MemberState): string {
  if (device !== undefined) return device;
  throw new Fault("not-allowed", "this requires a device, and IRC clients have none");
}

/** @throws {Fault} not-logged-in before log-in */
export function requireActor(actor: ModeratorActor | undefined): ModeratorActor {
  if (actor !== undefined) return actor;
  throw loginRequired();
}

export function loginRequired(): Fault {
  return new Fault("not-logged-in", msg`you are not logged in`);
}

export function signedOut(): Fault {
  return new Fault("login-refused", msg`this device was signed out`, { remedy: msg`log in again` });
}

export function submit(
  kernel: Pick<Kernel, "serve">,
  { client, actor, ref }: Sender,
  command: Submission,
  onSettled?: () => void,
): Deferred {
  kernel.serve(client, actor.user, ref, command, onSettled);
  return DEFERRED;
}

/**
 * Part of a server. The server calls each hook on all services, in the order of its list of
 * services.
 */
export interface Service {
  readonly handlers?: SomeHandlers;
  /** Called once per record of the history, before any request is settled. */
  onRecord?(room: Room, record: LogRecord): void;
  /** Called once per record of the accounts log. */
  onAccountRecord?(record: LogRecord, before: PreviousAccountState): void;
  onLogin?(client: ClientConnection, member: MemberState, request: LoginRequest): void;
  onLogout?(client: ClientConnection, member: MemberState): void;
  onClosed?(client: ClientConnection): void;
  /** An account may have come online or gone offline, even one without rooms. */
  onPresence?(): void;
  /** An account has posted, read or typed. */
  onActivity?(user: UserId): void;
  /** Called once per second. */
  tick?(): void;
  /** Called after the records of the logs have been applied, before the first client connects. */
  start?(): void | Promise<void>;
  /** Ends timers and streams, before the last records are written. */
  stop?(): void;
  /** Stores state, after the last client has disconnected. */
  close?(): Promise<void>;
}

export interface LoginRequest {
  readonly ref: number;
  /** Seq of the last record that the device has received. */
  readonly after?: number | undefined;
}

export interface PreviousAccountState {
  readonly hadReset: boolean;
}

/** Refuses the requests of a service that is disabled. */
export function disabled(message: string, kinds: readonly string[]): Service {
  const refuse = () => {
    throw disabledFault(message);
  };
  return { handlers: Object.fromEntries(kinds.map((kind) => [kind, refuse])) };
}

export function disabledFault(message: string): Fault {
  return new Fault("not-allowed", message, { remedy: "ask the server's owner" });
}

export const NO_SEALING = "encrypted rooms are disabled on this server";
