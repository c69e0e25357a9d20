/** Posts, with the checks of the messages to which they refer. */

import { Fault } from "../../base/fault.ts";
import type { OutboxId, UserId } from "../../base/ids.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import { checkMayImport } from "../../core/rooms/moderation.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import type { ServerContext } from "../kernel/context.ts";
import { type Deferred, type Sender, type SomeHandlers, submit } from "../kernel/service.ts";
import type { References } from "./references.ts";

export interface HeldFiles {
  readonly files: readonly FileBody[];
  /** Ends the hold on the contents. Called when the post is settled. */
  readonly release: () => void;
}

type AttachFiles = (by: UserId, files: readonly AttachedFile[]) => Promise<HeldFiles>;

interface PostsOptions extends ServerContext {
  readonly references: References;
  /** Finds the files of a post, and holds them. `undefined` if file transfer is disabled. */
  readonly attach: AttachFiles | undefined;
}

/** Later posts on a link wait for checks of references and files, so that posts stay in order. */
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
    const { react, re, imported, thread, files } = request.body;
    if (imported !== undefined) {
      checkMayImport({ rooms, isOperator: actor.isOperator }, account.id, request.to);
    }
    const isReply = thread === true && react === undefined;
    if (isReply && re === undefined) {
      throw new Fault("text-invalid", "a reply in a thread needs the number of a message");
    }
    const isChecked = re !== undefined && (react !== undefined || isReply);
    const command = { kind: "post", request } as const;
    const isImmediate = !isChecked && files === undefined && this.#checks.isIdle(client);
    if (isImmediate) return submit(kernel, from, command);
    return this.#checks.runFor(client, async () => {
      // The answer to a known post does not depend on its files, which may have been erased.
      if (files !== undefined && this.#isKnown(request, account.id))
        return submit(kernel, from, command);
      if (isChecked) await references.check(account.id, request.to, { re, isThread: isReply });
      if (files === undefined) return submit(kernel, from, command);
      const attached = await this.options.attach?.(account.id, files);
      return submit(kernel, from, { ...command, files: attached?.files }, attached?.release);
    });
  }

  #isKnown({ outbox, counter }: RequestOf<"post">, user: UserId): boolean {
    return this.options.engine.hasPost(user, outbox as OutboxId, counter);
  }

  #refuse(request: RequestOf<"post">, { client }: Sender, error: unknown): never {
    if (error instanceof Fault && error.retryAfterMs === undefined) {
      this.options.kernel.abandon(client.id, request);
    }
    throw error;
  }
}
