import { toBase64Url, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, type RoomId } from "../base/ids.ts";
import { INVITE_USES_MAX, INVITES_MAX, INVITES_PER_ACCOUNT_MAX } from "../base/limits.ts";
import { checkName } from "../base/names.ts";
import { namedRoom, ownRoom } from "../core/change.ts";
import { type Invite, inviteDraft, inviteGoneDraft, isLive } from "../core/house-rules.ts";
import { type Actor, moderates } from "../core/moderate.ts";
import type { Registry } from "../core/registry.ts";
import type { Rooms } from "../core/room.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Log } from "../io/log.ts";
import { OneAtATime } from "../io/one-at-a-time.ts";
import type { Answer, RequestOf } from "../wire/messages.ts";

export interface InvitesOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly accounts: Pick<Log, "append">;
}

const TOKEN_BYTES = 16;
/** `t` and 128 bits in base64url. */
const TOKEN = /^t[A-Za-z0-9_-]{22}$/;

/** Tokens that let somebody in: made, shown, counted and taken back. */
export class Invites {
  readonly #options: InvitesOptions;
  /** Uses on their way to the disk, by invite; as many as there are links that register. */
  readonly #pending = new Map<string, number>();
  readonly #making = new OneAtATime(); // As many wait as there are requests in flight.

  constructor(options: InvitesOptions) {
    this.#options = options;
  }

  /**
   * One after the other: each counts those before it.
   * @throws Fault not-allowed, not-member, room-unknown, too-many, store-…
   */
  make(actor: Actor, request: RequestOf<"invite">): Promise<Answer<"invite">> {
    return this.#making.run(() => this.#make(actor, request));
  }

