/** Dispatch of requests to their handlers. */

import { Fault, msg } from "../../base/fault.ts";
import type { Account, Registry } from "../../core/rooms/accounts.ts";
import type { Submission } from "../../core/rooms/commands.ts";
import type { Actor } from "../../core/rooms/moderation.ts";
import {
  type Answer,
  type REQUESTS,
  type Request,
  type RequestKind,
  type RequestOf,
  requestRow,
} from "../../wire/messages.ts";
import { checkOperator, isOperating } from "../auth/operator-link.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel, Member } from "../session/connection-state.ts";

/**
 * A synchronous handler answers in the tick of the request.
 * @throws {Fault} if the request is refused; a returned promise may reject with a fault
 */
export type Handler<Kind extends RequestKind> = (
  request: RequestOf<Kind>,
  from: SenderOf<Kind>,
) => Result<Kind> | Promise<Result<Kind>>;

export type Handlers<Kinds extends RequestKind> = { readonly [Kind in Kinds]: Handler<Kind> };

class Deferred {
  readonly #brand = true;

  static is(result: unknown): result is Deferred {
    return result instanceof Deferred && result.#brand;
  }
}

export const DEFERRED = new Deferred();

type Result<Kind extends RequestKind> = AnswerTo<Kind> | Deferred;
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

interface Senders {
  readonly entering: { readonly client: ClientConnection };
  readonly member: Sender;
  /** `actor` is `undefined` before log-in, where only the operator token grants the request. */
  readonly operator: { readonly client: ClientConnection; readonly actor: Actor | undefined };
  readonly lane: { readonly client: ClientConnection; readonly channel: DataChannel };
}

export interface Sender {
  readonly client: ClientConnection;
  readonly member: Member;
  readonly account: Account;
  readonly actor: Actor;
  readonly ref: number;
}

export interface SessionActions {
  logIn(client: ClientConnection, account: Account, ref: number, after: number | undefined): void;
  logOut(client: ClientConnection): void;
  openChannel(client: ClientConnection, ticket: string): Answer<"lane">;
}

/** @throws {Fault} not-allowed in a session of an IRC client */
export function deviceOf({ device }: Member): string {
  if (device !== undefined) return device;
  throw new Fault("not-allowed", "this requires a device, and IRC clients have none");
}

/** @throws {Fault} not-logged-in before log-in */
export function requireActor(actor: Actor | undefined): Actor {
  if (actor !== undefined) return actor;
  throw notLoggedIn();
}

export function submit(
  kernel: Pick<Kernel, "serve">,
  { client, actor, ref }: Sender,
  command: Submission,
): Deferred {
  kernel.serve(client, actor.user, ref, command);
  return DEFERRED;
}

export class RequestHandlers {
  readonly #handlers: Handlers<RequestKind>;
  readonly #registry: Pick<Registry, "policy">;

  constructor(handlers: Handlers<RequestKind>, registry: Pick<Registry, "policy">) {
    this.#handlers = handlers;
    this.#registry = registry;
  }

  /** A post reaches the engine in this tick, unless it is a reaction that requires a lookup. */
  handle(client: ClientConnection, request: Request): Promise<void> | undefined {
    const { kind, ref } = request;
    const reply = (result: Result<RequestKind>) => {
      if (!Deferred.is(result)) client.answer(ref, result ?? {});
    };
    const handler = this.#handlers[kind] as (request: Request, from: unknown) => HandlerResult;
    const result = handler(request, this.#sender(client, request));
    if (result instanceof Promise) return result.then(reply);
    reply(result);
    return undefined;
  }

  #sender(client: ClientConnection, { kind, ref }: Request): Senders[keyof Senders] {
    const { phase, role, needsAccount } = requestRow(kind);
    if (phase === "entering") return { client };
    const { member, channel } = client;
    if (phase === "lane" && channel !== undefined) return { client, channel };
    if (phase === "lane" || member === undefined) {
      if (needsAccount !== false || !client.isOperator) throw notLoggedIn();
      return { client, actor: undefined };
    }
    const { account } = member;
    const { id: user } = account;
    const actor = { user, isOperator: isOperating(client, account, this.#registry) };
    if (role === "operator") checkOperator(actor);
    return { client, member, account, actor, ref };
  }
}

function notLoggedIn(): Fault {
  return new Fault("not-logged-in", msg`you are not logged in`);
}

type HandlerResult = Result<RequestKind> | Promise<Result<RequestKind>>;

export const NO_FILES = "file transfer is disabled on this server";
export const NO_SEALING = "encrypted rooms are disabled on this server";
export const NO_PUSHES = "push notifications are disabled on this server";

export function required<Service>(service: Service | undefined, message: string): Service {
  if (service !== undefined) return service;
  throw new Fault("not-allowed", message, { remedy: "ask the server's owner" });
}
