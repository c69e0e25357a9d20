/** Handlers of an account's devices. */

import type { Devices } from "../auth/devices.ts";
import { type Handlers, LATER } from "./handler.ts";

type DeviceKind = "devices" | "revoke" | "link" | "link-offer" | "link-grant";

export function deviceHandlers(devices: Devices): Handlers<DeviceKind> {
  return {
    devices: (_, { client, account }) => devices.list(client, account),
    revoke: async (request, { client, account }) => {
      await devices.revoke(client, account, request);
      return LATER;
    },
    link: async (request, { client }) => {
      await devices.link(client, request);
      return LATER;
    },
    "link-offer": ({ code }, { client }) => devices.offer(client, code),
    "link-grant": (request, { client, account }) => devices.grant(client, account, request),
  };
}