  async #make(actor: Actor, request: RequestOf<"invite">): Promise<Answer<"invite">> {
    const { entropy, accounts } = this.#options;
    const { user, isOperator } = actor;
    const place = this.#place(actor, request);
    const uses = request.uses ?? (isOperator || place.post !== undefined ? undefined : 1);
    if (!isOperator && (uses ?? 1) > INVITE_USES_MAX) {
      throw new Fault("too-many", `an invite of yours admits at most ${INVITE_USES_MAX}`, {
        remedy: "ask an operator for more",
      });
    }
    this.#checkCount(actor);
    const token = `t${toBase64Url(entropy(TOKEN_BYTES))}`;
    const id = `i${toBase64Url(entropy(ID_BYTES))}`;
    const { expires } = request;
    const draft = inviteDraft({
      id,
      by: user,
      hash: hashOf(token),
      ...(uses === undefined || place.post !== undefined ? {} : { usesLeft: uses }),
      ...(expires === undefined ? {} : { expires }),
      ...place,
    });
    await accounts.append(draft);
    return { invite: id, token };
  }

  /** One's own; to operators all. */
  list({ user, isOperator }: Actor): Answer<"invites"> {
    const { clock, registry, rooms } = this.#options;
    const shown = registry.rules
      .invites(clock.unixMs())
      .filter(({ by }) => isOperator || by === user);
    const nameOf = (id: RoomId | undefined) => (id === undefined ? undefined : rooms.get(id)?.name);
    return {
      invites: shown.map((invite) => {
        const by = registry.nameOf(invite.by);
        const room = nameOf(invite.room);
        const post = nameOf(invite.post);
        return {
          invite: invite.id,
          ...(by === undefined ? {} : { by }),
          ...(invite.usesLeft === undefined ? {} : { usesLeft: invite.usesLeft }),
          ...(invite.expires === undefined ? {} : { expires: invite.expires }),
          ...(room === undefined ? {} : { room }),
          ...(post === undefined ? {} : { post }),
        };
      }),
    };
  }

  /** @throws Fault not-found, store-…: that of somebody else does not exist for you */
  async revoke({ user, isOperator }: Actor, id: string): Promise<void> {
    const { registry, accounts } = this.#options;
    const invite = registry.rules.invite(id);
    if (invite === undefined || invite.isRevoked || (!isOperator && invite.by !== user)) {
      throw new Fault("not-found", `there is no invite '${id.slice(0, 40)}'`, {
        remedy: "list them: chat admin invites",
      });
    }
    await accounts.append(inviteGoneDraft(id, user));
  }

  /**
   * The invite whose token this is; undefined: it is no token that admits anybody. Compared by
   * hash, so that the time it takes tells nothing.
   * @throws Fault not-allowed: it was one, and whoever holds it hears what became of it
   */
  admission(secret: string): Invite | undefined {
    const invite = this.#known(secret);
    if (invite === undefined || invite.post !== undefined) return undefined;
    this.#checkLive(invite);
    return invite;
  }

  /**
   * The invite whose token lets a program post: to its room, in the name of who made it.
   * For POST /rooms/ROOM.
   */
  postInvite(token: string): Invite | undefined {
    const invite = this.#known(token);
    const { clock } = this.#options;
    return invite?.post !== undefined && isLive(invite, clock.unixMs()) ? invite : undefined;
  }

  /** Holds one use until `end`, so that two at once do not share it. @throws Fault not-allowed */
  begin(id: string): void {
    const invite = this.#options.registry.rules.invite(id);
    if (invite === undefined) throw spent("was revoked");
    const pending = this.#pending.get(id) ?? 0;
    this.#checkLive(invite, pending);
    this.#pending.set(id, pending + 1);
  }

  end(id: string): void {
    const pending = (this.#pending.get(id) ?? 1) - 1;
    if (pending > 0) this.#pending.set(id, pending);
    else this.#pending.delete(id);
  }

  #known(token: string): Invite | undefined {
    if (!TOKEN.test(token)) return undefined;
    return this.#options.registry.rules.inviteByHash(hashOf(token));
  }

  #checkLive(invite: Invite, pending = 0): void {
    const { registry, clock } = this.#options;
    const { by, expires, usesLeft } = invite;
    const now = clock.unixMs();
    if (invite.isRevoked) throw spent("was revoked");
    if (usesLeft !== undefined && usesLeft <= pending) throw spent("is used up");
    if (expires !== undefined && now >= expires) throw spent("has expired");
    // Whoever is put out must not send others in.
    if (registry.rules.ban(by, now) !== undefined) throw spent("does not hold now");
  }

  #place(actor: Actor, { room, post }: RequestOf<"invite">): { room?: RoomId; post?: RoomId } {
    const { rooms } = this.#options;
    if (room !== undefined && post !== undefined) {
      throw new Fault("usage", "an invite is for a person or for a program", {
        remedy: "give either a room to enter or one to post to",
      });
    }
    if (post !== undefined) {
      const found = namedRoom(rooms, checkName(post, "room's name"));
      if (moderates(found, actor)) return { post: found.id };
      throw new Fault("not-allowed", `you do not moderate '${post}'`);
    }
    if (room === undefined) return {};
    const name = checkName(room, "room's name");
    return {
      room: (actor.isOperator ? namedRoom(rooms, name) : ownRoom(rooms, actor.user, name)).id,
    };
  }

  #checkCount({ user, isOperator }: Actor): void {
    const { registry, clock } = this.#options;
    const live = registry.rules.invites(clock.unixMs());
    const own = live.filter(({ by }) => by === user).length;
    if (live.length < INVITES_MAX && (isOperator || own < INVITES_PER_ACCOUNT_MAX)) return;
    throw new Fault("too-many", `${isOperator ? live.length : own} invites are out already`, {
      remedy: "take some back: chat admin invites --revoke ID",
    });
  }
}

function hashOf(token: string): string {
  return toBase64Url(sha256(utf8Encode(token)));
}

function spent(what: string): Fault {
  return new Fault("not-allowed", `this invite ${what}`, { remedy: "ask for a new one" });
}
