/** Requests for IRC passwords: create, list and revoke. */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import { defined } from "../../base/values.ts";
import {
  ircPasswordDraft,
  ircPasswordOf,
  ircPasswordsGoneDraft,
} from "../../core/rooms/irc-passwords.ts";
import type { Answer } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { operatorAccount } from "./operator-link.ts";
import { hashOf, newToken } from "./secrets.ts";

export class IrcPasswords {
  readonly #context: ServerContext;
  /** The listener for IRC clients on other machines. */
  tls: Answer<"irc-passwords">["tls"];

  constructor(context: ServerContext) {
    this.#context = context;
  }

  readonly handlers = {
    "irc-password": async ({ user, label }, from) => {
      const account = operatorAccount(this.#context, from, user);
      const password = ircPasswordOf(newToken(this.#context.entropy));
      const content = { hash: hashOf(password), label: label?.trim() || undefined };
      const record = await this.#context.kernel.transact(() => [
        ircPasswordDraft(account, from.account.id, content),
      ]);
      assert(record !== undefined, "a draft gives a record");
      return { user: account.name, id: record.head.seq, password };
    },
    "irc-passwords": ({ user }, from) => {
      const account = operatorAccount(this.#context, from, user);
      const sessions = [...this.#context.peers.of(account.id)];
      const online = new Set(sessions.map(({ member }) => member?.ircPassword));
      const passwords = [...account.ircPasswords].map(([id, { label, sinceUnixMs: since }]) =>
        defined({ id, label, since, online: online.has(id) }),
      );
      return defined({ user: account.name, passwords, tls: this.tls });
    },
    "irc-password-revoke": async ({ user, id }, from) => {
      const { kernel, peers } = this.#context;
      const account = operatorAccount(this.#context, from, user);
      await kernel.transact(() => {
        if (!account.ircPasswords.has(id)) {
          const remedy = "list the IRC passwords";
          throw new Fault("not-found", msg`no IRC password ${id}`, { remedy });
        }
        return [ircPasswordsGoneDraft(account.id, from.account.id, [id])];
      });
      const fault = new Fault("login-refused", "this IRC password was revoked");
      peers.close(account.id, fault, ({ member }) => member?.ircPassword === id);
    },
  } satisfies SomeHandlers;
}
