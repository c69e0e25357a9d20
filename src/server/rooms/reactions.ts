/** Checks of the messages to which reactions refer. */

import { Fault, msg } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface ReactionsOptions extends ServerContext {
  readonly recordLookup: Pick<RecordLookup, "find">;
}

const REACTABLE_KINDS = kindsWith("reactable");

/** Later posts on the same link wait for the check, so that posts stay in order. */
export class Reactions {
  readonly #options: ReactionsOptions;
  readonly #posts = new TaskQueue();

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  submit(
    client: ClientConnection,
    account: Account,
    request: RequestOf<"post">,
    proceed: () => void,
  ): Promise<void> | undefined {
    const { react, re } = request.body;
    const isReaction = react !== undefined && re !== undefined;
    if (!isReaction && this.#posts.isIdle(client)) {
      proceed();
      return undefined;
    }
    return this.#posts.runFor(client, async () => {
      if (isReaction) await this.#check(account, request.to, re);
      proceed();
    });
  }

  async #check(account: Account, to: string, re: number): Promise<void> {
    if (await this.#isReactable(account, to, re)) return;
    // The sender may have reconnected from another server, where the message and its conversation
    // may be recorded.
    const { sequencer } = this.#options;
    if (!sequencer.isShared) throw noMessage(re);
    if (!(await sequencer.waitUntilCurrent())) {
      const message = "the server cannot check whether this message exists";
      throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
    }
    if (!(await this.#isReactable(account, to, re))) throw noMessage(re);
  }

  async #isReactable(account: Account, to: string, re: number): Promise<boolean> {
    const target = this.#options.targets.find(account.id, to);
    if (target === undefined) return true;
    const { room } = target;
    // Two users without a direct conversation have exchanged no messages.
    if (room === undefined) return false;
    if (!room.members.has(account.id)) return true;
    const filter = { rooms: new Set([room.id]), kinds: REACTABLE_KINDS };
    const record = await this.#options.recordLookup.find(account.id, re, filter);
    return record !== undefined && record.erased === undefined;
  }
}

/** Same fault for missing and unreadable messages, so that clients cannot probe for messages. */
function noMessage(seq: number): Fault {
  return new Fault("not-found", msg`no message ${seq} in this conversation`, {
    remedy: msg`check the number`,
  });
}
