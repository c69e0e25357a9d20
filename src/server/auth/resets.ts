/** Reset codes for users without a password, and accounts that operators create. */

import { checkDisplayName } from "../../base/display-names.ts";
import { Fault, fixedText, msg } from "../../base/fault.ts";
import { ID_BYTES, type UserId, userId } from "../../base/ids.ts";
import { RESET_MS, RESET_MS_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { checkNewName } from "../../base/new-names.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { isResetCode, newResetCode } from "../../core/reset-codes.ts";
import type { Account, PasswordReset } from "../../core/rooms/accounts.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { Identity } from "../../crypto/identity.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import { type SomeHandlers, signedOut } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Bans } from "./bans.ts";
import type { Authenticator } from "./login.ts";
import { hashOf } from "./secrets.ts";

interface ResetsOptions extends ServerContext {
  readonly authenticator: Pick<Authenticator, "guessCode" | "hash">;
  readonly bans: Bans;
}

const INVALID = "the reset code is invalid, used or expired";

export class Resets {
  readonly #options: ResetsOptions;

  constructor(options: ResetsOptions) {
    this.#options = options;
  }

  readonly handlers = {
    reset: (request, { actor }) => this.#create(actor.user, request),
    enrol: (request, { actor }) => this.#enrol(actor.user, request),
    "recover-user": (request, { client }) => this.#userOf(client, request),
    recover: (request, { client }) => this.#use(client, request),
  } satisfies SomeHandlers;

  async #create(
    by: UserId,
    { user, expires: requestedExpiry, signOut: signsOut = false, code }: RequestOf<"reset">,
  ): Promise<Answer<"reset">> {
    const { registry, kernel } = this.#options;
    const account = requireUser(registry, checkName(user, "person's name"));
    const { token, reset } = this.#newCode(requestedExpiry, signsOut, code);
    await kernel.transact(() => [registry.resetDraft(account.id, by, reset)]);
    return { user: account.name, token, expires: reset.expires };
  }

  /** Writes the records as one batch, the account first. */
  async #enrol(by: UserId, request: RequestOf<"enrol">): Promise<Answer<"enrol">> {
    const { entropy, registry, kernel } = this.#options;
    const name = checkNewName(request.user);
    const displayName = request.displayName && checkDisplayName(request.displayName);
    const { token, reset } = this.#newCode(request.expires, false, request.code);
    const id = userId(entropy(ID_BYTES));
    const { publicKey } = Identity.generate();
    registry.reserve(name, undefined, true);
    try {
      await kernel.transact(() => {
        registry.checkFree(name);
        return [
          registry.enrolledDraft(id, by, name, publicKey),
          registry.resetDraft(id, by, reset),
          ...(displayName ? [registry.newDisplayNameDraft(id, by, displayName)] : []),
        ];
      });
    } finally {
      registry.release(name);
    }
    return { user: name, token, expires: reset.expires };
  }

  #newCode(
    requestedExpiry: number | undefined,
    signsOut: boolean,
    code: string | undefined,
  ): { readonly token: string; readonly reset: PasswordReset } {
    const { clock, entropy } = this.#options;
    const now = clock.unixMs();
    const expires = requestedExpiry ?? now + RESET_MS;
    if (expires <= now || expires > now + RESET_MS_MAX) {
      throw new Fault(
        "usage",
        `reset codes are valid for at most ${RESET_MS_MAX / 86_400_000} days`,
        { remedy: `choose an expiry before ${formatUtc(now + RESET_MS_MAX)}` },
      );
    }
    const token = code ?? newResetCode(entropy);
    if (!isResetCode(token)) {
      throw new Fault("usage", msg`this is not a reset code`, {
        remedy: msg`check what you typed`,
      });
    }
    return { token, reset: { hash: hashOf(token), expires, signsOut } };
  }

  #find(token: string): () => Account | undefined {
    const { registry, clock } = this.#options;
    const secret = hashOf(token);
    return () => registry.byReset(secret, clock.expiryUnixMs());
  }

  /** @throws {Fault} login-refused or banned */
  async #accountOf(client: ClientConnection, find: () => Account | undefined): Promise<Account> {
    const { authenticator, bans } = this.#options;
    const account = await authenticator.guessCode(client, INVALID, find);
    bans.checkAccount(account);
    return account;
  }

  async #userOf(
    client: ClientConnection,
    { token }: RequestOf<"recover-user">,
  ): Promise<Answer<"recover-user">> {
    const { name: user, displayName } = await this.#accountOf(client, this.#find(token));
    return { user, ...defined({ displayName }) };
  }

  async #use(
    client: ClientConnection,
    { token, password }: RequestOf<"recover">,
  ): Promise<Answer<"recover">> {
    const { registry, kernel, authenticator } = this.#options;
    const find = this.#find(token);
    const account = await this.#accountOf(client, find);
    const hash = await authenticator.hash(account.id, password);
    // Sign out before changing the password, so that the code is still valid if the server stops in
    // between.
    if (account.reset?.signsOut === true && find() === account) await this.signOut(account);
    await kernel.transact(() => {
      if (find() !== account) throw new Fault("login-refused", fixedText(INVALID));
      return [registry.passwordDraft(account.id, hash)];
    });
    return { user: account.name };
  }

  async signOut(account: Account, by = account.id): Promise<void> {
    const { registry, kernel, peers } = this.#options;
    await kernel.transact(() => registry.signOutDrafts(account, by));
    peers.close(account.id, signedOut());
  }
}
