/** Dispatch of requests to the handlers of the services. */

import { assert } from "../base/assert.ts";
import type { Registry } from "../core/rooms/accounts.ts";
import { REQUESTS, type Request, type RequestKind, requestRow } from "../wire/messages.ts";
import { checkOperator, isOperating } from "./auth/operator-link.ts";
import {
  Deferred,
  loginRequired,
  type Result,
  type Senders,
  type Service,
  type SomeHandlers,
} from "./kernel/service.ts";
import type { ClientConnection } from "./session/client-connection.ts";

type HandlerResult = Result<RequestKind> | Promise<Result<RequestKind>>;

export class RequestHandlers {
  #handlers: SomeHandlers = {};

  constructor(private readonly registry: Pick<Registry, "policy">) {}

  /** Checks that each request has exactly one handler. */
  open(services: readonly Service[]): void {
    const all = services.flatMap(({ handlers = {} }) => Object.entries(handlers));
    this.#handlers = Object.fromEntries(all);
    const missing = Object.keys(REQUESTS).filter((kind) => !Object.hasOwn(this.#handlers, kind));
    assert(missing.length === 0, `no handler of ${missing}`);
    assert(all.length === Object.keys(REQUESTS).length, "a request has two handlers");
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
      if (needsAccount !== false || !client.isOperator) throw loginRequired();
      return { client, actor: undefined };
    }
    const { account } = member;
    const { id: user } = account;
    const actor = { user, isOperator: isOperating(client, account, this.registry) };
    if (role === "operator") checkOperator(actor);
    return { client, member, account, actor, ref };
  }
}
