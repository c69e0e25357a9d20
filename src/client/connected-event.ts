import type { Connection } from "../io/connection.ts";
import type { Entered } from "./entry.ts";
import type { Follower } from "./follower.ts";
import type { Greeted } from "./trust.ts";

export type ConnectedEvent = Parameters<Follower["connected"]>[0];

export function connectedEvent(
  address: string,
  { link }: Connection,
  { welcome, fingerprint }: Greeted,
  { account, registered }: Entered,
): ConnectedEvent {
  return {
    kind: "connected",
    server: welcome.server.name,
    address,
    user: account.user,
    transport: link.transport,
    fingerprint,
    welcome: welcome.text,
    registered,
  };
}
