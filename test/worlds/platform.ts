import type { Rooms } from "../../src/core/rooms/rooms.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Disk } from "../../src/io/disk/disk.ts";
import type { Entropy } from "../../src/io/entropy.ts";
import type { Link } from "../../src/io/link/link.ts";
import type { NetworkConditions } from "../../src/io/link/memory-network.ts";
import type { Log } from "../../src/io/log/log.ts";
import type { ClientState } from "../../src/io/state/client-state.ts";
import type { PushAnswer } from "../../src/server/push/sender.ts";
import type { Captures } from "./captures.ts";
import type { Dice, Trace } from "./dice.ts";
import type { Witness } from "./witness.ts";

export interface Platform {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly trace: Trace;
  readonly witness: Witness;
  readonly weather: NetworkConditions;
  readonly captures: Captures;
  readonly asked: Set<string>;
  readonly mutant: Mutant;
  /** What newcomers need; left out: nothing. */
  readonly roomSecret?: string;
  /** A browser there gets a push. @returns what the push service answers */
  readonly pushed?: (endpoint: string, text: string) => PushAnswer;
  /** Undefined: as fast as the product allows. */
  readonly postsPerSecond: number | undefined;
  readonly isDiskFine: boolean;
  readonly fail: (error: unknown) => void;
  readonly guard: (check: () => void) => void;
}

/** How a wrong program would differ: the world has to notice each of them. */
export interface Mutant {
  readonly disk?: (disk: Disk) => Disk;
  readonly history?: (log: Log) => Log;
  readonly rooms?: () => Rooms;
  readonly link?: (link: Link, around: Platform) => Link;
  readonly publishes?: (around: Platform) => number;
  readonly state?: (state: ClientState) => ClientState;
  readonly entropy?: (entropy: Entropy) => Entropy;
}
