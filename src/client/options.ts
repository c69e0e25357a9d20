import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { ClientState } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { ClientEvent } from "./event.ts";
import type { FollowMode } from "./follower.ts";
import type { Keys } from "./keys.ts";
import type { Credentials } from "./login.ts";
import type { Hashing } from "./transfer/hashing.ts";

export interface ClientParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** One attempt to reach the server. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  readonly state: ClientState;
  readonly keys: Keys;
  readonly hashing: Hashing;
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
  /** Whoever is in here is who this home is there the next time, and this its server. */
  readonly changesDefaults?: boolean;
  /** After a loss: try again for ever (default), or end. */
  readonly reconnect?: boolean;
  /** Told of a first contact at once, before any secret is asked; left out: an event says it. */
  readonly onPinned?: (news: Extract<ClientEvent, { kind: "pinned" | "moved" }>) => void;
}
