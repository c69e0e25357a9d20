/** Reset codes for users without a password, and accounts that operators create. */

import { checkDisplayName } from "../../base/display-names.ts";
import { checkExternalId } from "../../base/external-ids.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, type UserId, userId } from "../../base/ids.ts";
import { RESET_MS, RESET_MS_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { checkNewName } from "../../base/new-names.ts";
import { DAY_MS, formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { checkIsNotCode, findResetCode, newResetCode } from "../../core/reset-codes.ts";
import type { Account, EndOfReset, PasswordReset } from "../../core/rooms/accounts.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { Identity } from "../../crypto/identity.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import { type SomeHandlers, signedOut } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Bans } from "./bans.ts";
import type { Authenticator } from "./login.ts";
import { resetHashOf } from "./secrets.ts";

interface ResetsOptions extends ServerContext {
  readonly authenticator: Pick<Authenticator, "guessCode" | "hash">;
  readonly bans: Bans;
}

/** A client whose clock is ahead may ask for a code that would end too late by this clock. */
const CLOCK_MARGIN_MS = DAY_MS;
const ASK_AGAIN = msg`ask an operator for a new one`;

/** Only the holder of a code learns how it ended, because its symbols cannot be guessed. */
const ENDED: Readonly<Record<EndOfReset, () => Fault>> = {
  expired: () => new Fault("code-wrong", msg`this code has expired`, { remedy: ASK_AGAIN }),
  replaced: () =>
    new Fault("code-wrong", msg`a newer code has replaced this one`, {
      remedy: msg`use the newer one, or ask an operator for another`,
    }),
  used: () =>
    new Fault("code-wrong", msg`this code has been used, or the password changed since`, {
      remedy: msg`sign in with your name and password, or ask an operator for a new code`,
    }),
};

type FindByCode = () => Account | Fault | undefined;

function unknownCode(): Fault {
  return new Fault("code-wrong", msg`this server does not know this code`, {
    remedy: msg`compare it with your card, and the card's server with this one`,
  });
}

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
    const externalId = request.externalId && checkExternalId(request.externalId);
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
          ...(externalId ? [registry.newExternalIdDraft(id, by, externalId)] : []),
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
    const requested = requestedExpiry ?? now + RESET_MS;
    const latest = now + RESET_MS_MAX;
    if (requested <= now || requested > latest + CLOCK_MARGIN_MS) {
      const days = RESET_MS_MAX / DAY_MS;
      throw new Fault("usage", msg`reset codes are valid for at most ${days} days`, {
        remedy: msg`choose an expiry from ${formatUtc(now)} to ${formatUtc(latest)}`,
      });
    }
    const expires = Math.min(requested, latest);
    const token = code ?? newResetCode(entropy);
    if (findResetCode(token) !== token) {
      throw new Fault("usage", msg`this is not the code of a card`, {
        remedy: msg`check what you typed`,
      });
    }
    return { token, reset: { hash: resetHashOf(token), expires, signsOut } };
  }

  #find(token: string): FindByCode {
    const { registry, clock } = this.#options;
    const secret = resetHashOf(findResetCode(token) ?? token);
    return () => {
      const now = clock.expiryUnixMs();
      const end = registry.endOfReset(secret, now);
      return end === undefined ? registry.byReset(secret, now) : ENDED[end]();
    };
  }

  /** @throws {Fault} code-wrong or banned */
  async #accountOf(client: ClientConnection, find: FindByCode): Promise<Account> {
    const { authenticator, bans } = this.#options;
    const found = await authenticator.guessCode(client, unknownCode(), find);
    if (found instanceof Fault) throw found;
    bans.checkAccount(found);
    return found;
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
    checkIsNotCode(password, findResetCode(token) ?? token);
    const hash = await authenticator.hash(account.id, password);
    // Sign out before changing the password, so that the code is still valid if the server stops in
    // between.
    if (account.reset?.signsOut === true && find() === account) await this.signOut(account);
    await kernel.transact(() => {
      const found = find();
      if (found !== account) throw found instanceof Fault ? found : unknownCode();
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
