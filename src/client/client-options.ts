import type { Identity } from "../crypto/identity.ts";
import type { ClientState } from "../io/client-state.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { Credentials } from "./entry.ts";
import type { ClientEvent } from "./event.ts";
import type { FollowMode } from "./follower.ts";

export interface ClientParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** One attempt to reach the server. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  readonly state: ClientState;
  readonly device: Identity;
}

export interface ClientOptions {
  /** The server as its pin is filed: `HOST:PORT`, always in the same spelling. */
  readonly address: string;
  /** `chat/VERSION`. */
  readonly program: string;
  /** Left out: only greet, and log in later. */
  readonly credentials?: Credentials | undefined;
  /** What the user or an invite says the server's fingerprint is. */
  readonly fingerprint?: Fingerprint | undefined;
  /** Refuse a server that nobody vouched for. */
  readonly strict?: boolean;
  readonly follow: FollowMode;
  /** Leave what earlier runs could not send to a run that waits for its answers. */
  readonly adopt?: boolean;
  /** After a loss: try again for ever (default), or end. */
  readonly reconnect?: boolean;
  /** Told of a first contact at once, before any secret is asked; left out: an event says it. */
  readonly onPinned?: (news: Extract<ClientEvent, { kind: "pinned" | "moved" }>) => void;
}
