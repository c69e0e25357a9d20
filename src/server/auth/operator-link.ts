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
 * The first account and device that present the token within an hour become its owner, so that the
 * token is useless to anyone who finds it later in a terminal or browser history.
 */
export class OperatorLink {
  readonly #clock: Clock;
  readonly #token: string | undefined;
  readonly #until: number;
  #owner: string | undefined;

  constructor(clock: Clock, token: string | undefined) {
    this.#clock = clock;
    this.#token = token;
    this.#until = clock.now() + OPERATOR_LINK_MS;
  }

  isUnused(token: string): boolean {
    return this.#matches(token) && this.#owner === undefined && this.#clock.now() < this.#until;
  }

  grants(token: string, { member }: ClientConnection): boolean {
    if (member?.device === undefined || !this.#matches(token)) return false;
    const owner = `${member.account.id} ${member.device}`;
    if (this.isUnused(token)) this.#owner = owner;
    return this.#owner === owner;
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

/** Reports whether the user is an operator, also by the operator link in any of their sessions. */
export function isOperatorAnywhere(
  { registry, peers }: Pick<ServerContext, "registry" | "peers">,
  user: UserId,
): boolean {
  const isByLink = peers.of(user).some(({ member }) => member?.isOperator === true);
  return isByLink || registry.policy.isOperator(user);
}

export function checkOperator({ isOperator }: ModeratorActor): void {
  if (isOperator) return;
  throw new Fault("not-allowed", msg`only operators can do this`, { remedy: msg`ask an operator` });
}

/**
 * Returns the sender's own account, or another one if the sender is an operator.
 * @throws {Fault} user-unknown or not-allowed
 */
export function accountOf(
  { registry }: Pick<ServerContext, "registry">,
  { account: own, actor }: Pick<Sender, "account" | "actor">,
  user = own.name as string,
): Account {
  const account = requireUser(registry, checkName(user, "person's name"));
  if (account !== own) checkOperator(actor);
  return account;
}
