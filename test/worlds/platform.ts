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
import type { ReferenceModel } from "./reference-model.ts";
import type { SeededRandom, Trace } from "./seeded-random.ts";

export interface Platform {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly model: ReferenceModel;
  readonly weather: NetworkConditions;
  readonly captures: Captures;
  readonly sentKinds: Set<string>;
  readonly mutant: Mutant;
  readonly roomSecret?: string;
  readonly pushed?: (endpoint: string, text: string) => PushAnswer;
  readonly postsPerSecond: number | undefined;
  readonly isDiskFine: boolean;
  readonly fail: (error: unknown) => void;
  readonly guard: (check: () => void) => void;
}

export interface Mutant {
  readonly disk?: (disk: Disk) => Disk;
  readonly history?: (log: Log) => Log;
  readonly rooms?: () => Rooms;
  readonly link?: (link: Link, platform: Platform) => Link;
  readonly publishes?: (platform: Platform) => number;
  readonly state?: (state: ClientState) => ClientState;
  readonly entropy?: (entropy: Entropy) => Entropy;
  /** Lines that an IRC client receives instead of one. */
  readonly irc?: (
    line: string,
    platform: Platform,
    channels: ReadonlyMap<string, unknown>,
  ) => readonly string[];
}
