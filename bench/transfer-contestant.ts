import type { Content } from "./transfer-content.ts";

/** A tool that transfers files and folders to another process on this machine. */
export interface Contestant {
  readonly name: string;
  /**
   * @param folder empty folder of this tool, removed afterwards
   * @throws {Unavailable}
   */
  start(folder: string): Promise<TransferTool>;
}

export interface TransferTool {
  /** Resolves when the content has arrived, with the durability that the tool guarantees. */
  transfer(content: Content): Promise<TransferRun>;
  /** Removes the received content, so that the next run starts without it. */
  removeReceived(): void;
  stop(): Promise<void>;
}

export interface TransferRun {
  /** From the start of the command to the end of the last process. */
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
  readonly server?: Usage;
  readonly received: ReceivedContent;
}

/** Location of the received content. `skipBytes` precede it in the file. */
export interface ReceivedContent {
  readonly path: string;
  readonly skipBytes?: number;
}

export interface Usage {
  /** User and system time, including child processes. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Error for a tool that is missing on this machine; the message names it. */
export class Unavailable extends Error {}

/** @throws {Unavailable} */
export function requireProgram(program: string): string {
  const path = Bun.which(program, { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (path === null) throw new Unavailable(`${program} is not installed`);
  return path;
}
