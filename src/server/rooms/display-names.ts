/** Display names of accounts, which the accounts log contains. */

import { checkDisplayName, isTitle, reservedName } from "../../base/display-names.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { DISPLAY_NAME_CHANGES_PER_DAY } from "../../base/limits.ts";
import { isName } from "../../base/names.ts";
import { DailyQuota } from "../../core/rate.ts";
import type { LogRecord } from "../../wire/record.ts";
import { operatorAccount } from "../auth/operator-link.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

export class DisplayNameService {
  constructor(private readonly options: ServerContext) {}

  /** Counts records as they are applied, and so the changes on all servers of a cluster. */
  readonly #changes = new DailyQuota(DISPLAY_NAME_CHANGES_PER_DAY);

  readonly handlers = {
    "display-name": async ({ user, text: typed }, from) => {
      const { registry, kernel, clock } = this.options;
      const account = operatorAccount(this.options, from, user);
      const text = typed === "" ? "" : checkDisplayName(typed);
      const isKept = text === account.displayName;
      if (!isKept && isTitle(text) && !from.actor.isOperator) throw reservedName(text);
      await kernel.transact(() => {
        const draft = registry.displayNameDraft(account, from.actor.user, text);
        if (draft === undefined) return [];
        const unixMs = clock.unixMs();
        if (account === from.account && this.#changes.isReached(account.id, unixMs)) {
          const max = DISPLAY_NAME_CHANGES_PER_DAY;
          const message = msg`you can change your display name at most ${max} times a day`;
          throw new Fault("too-many", message, { remedy: this.#changes.remedy(unixMs) });
        }
        return [draft];
      });
      return { text };
    },
    "display-names": ({ users }) => ({
      names: users.flatMap((user) => {
        const account = isName(user) ? this.options.registry.find(user) : undefined;
        return account?.displayName === undefined ? [] : [{ user, text: account.displayName }];
      }),
    }),
  } satisfies SomeHandlers;

  onAccountRecord({ head: { kind, room, time } }: LogRecord): void {
    const isChange = kind === "display-name";
    const { registry, peers } = this.options;
    const account = registry.get(room as UserId);
    if (account === undefined) return;
    const { name: user, displayName } = account;
    if (isChange) this.#changes.count(account.id, 1, time);
    else if (kind !== "account-gone" && !(kind === "account-name" && displayName)) return;
    const notice = { kind: "display-name", user, text: displayName ?? "" } as const;
    for (const client of peers.members()) client.notify(notice);
  }
}
