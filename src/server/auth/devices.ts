/** Requests concerning an account's devices: list, revoke and add. */

import { fromBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { DAY_MS } from "../../base/time.ts";
import { dayOf } from "../../core/rooms/accounts.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import {
  DEFERRED,
  type Deferred,
  type Sender,
  type SomeHandlers,
  signedOut,
} from "../kernel/service.ts";
import { isCertifiedBy } from "./secrets.ts";

export class Devices {
  readonly #options: ServerContext;

  constructor(options: ServerContext) {
    this.#options = options;
  }

  readonly handlers = {
    devices: (_, { client, account }) => {
      const online = new Set(
        this.#options.peers.of(account.id).map(({ member }) => member?.device),
      );
      const devices = [...account.devices].map(([key, known]) => ({
        device: deviceIdOf(fromBase64Url(key), sha256),
        since: known.sinceUnixMs,
        certified: known.certified,
        current: key === client.member?.device,
        online: online.has(key),
        client: known.label || undefined,
        // Hides the exact time of use, which the account's owner does not need.
        seen: known.seenUnixMs === undefined ? undefined : dayOf(known.seenUnixMs) * DAY_MS,
      }));
      return { devices };
    },
    revoke: (request, from) => this.#revoke(request, from),
    "device-add": (request, from) => this.#add(request, from),
  } satisfies SomeHandlers;

  /**
   * Answers the request before the device's sessions are closed.
   * @throws {Fault} not-found if there is no such device
   */
  async #revoke(
    { ref, device }: RequestOf<"revoke">,
    { client, account }: Sender,
  ): Promise<Deferred> {
    const { registry, kernel, peers } = this.#options;
    const key = [...account.devices.keys()].find(
      (candidate) => deviceIdOf(fromBase64Url(candidate), sha256) === device,
    );
    if (key === undefined) {
      throw new Fault("not-found", msg`no such device`, {
        remedy: msg`see your devices: ${"chat devices"}`,
      });
    }
    await kernel.transact(() =>
      account.devices.has(key) ? [registry.deviceRemovalDraft(account, key)] : [],
    );
    client.answer(ref, {});
    const fault = signedOut();
    peers.close(account.id, fault, ({ member }) => member?.device === key);
    return DEFERRED;
  }

  async #add(
    { deviceKey, deviceCert }: RequestOf<"device-add">,
    { account }: Sender,
  ): Promise<void> {
    const { registry, kernel, identity } = this.#options;
    const { name: user, accountKey } = account;
    if (!isCertifiedBy(deviceCert, identity, { user, accountKey, deviceKey })) {
      throw new Fault("not-allowed", msg`this device does not have ${account.name}'s account key`, {
        remedy: msg`link from the device that created the account, or from one linked to it`,
      });
    }
    await kernel.transact(() => {
      const draft = registry.deviceDraft(account, deviceKey, deviceCert);
      return draft === undefined ? [] : [draft];
    });
  }
}
