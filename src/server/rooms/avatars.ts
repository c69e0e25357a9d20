/** Avatars of accounts, which the accounts log contains. */

import { tryBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import { AVATAR_CHANGES_PER_DAY, AVATAR_SIDE_MAX } from "../../base/limits-page.ts";
import { checkName, isName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { avatarType } from "../../core/client/picture-header.ts";
import { DailyQuota } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { avatarDrafts, avatarsGoneDraft } from "../../core/rooms/avatars.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import { operatorAccount } from "../auth/operator-link.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";

const CHANGES_QUEUED_MAX = 8;

export class AvatarService {
  constructor(private readonly options: ServerContext) {
    this.#reading = new TaskQueue({ waiting: PAGE_READS_QUEUED_MAX, slots: options.pageReads });
  }

  /** Counts records as they are applied, and so the changes on all servers of a cluster. */
  readonly #changes = new DailyQuota(AVATAR_CHANGES_PER_DAY);
  /** Serialises the changes of an account, so that each counts before the next. */
  readonly #setting = new TaskQueue({ waiting: CHANGES_QUEUED_MAX });
  readonly #reading;

  readonly handlers = {
    "avatar-set": async ({ user, picture }, from) => {
      const account = operatorAccount(this.options, from, user);
      if (picture !== undefined && account !== from.account) {
        throw new Fault("not-allowed", "only its owner can set the picture of an account");
      }
      if (picture !== undefined && avatarType(picture) === undefined) {
        const side = AVATAR_SIDE_MAX;
        const rule = msg`a picture must be a JPEG, PNG or WebP of at most ${side} pixels each way`;
        throw new Fault("usage", rule);
      }
      await this.#setting.runFor(account, () => this.#set(account, from.account.id, picture));
    },
    avatars: ({ users }) => ({
      avatars: users.flatMap((user) => {
        const version = isName(user) ? this.options.registry.find(user)?.avatars.at(-1) : undefined;
        return version === undefined ? [] : [{ user, version }];
      }),
    }),
    avatar: ({ user }) => {
      const account = requireUser(this.options.registry, checkName(user, "person's name"));
      return this.#reading.run(() => this.#read(account.avatars.at(-1)));
    },
  } satisfies SomeHandlers;

  /** Ends changes that a crash interrupted between the new picture and the end of the old one. */
  start(): void {
    const { registry, kernel, sequencer, warn } = this.options;
    if (sequencer.isShared) return; // A cluster applies both records or neither.
    for (const account of registry.all()) {
      if (account.avatars.length < 2) continue;
      const also = account.avatars.slice(0, -1);
      const draft = avatarsGoneDraft(account.id, account.id, also);
      kernel.transact(() => [draft]).catch((error: unknown) => warn(asFault(error)));
    }
  }

  onAccountRecord({ head: { kind, room } }: LogRecord): void {
    if (kind !== "avatar" && kind !== "avatar-gone" && kind !== "account-gone") return;
    const { registry, peers, clock } = this.options;
    const account = registry.get(room as UserId);
    if (account === undefined) return;
    if (kind === "avatar") this.#changes.count(account.id, 1, clock.unixMs());
    const { name: user } = account;
    const notice = defined({ kind: "avatar-set", user, version: account.avatars.at(-1) });
    for (const client of peers.members()) client.notify(notice);
  }

  async #set(account: Account, by: UserId, picture: Uint8Array | undefined): Promise<void> {
    const { kernel, clock } = this.options;
    const unixMs = clock.unixMs();
    if (picture !== undefined && this.#changes.isReached(account.id, unixMs)) {
      const max = AVATAR_CHANGES_PER_DAY;
      const message = msg`you can change your picture at most ${max} times a day`;
      throw new Fault("too-many", message, { remedy: this.#changes.remedy(unixMs) });
    }
    await kernel.transact(() => avatarDrafts(account, by, picture));
  }

  /** The picture may have been erased since its version was read. */
  async #read(version: number | undefined): Promise<{ version?: number; picture?: Uint8Array }> {
    if (version === undefined) return {};
    const [record] = await Array.fromAsync(this.options.accounts.read(version, version));
    const body = record && parseBody(record);
    const picture = tryBase64Url(body && fieldsOf("avatar", body).picture);
    return picture === undefined ? {} : { version, picture };
  }
}
