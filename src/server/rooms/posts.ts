/** Posts, with the checks of the messages to which they refer. */

import { Fault } from "../../base/fault.ts";
import { checkMayImport } from "../../core/rooms/moderation.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import { type Deferred, type Sender, type SomeHandlers, submit } from "../kernel/service.ts";
import type { References } from "./references.ts";

interface PostsOptions extends ServerContext {
  readonly references: References;
}

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
    const { kernel, rooms, references } = this.options;
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
      if (isChecked) await references.check(account.id, request.to, { re, isThread: isReply });
      return submit(kernel, from, command);
    });
  }

  #refuse(request: RequestOf<"post">, { client }: Sender, error: unknown): never {
    if (error instanceof Fault && error.retryAfterMs === undefined) {
      this.options.kernel.abandon(client.id, request);
    }
    throw error;
  }
}
