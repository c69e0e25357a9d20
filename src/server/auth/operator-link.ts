/** Operator link, which `chat serve` prints, and checks of operator rights. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { OPERATOR_LINK_MS } from "../../base/limits-page.ts";
import { checkName } from "../../base/names.ts";
import type { Account, Registry } from "../../core/rooms/accounts.ts";
import type { ModeratorActor } from "../../core/rooms/moderation.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import type { Clock } from "../../io/clock.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { Sender } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { sameSecret } from "./secrets.ts";

/**
 * The first account that presents the token within an hour becomes an operator. After that, the
 * token is useless to anyone who finds it in a terminal or browser history.
 */
export class OperatorLink {
  readonly #clock: Clock;
  readonly #token: string | undefined;
  readonly #until: number;
  #owner: UserId | undefined;
  #isGranted = false;

  constructor(clock: Clock, token: string | undefined) {
    this.#clock = clock;
    this.#token = token;
    this.#until = clock.now() + OPERATOR_LINK_MS;
  }

  isUnused(token: string): boolean {
    return this.#matches(token) && this.#owner === undefined && this.#clock.now() < this.#until;
  }

  /** Reports whether the user is, or now becomes, the owner of the link. */
  claim(token: string, user: UserId): boolean {
    if (this.isUnused(token)) this.#owner = user;
    return this.#matches(token) && this.#owner === user;
  }

  /** False until the owner's role is recorded. */
  get isGranted(): boolean {
    return this.#isGranted;
  }

  granted(): void {
    this.#isGranted = true;
  }

  #matches(token: string): boolean {
    return this.#token !== undefined && sameSecret(token, this.#token);
  }
}

export function isOperating(
  client: ClientConnection,
  account: Account | undefined,
  registry: Pick<Registry, "policy">,
): boolean {
  if (account === undefined) return client.isOperator;
  return client.member?.isOperator === true || registry.policy.isOperator(account.id);
}

/** Reports whether the user is an operator, also by the operator's token in any session. */
export function isOperatorAnywhere(
  { registry, peers }: Pick<ServerContext, "registry" | "peers">,
  user: UserId,
): boolean {
  const isByToken = peers.of(user).some(({ member }) => member?.isOperator === true);
  return isByToken || registry.policy.isOperator(user);
}

export function checkOperator({ isOperator }: ModeratorActor): void {
  if (isOperator) return;
  throw new Fault("not-allowed", msg`only operators can do this`, { remedy: msg`ask an operator` });
}

/**
 * Returns the sender's own account, or another one if the sender is an operator.
 * @throws {Fault} user-unknown or not-allowed
 */
export function operatorAccount(
  { registry }: Pick<ServerContext, "registry">,
  { account: own, actor }: Pick<Sender, "account" | "actor">,
  user = own.name as string,
): Account {
  const account = requireUser(registry, checkName(user, "person's name"));
  if (account !== own) checkOperator(actor);
  return account;
}
