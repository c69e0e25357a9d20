/** Invites, whose tokens register users, lead to a room, or let programs post or read. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, type RoomId, type UserId } from "../../base/ids.ts";
import {
  INVITE_ADDRESSES_MAX,
  INVITE_USES_MAX,
  INVITES_MAX,
  INVITES_PER_ACCOUNT_MAX,
  INVITES_PER_HOUR_MAX,
  INVITES_PER_HOUR_OPERATOR_MAX,
  INVITES_PER_OPERATOR_MAX,
  INVITES_RESERVED,
} from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { HourlyQuota } from "../../core/rate.ts";
import { type ModeratorActor, moderates } from "../../core/rooms/moderation.ts";
import {
  type Invite,
  inviteDraft,
  inviteRevokedDraft,
  isForProgram,
  isUsable,
  pageAfter,
} from "../../core/rooms/policy.ts";
import { requireJoinedRoom, requireRoom } from "../../core/rooms/targets.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { hashOf, newToken } from "./secrets.ts";

type InviteRequest = Omit<RequestOf<"invite">, "kind" | "ref">;

const TOKEN = /^t[A-Za-z0-9_-]{22}$/;

export class Invites {
  readonly #context: ServerContext;
  readonly #memberRate = new HourlyQuota(INVITES_PER_HOUR_MAX);
  readonly #operatorRate = new HourlyQuota(INVITES_PER_HOUR_OPERATOR_MAX);
  readonly #creations = new TaskQueue();

  constructor(options: ServerContext) {
    this.#context = options;
  }

  readonly handlers = {
    invite: (request, { actor }) => this.create(actor, request),
    addresses: () => ({ places: this.#addresses() }),
    invites: ({ after }, { actor }) => {
      const { clock, registry, rooms } = this.#context;
      const invites = registry.policy
        .invites(clock.expiryUnixMs())
        .filter((invite) => actor === undefined || this.#canRevoke(actor, invite));
      const { page, next } = pageAfter(invites, after);
      const nameOf = (id: RoomId | undefined) =>
        id === undefined ? undefined : rooms.get(id)?.name;
      return {
        next,
        invites: page.map((invite) => {
          const { id, usesLeft, expires, room, post, read } = invite;
          const rooms = { room: nameOf(room), post: nameOf(post), read: nameOf(read) };
          return defined({
            invite: id,
            by: registry.nameOf(invite.by),
            usesLeft,
            expires,
            ...rooms,
          });
        }),
      };
    },
    "invite-revoke": async ({ invite: id }, { actor }) => {
      const { registry, kernel } = this.#context;
      await kernel.transact(() => {
        const invite = registry.policy.invite(id);
        if (invite === undefined || invite.isRevoked || !this.#canRevoke(actor, invite)) {
          throw new Fault("not-found", msg`no invite '${id.slice(0, 40)}'`, {
            remedy: msg`see the invites: ${"chat admin invites"}`,
          });
        }
        return [inviteRevokedDraft(id, actor.user)];
      });
    },
  } satisfies SomeHandlers;

  /** @throws {Fault} too-many, not-allowed or room-unknown */
  create(actor: ModeratorActor, request: InviteRequest): Promise<Answer<"invite">> {
    return this.#creations.run(() => this.#create(actor, request));
  }

  async #create(actor: ModeratorActor, request: InviteRequest): Promise<Answer<"invite">> {
    const { entropy, kernel, registry } = this.#context;
    const { user, isOperator } = actor;
    const scope = this.#scopeOf(actor, request);
    const uses = request.uses ?? (isOperator || isForProgram(scope) ? undefined : 1);
    if (!isOperator && (uses ?? 1) > INVITE_USES_MAX) {
      throw new Fault("too-many", msg`your invites are limited to ${INVITE_USES_MAX} uses`, {
        remedy: msg`ask an operator for more`,
      });
    }
    this.#checkCount(actor);
    this.#checkRate(actor);
    const token = `t${newToken(entropy)}`;
    const id = `i${toBase64Url(entropy(ID_BYTES))}`;
    const isByToken = isOperator && !registry.policy.isOperator(user);
    const { expires } = request;
    const draft = inviteDraft({
      id,
      by: user,
      hash: hashOf(token),
      usesLeft: uses === undefined || isForProgram(scope) ? undefined : uses,
      expires,
      ...scope,
      isByToken: isByToken || undefined,
    });
    await kernel.transact(() => [draft]);
    if (isForProgram(scope)) return { invite: id, token };
    const places = this.#addresses();
    return { invite: id, token, places: places.length === 0 ? undefined : places };
  }

  #addresses(): Answer<"addresses">["places"] {
    return this.#context.addresses().slice(0, INVITE_ADDRESSES_MAX);
  }

  #canRevoke(actor: ModeratorActor, { by, room, post, read }: Invite): boolean {
    if (actor.isOperator || by === actor.user) return true;
    const scope = room ?? post ?? read;
    const moderatedRooms = scope === undefined ? undefined : this.#context.rooms.get(scope);
    return moderatedRooms !== undefined && moderates(moderatedRooms, actor);
  }

  opensRoom(id: string, room: RoomId): boolean {
    const invite = this.#context.registry.policy.invite(id);
    return invite?.room === room && !invite.isRevoked && this.#isValid(invite);
  }

  #isValid({ by, room, isByToken }: Invite): boolean {
    const { registry, clock } = this.#context;
    if (registry.policy.ban(by, clock.expiryUnixMs()) !== undefined) return false;
    if (registry.get(by)?.isRemoved === true) return false;
    return isByToken === true || this.#isEntitled(room, by);
  }

  #isEntitled(room: RoomId | undefined, user: UserId): boolean {
    const { registry, rooms } = this.#context;
    if (room === undefined || registry.policy.isOperator(user)) return true;
    return rooms.get(room)?.members.has(user) === true;
  }

  /**
   * Compares hashes, so that the time taken reveals nothing about the token.
   * @throws {Fault} not-allowed if the invite is no longer valid
   */
  registrationInvite(secret: string): Invite | undefined {
    const invite = this.#find(secret);
    if (invite === undefined || isForProgram(invite)) return undefined;
    this.#checkUsable(invite);
    return invite;
  }

  programInvite(token: string): Invite | undefined {
    const invite = this.#find(token);
    if (invite === undefined || !isForProgram(invite)) return undefined;
    const { clock, registry } = this.#context;
    if (registry.get(invite.by)?.isRemoved === true) return undefined;
    return isUsable(invite, clock.expiryUnixMs()) ? invite : undefined;
  }

  /**
   * Call it in the transaction that records the use, which is decided again after each other use.
   * @throws {Fault} not-allowed if the invite is no longer valid
   */
  checkUse(id: string): void {
    const invite = this.#context.registry.policy.invite(id);
    if (invite === undefined) throw invalidInvite("was revoked");
    this.#checkUsable(invite);
  }

  #find(token: string): Invite | undefined {
    if (!TOKEN.test(token)) return undefined;
    return this.#context.registry.policy.inviteByHash(hashOf(token));
  }

  #checkUsable(invite: Invite): void {
    const { expires, usesLeft } = invite;
    const now = this.#context.clock.expiryUnixMs();
    if (invite.isRevoked) throw invalidInvite("was revoked");
    if (usesLeft === 0) throw invalidInvite("has been used up");
    if (expires !== undefined && now >= expires) throw invalidInvite("has expired");
    if (!this.#isValid(invite)) throw invalidInvite("is not valid now");
  }

  #scopeOf(actor: ModeratorActor, { room, post, read }: InviteRequest): InviteScope {
    const { rooms } = this.#context;
    const isProgram = post !== undefined || read !== undefined;
    if (room !== undefined && isProgram) {
      throw new Fault("usage", "an invite is either for a user or for a program", {
        remedy: "specify a room to join, or a room to post to or read",
      });
    }
    if (isProgram) {
      const rooms = defined({
        post: post === undefined ? undefined : this.#programRoom(actor, post),
        read: read === undefined ? undefined : this.#programRoom(actor, read),
      });
      if (rooms.post === undefined || rooms.post === (rooms.read ?? rooms.post)) return rooms;
      throw new Fault("usage", "a token is limited to one room", { remedy: "create two tokens" });
    }
    if (room === undefined) return {};
    const name = checkName(room, "room's name");
    const { id, isPrivate } = actor.isOperator
      ? requireRoom(rooms, name)
      : requireJoinedRoom(rooms, actor.user, name);
    if (isPrivate !== true) return { room: id };
    throw new Fault("not-allowed", msg`only accounts can be added to a group`, {
      remedy: msg`add them after they have joined the server: ${"/invite @NAME"}`,
    });
  }

  #programRoom(actor: ModeratorActor, name: string): RoomId {
    const found = requireRoom(this.#context.rooms, checkName(name, "room's name"), actor.user);
    if (!moderates(found, actor)) {
      throw new Fault("not-allowed", msg`you are not a moderator of '${name}'`);
    }
    // A post made with the token is attributed to the token's creator, who must be a room member.
    if (found.members.has(actor.user)) return found.id;
    throw new Fault(
      "not-member",
      msg`you are not a member of '${name}', and the token would act for you`,
      { remedy: msg`join it first: ${`chat join --room ${found.name ?? name}`}` },
    );
  }

  #checkCount({ user, isOperator }: ModeratorActor): void {
    const { registry, clock } = this.#context;
    const live = registry.policy.invites(clock.expiryUnixMs());
    const own = live.filter(({ by }) => by === user).length;
    const ownMax = isOperator ? INVITES_PER_OPERATOR_MAX : INVITES_PER_ACCOUNT_MAX;
    const max = isOperator ? INVITES_MAX : INVITES_MAX - INVITES_RESERVED;
    if (live.length < max && own < ownMax) return;
    const whose = own < ownMax ? `${live.length} invites` : `${own} of your invites`;
    throw new Fault("too-many", msg`${whose} are active, which is the limit`, {
      remedy: msg`revoke some: ${"chat admin invites --revoke ID"}`,
    });
  }

  #checkRate({ user, isOperator }: ModeratorActor): void {
    const [quota, perHour] = isOperator
      ? [this.#operatorRate, INVITES_PER_HOUR_OPERATOR_MAX]
      : [this.#memberRate, INVITES_PER_HOUR_MAX];
    const message = `you have reached the limit of ${perHour} new invites per hour`;
    const remedy = "create one with several uses: chat admin invite --uses N";
    quota.take(user, this.#context.clock.now(), message, remedy);
  }
}

type InviteScope = Pick<Invite, "room" | "post" | "read">;

function invalidInvite(reason: string): Fault {
  return new Fault("not-allowed", msg`this invite ${reason}`, { remedy: msg`ask for a new one` });
}
