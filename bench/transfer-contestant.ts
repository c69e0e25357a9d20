import type { Content } from "./transfer-content.ts";

/** A way to bring a file or a folder to another process of this machine. */
export interface Contestant {
  readonly name: string;
  /**
   * Starts what runs before the first byte.
   * @param folder empty, its own, removed afterwards
   * @throws Unavailable
   */
  start(folder: string): Promise<TransferTool>;
}

export interface TransferTool {
  /** Resolves when it has arrived, as surely as this way promises. */
  bring(content: Content): Promise<Trip>;
  /** Removes what the last trip brought: the next one must not find it. */
  forget(): void;
  stop(): Promise<void>;
}

export interface Trip {
  /** From the start of the command to the end of the last process. */
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
  /** Where a server stands between the two. */
  readonly server?: Usage;
  readonly arrived: Arrival;
}

/** Where it is now, and how many bytes of it come before the content. */
export interface Arrival {
  readonly path: string;
  readonly skipBytes?: number;
}

export interface Usage {
  /** User and system time, children included. */
  readonly cpuSeconds: number;
  /** Of all processes of this end together. */
  readonly peakBytes: number;
}

/** It cannot run on this machine; the sentence says what is missing. */
export class Unavailable extends Error {}

/** @throws Unavailable */
export function need(program: string): string {
  const path = Bun.which(program, { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (path === null) throw new Unavailable(`${program} is not installed`);
  return path;
}
