/** Handlers of Web Push subscriptions. */

import type { PushService } from "../push/service.ts";
import { type Handlers, NO_PUSHES, needed } from "./handler.ts";

type PushKind = "push-key" | "push-subscribe" | "push-unsubscribe";

/** @param push `undefined` if push is disabled */
export function pushHandlers(push: PushService | undefined): Handlers<PushKind> {
  return {
    "push-key": (_, { account, member }) => needed(push, NO_PUSHES).key(account, member.device),
    "push-subscribe": (request, { account, member }) =>
      needed(push, NO_PUSHES).subscribe(account, member.device, request),
    "push-unsubscribe": (_, { member }) => needed(push, NO_PUSHES).unsubscribe(member.device),
  };
}
