/** Handlers for joining, leaving and topics. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../../base/ids.ts";
import { ROOMS_PER_HOUR_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { HourlyQuota } from "../../core/rate.ts";
import { type JoinOptions, joinDrafts } from "../../core/rooms/drafts.ts";
import { isInvited } from "../../core/rooms/moderation.ts";
import { needsPassword, type Room } from "../../core/rooms/rooms.ts";
import type { RequestKind, RequestOf } from "../../wire/messages.ts";
import type { Services } from "../services/services.ts";
import { type Handlers, NO_SEALING, required, type Sender, submit } from "./handler.ts";

export function roomHandlers(services: Services) {
  const { kernel } = services;
  const joins = new Joins(services);
  return {
    join: async (request, sender) =>
      submit(kernel, sender, { kind: "join", options: await joins.options(request, sender) }),
    leave: ({ room: named, epoch, signature, reason }, sender) => {
      const { device } = sender.member;
      const isSigned = epoch !== undefined && signature !== undefined && device !== undefined;
      const signed = isSigned ? { epoch, device, signature: toBase64Url(signature) } : undefined;
      const room = checkName(named, "room's name");
      return submit(kernel, sender, { kind: "leave", room, ...defined({ signed, reason }) });
    },
    topic: ({ room, topic }, sender) =>
      submit(kernel, sender, { kind: "topic", room: checkName(room, "room's name"), topic }),
  } satisfies Partial<Handlers<RequestKind>>;
}

class Joins {
  readonly #services: Services;
  readonly #rate = new HourlyQuota(ROOMS_PER_HOUR_MAX);

  constructor(services: Services) {
    this.#services = services;
  }

  async options(request: RequestOf<"join">, sender: Sender): Promise<JoinOptions> {
    const name = checkName(request.room, "room's name");
    const room = this.#services.rooms.find(name);
    if (room !== undefined) {
      const isPasswordCorrect = await this.#isPasswordCorrect(room, request, sender);
      return { name, isPasswordCorrect, create: undefined };
    }
    if (request.create !== true) return { name, isPasswordCorrect: false, create: undefined };
    return await this.#creation(request, sender);
  }

  async #isPasswordCorrect(
    room: Room,
    { password }: RequestOf<"join">,
    { client, account }: Sender,
  ): Promise<boolean> {
    const { clock, registry, authenticator, invites } = this.#services;
    const isFree =
      !needsPassword(room, account.id) ||
      isInvited(room, account.id, registry, clock.expiryUnixMs());
    if (isFree) return false;
    const { invite, invited } = client.handshake?.admission ?? {};
    const usedInvite = invited === account.id ? invite : undefined;
    if (usedInvite !== undefined && invites.opensRoom(usedInvite, room.id)) return true;
    const hash = registry.roomPassword(room.id);
    if (password === undefined || hash === undefined) return false;
    await authenticator.guessRoomPassword(client, password, {
      hash,
      room: room.id,
      user: account.id,
    });
    return true;
  }

  async #creation(
    { room, password, sealed }: RequestOf<"join">,
    { account, actor: { isOperator } }: Sender,
  ): Promise<JoinOptions> {
    const { rooms, registry, kernel, entropy, authenticator } = this.#services;
    if (sealed === true) {
      required(this.#services.sealed, NO_SEALING);
      if (password !== undefined) {
        throw new Fault(
          "usage",
          msg`an encrypted room cannot have a password; its members add people`,
          { remedy: "omit the password" },
        );
      }
    }
    const id = roomId(entropy(ID_BYTES));
    const options = {
      name: checkName(room, "room's name"),
      isPasswordCorrect: false,
      create: { room: id, locked: password !== undefined, sealed: sealed === true, isOperator },
    };
    // Check the request first, so that a refused request costs nothing.
    joinDrafts(rooms, account.id, options);
    if (!isOperator) this.#checkRate(account.id);
    if (password !== undefined) {
      // Store the hash before the room exists. A crash in between leaves only an unused hash.
      const hash = await authenticator.hash(account.id, password);
      await kernel.transact(() => [registry.roomPasswordDraft(id, account.id, hash)]);
    }
    return options;
  }

  #checkRate(user: UserId): void {
    const message = `you have reached the limit of ${ROOMS_PER_HOUR_MAX} new rooms per hour`;
    const now = this.#services.clock.now();
    this.#rate.take(user, now, message, "wait an hour, or ask an operator");
  }
}
