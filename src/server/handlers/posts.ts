/** Handler for posts. */

import { Fault } from "../../base/fault.ts";
import { checkMayImport } from "../../core/rooms/moderation.ts";
import type { Services } from "../services/services.ts";
import { DEFERRED, type Handler, submit } from "./handler.ts";

export function postHandler({ reactions, rooms, kernel }: Services): Handler<"post"> {
  return (request, sender) => {
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
      const checked = reactions.submit(client, account, request, () => {
        submit(kernel, sender, { kind: "post", request });
      });
      // Run synchronously, because a post that is delayed past the next post would be refused.
      return checked?.then(() => DEFERRED, refused) ?? DEFERRED;
    } catch (error) {
      return refused(error);
    }
  };
}
