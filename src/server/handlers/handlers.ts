/** Handlers for all requests. */

import type { RequestKind } from "../../wire/messages.ts";
import type { Services } from "../services/services.ts";
import { authHandlers } from "./auth.ts";
import { fileHandlers } from "./files.ts";
import {
  DEFERRED,
  deviceOf,
  type Handlers,
  NO_PUSHES,
  NO_SEALING,
  requireActor,
  required,
  type SessionActions,
} from "./handler.ts";
import { moderationHandlers } from "./moderation.ts";
import { postHandler } from "./posts.ts";
import { roomHandlers } from "./rooms.ts";

export function openHandlers(services: Services, sessions: SessionActions): Handlers<RequestKind> {
  return {
    ...authHandlers(services, sessions),
    ...dashboardHandlers(services),
    ...deviceHandlers(services),
    ...fileHandlers(services, sessions),
    ...moderationHandlers(services),
    post: postHandler(services),
    ...queryHandlers(services),
    ...roomHandlers(services),
    ...sealedHandlers(services),
  };
}

function dashboardHandlers(services: Services) {
  const { dashboard, eventFeed, lists, metrics, pastDecisions, serverClock } = services;
  return {
    watch: ({ on }, { client }) => eventFeed.watch(client, on),
    clients: (request) => dashboard.clients(request),
    transfers: () => dashboard.transfers(),
    stats: () => dashboard.stats(),
    clock: async ({ accept }, { actor }) => {
      if (accept === true) await serverClock.accept(requireActor(actor).user);
      return serverClock.status();
    },
    samples: ({ after = 0 }) => metrics.samples(after),
    announce: ({ text }, { account }) => dashboard.announce(account, text),
    events: () => eventFeed.recent(),
    decisions: (request) => pastDecisions.page(request),
    accounts: (request) => lists.accounts(request),
    "all-rooms": (request) => lists.rooms(request),
    "all-files": (request) => lists.files(request),
    cancel: (request, { account }) => dashboard.cancel(account, request),
  } satisfies Partial<Handlers<RequestKind>>;
}

function deviceHandlers({ devices, ircPasswords, prefs, push }: Services) {
  return {
    devices: (_, { client, account }) => devices.list(client, account),
    revoke: async (request, { client, account }) => {
      await devices.revoke(client, account, request);
      return DEFERRED;
    },
    link: async (request, { client }) => {
      await devices.link(client, request);
      return DEFERRED;
    },
    "link-offer": ({ code }, { client }) => devices.offer(client, code),
    "link-grant": (request, { client, account }) => devices.grant(client, account, request),
    "irc-password": (request, from) => ircPasswords.create(from, request),
    "irc-passwords": (request, from) => ircPasswords.list(from, request),
    "irc-password-revoke": (request, from) => ircPasswords.revoke(from, request),
    prefs: (_, { account }) => prefs.of(account),
    "prefs-set": (request, { account }) => prefs.set(account, request),
    save: (request, { account }) => prefs.save(account, request),
    "push-key": (_, { account, member }) =>
      required(push, NO_PUSHES).key(account, deviceOf(member)),
    "push-subscribe": (request, { account, member }) =>
      required(push, NO_PUSHES).subscribe(account, deviceOf(member), request),
    "push-unsubscribe": (_, { member }) => required(push, NO_PUSHES).unsubscribe(deviceOf(member)),
  } satisfies Partial<Handlers<RequestKind>>;
}

function queryHandlers({ queries, readPositions, typing, proofs }: Services) {
  return {
    rooms: (request, { account }) => queries.listRooms(account, request),
    who: (request, { account }) => queries.who(account, request),
    whois: ({ user: named }, { account }) => queries.whois(account, named),
    history: (request, { client, account }) => queries.history(client, account, request),
    pins: (request, { account }) => queries.pins(account, request),
    readers: ({ seq }, { account }) => queries.readers(account, seq),
    read: (request, { client, account }) => readPositions.read(client, account, request),
    ignore: (request, { account }) => readPositions.ignore(account, request),
    ignored: (_, { account }) => ({ users: readPositions.ignoredBy(account) }),
    typing: (request, { account }) => typing.setTyping(account, request),
    checkpoint: (request, { account }) => proofs.checkpoint(account, request),
    inclusion: (request, { account }) => proofs.inclusion(account, request),
  } satisfies Partial<Handlers<RequestKind>>;
}

function sealedHandlers({ sealed }: Services) {
  const service = () => required(sealed, NO_SEALING);
  return {
    "key-packages": (request, { client, account }) =>
      service().addKeyPackages(client, account, request),
    "key-package": ({ user }, { client, account }) =>
      service().claimKeyPackages(client, account, user),
    "seal-lease": (request, { client, account }) => service().renewLease(client, account, request),
    "group-create": (request, { client, account }) => service().commit(client, account, request),
    "group-commit": (request, { client, account }) => service().commit(client, account, request),
    group: ({ target }, { account }) => service().group(account, target),
  } satisfies Partial<Handlers<RequestKind>>;
}
