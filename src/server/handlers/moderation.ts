/** Handlers for moderation, invites, and operator requests about accounts and rooms. */

import type { RoomAction } from "../../core/rooms/moderation.ts";
import type { RequestKind } from "../../wire/messages.ts";
import type { Services } from "../services/services.ts";
import { DEFERRED, type Handlers, requireActor, type Sender, submit } from "./handler.ts";

export function moderationHandlers(services: Services) {
  const { moderation, management, invites, registry, resets, kernel } = services;
  const submitAction = (sender: Sender, act: RoomAction) =>
    submit(kernel, sender, { kind: "act", isOperator: sender.actor.isOperator, action: act });
  return {
    edit: async (request, from) =>
      submitAction(from, await moderation.messageAction(from.actor, request)),
    erase: async (request, from) =>
      submitAction(from, await moderation.messageAction(from.actor, request)),
    pin: async (request, from) =>
      submitAction(from, await moderation.messageAction(from.actor, request)),
    receipts: (request, from) => submitAction(from, moderation.receipts(from.actor, request)),
    kick: (request, from) => submitAction(from, moderation.memberAction(request, request.room)),
    "invite-user": (request, from) =>
      submitAction(from, moderation.invitation(from.actor, request)),
    mute: (request, from) => submitAction(from, moderation.memberAction(request, request.room)),
    grant: async (request, from) => {
      const { room } = request;
      if (room !== undefined) return submitAction(from, moderation.memberAction(request, room));
      return await moderation.grantOperator(from.actor, request);
    },
    "erase-all": (request, { account, actor }) => moderation.eraseAll(account, actor, request),
    operate: ({ token }, { client, account }) => moderation.operate(client, account, token),
    reset: (request, { actor }) =>
      resets.create(actor.user, moderation.account(request.user), request),
    "sign-out": ({ user }, { actor }) => moderation.signOut(actor, user),
    ban: (request, { client, actor }) => moderation.ban(client, actor, request),
    bans: (request) => moderation.bans(request),
    registration: async ({ closed }, { actor }) => {
      if (closed !== undefined) await moderation.closeRegistration(requireActor(actor), closed);
      return { closed: registry.policy.isClosed };
    },
    unregister: async ({ ref }, { client, account }) => {
      await management.removeSelf(client, account, ref);
      return DEFERRED;
    },
    rename: async (request, from) => {
      const change = await management.rename(from.actor.user, request);
      return change === undefined ? undefined : submitAction(from, change);
    },
    remove: async (request, from) => {
      const change = await management.remove(from.actor.user, request);
      return change === undefined ? undefined : submitAction(from, change);
    },
    close: ({ room, on }, from) =>
      submitAction(from, { kind: "close", on, room: management.room(room) }),
    retention: ({ room, keepMs }, from) =>
      submitAction(from, { kind: "retention", room: management.room(room), keepMs }),
    invite: (request, { actor }) => invites.create(actor, request),
    addresses: () => ({ places: invites.addresses() }),
    invites: (request, { actor }) => invites.list(actor, request),
    "invite-revoke": ({ invite }, { actor }) => invites.revoke(actor, invite),
  } satisfies Partial<Handlers<RequestKind>>;
}
