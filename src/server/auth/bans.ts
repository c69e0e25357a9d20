/** Bans of accounts and of addresses. */

import { Fault, msg } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { bannedFault } from "../../core/rooms/policy.ts";
import { isIpv4, isIpv6 } from "../../wire/host.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { addressKey, isOwnHost } from "../session/connection-limits.ts";

export class Bans {
  readonly #context: ServerContext;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  checkClient({ link }: ClientConnection): void {
    this.checkAddress(link.remote.host);
  }

  checkAddress(host: string): void {
    if (!isOwnHost(host)) this.#check(addressKey(host));
  }

  /** The caller must first verify that the client owns the account. */
  checkAccount(account: Account): void {
    this.#check(account.id);
  }

  isBanned({ id }: Account): boolean {
    return this.#banOf(id) !== undefined;
  }

  #check(key: string): void {
    const ban = this.#banOf(key);
    if (ban !== undefined) throw bannedFault(ban);
  }

  #banOf(key: string) {
    const { registry, clock } = this.#context;
    return registry.policy.ban(key, clock.expiryUnixMs());
  }
}

export function hostKey({ link }: ClientConnection): string | undefined {
  const { host } = link.remote;
  return isOwnHost(host) ? undefined : addressKey(host);
}

export function banKey(text: string): string {
  const address = text.replace(/\/64$/, "").replace(/%.*$/s, "");
  if (!isIpv4(address) && !isIpv6(address)) {
    throw new Fault("usage", msg`'${text.slice(0, 64)}' is not an IP address`, {
      remedy: msg`use the form 192.0.2.7 or 2001:db8::7`,
    });
  }
  const key = addressKey(address);
  if (isOwnHost(address) || key === addressKey("::1")) {
    throw new Fault("not-allowed", msg`the server's own machine cannot be banned`, {
      remedy: msg`ban the account instead`,
    });
  }
  return key;
}
