/** Handler of posts. */

import { Fault } from "../../base/fault.ts";
import { checkMayImport } from "../../core/rooms/moderation.ts";
import type { Rooms } from "../../core/rooms/rooms.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Reactions } from "../rooms/reactions.ts";
import { type Handlers, LATER, submit } from "./handler.ts";

export interface PostHandlerOptions {
  readonly reactions: Reactions;
  readonly rooms: Rooms;
  readonly kernel: Pick<Kernel, "serve" | "abandon">;
}

export function postHandlers(options: PostHandlerOptions): Handlers<"post"> {
  const { reactions, rooms, kernel } = options;
  return {
    post: (request, sender) => {
      const { client, account, actor } = sender;
      const refused = (error: unknown): never => {
        if (error instanceof Fault && error.retryAfterMs === undefined) {
          kernel.abandon(client.id, request);
        }
        throw error;
      };
      try {
        if (request.body.imported !== undefined) {
          checkMayImport({ rooms, isOperator: actor.isOperator }, account.id, request.to);
        }
        const checked = reactions.pass(client, account, request, () => {
          submit(kernel, sender, { kind: "post", request });
        });
        // Without a promise: a post delayed beyond the next one would be refused.
        return checked?.then(() => LATER, refused) ?? LATER;
      } catch (error) {
        return refused(error);
      }
    },
  };
}
