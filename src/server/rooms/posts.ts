/** Posts, with the checks of the messages to which reactions and thread replies refer. */

import { Fault, msg } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { checkMayImport } from "../../core/rooms/moderation.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RequestOf } from "../../wire/messages.ts";
import { bodyOf } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import { type Deferred, type Sender, type SomeHandlers, submit } from "../kernel/service.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface PostsOptions extends ServerContext {
  readonly recordLookup: Pick<RecordLookup, "find">;
}

const REACTABLE_KINDS = kindsWith("reactable");

/** Later posts on the same link wait for the check of a reference, so that posts stay in order. */
export class Posts {
  readonly #checks = new TaskQueue();

  constructor(private readonly options: PostsOptions) {}

  readonly handlers = {
    post: (request, from) => {
      try {
        const done = this.#post(request, from);
        if (!(done instanceof Promise)) return done;
        return done.catch((error: unknown) => this.#refuse(request, from, error));
      } catch (error) {
        return this.#refuse(request, from, error);
      }
    },
  } satisfies SomeHandlers;

  /** Runs synchronously, because a post that is delayed past the next post would be refused. */
  #post(request: RequestOf<"post">, from: Sender): Promise<Deferred> | Deferred {
    const { client, account, actor } = from;
    const { kernel, rooms } = this.options;
    const { react, re, imported, thread } = request.body;
    if (imported !== undefined) {
      checkMayImport({ rooms, isOperator: actor.isOperator }, account.id, request.to);
    }
    const isReply = thread === true && react === undefined;
    if (isReply && re === undefined) {
      throw new Fault("text-invalid", "a reply in a thread needs the number of a message");
    }
    const isChecked = re !== undefined && (react !== undefined || isReply);
    const command = { kind: "post", request } as const;
    if (!isChecked && this.#checks.isIdle(client)) return submit(kernel, from, command);
    return this.#checks.runFor(client, async () => {
      if (isChecked) await this.#check(account, request.to, re, isReply);
      return submit(kernel, from, command);
    });
  }

  #refuse(request: RequestOf<"post">, { client }: Sender, error: unknown): never {
    if (error instanceof Fault && error.retryAfterMs === undefined) {
      this.options.kernel.abandon(client.id, request);
    }
    throw error;
  }

  async #check(account: Account, to: string, re: number, isReply: boolean): Promise<void> {
    if (await this.#isReferable(account, to, re, isReply)) return;
    // The sender may have reconnected from another server, where the message and its conversation
    // may be recorded.
    const { sequencer } = this.options;
    if (!sequencer.isShared) throw noMessage(re);
    if (!(await sequencer.waitUntilCurrent())) {
      const message = "the server cannot check whether this message exists";
      throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
    }
    if (!(await this.#isReferable(account, to, re, isReply))) throw noMessage(re);
  }

  /** A thread has one level, and remains after its root is erased. */
  async #isReferable(account: Account, to: string, re: number, isReply: boolean): Promise<boolean> {
    const target = this.options.targets.find(account.id, to);
    if (target === undefined) return true;
    const { room } = target;
    // Two users without a direct conversation have exchanged no messages.
    if (room === undefined) return false;
    if (!room.members.has(account.id)) return true;
    const filter = { rooms: new Set([room.id]), kinds: REACTABLE_KINDS };
    const record = await this.options.recordLookup.find(account.id, re, filter);
    if (record === undefined) return false;
    if (!isReply) return record.erased === undefined;
    return bodyOf(record, "text")?.thread !== true;
  }
}

/** Same fault for missing and unreadable messages, so that clients cannot probe for messages. */
function noMessage(seq: number): Fault {
  return new Fault("not-found", msg`no message ${seq} in this conversation`, {
    remedy: msg`check the number`,
  });
}
