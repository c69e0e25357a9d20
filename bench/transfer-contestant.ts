import { findProgram } from "./fan-out-program.ts";
import type { Content } from "./transfer-content.ts";

/** Tool that transfers files and folders to another process on this machine. */
export interface TransferContestant {
  readonly name: string;
  /**
   * @param folder empty folder, removed afterwards
   * @throws {Unavailable}
   */
  start(folder: string): Promise<TransferTool>;
}

export interface TransferTool {
  /** Uploads the content that the transfer downloads. */
  prepare?(content: Content): Promise<void>;
  /** Resolves when the content has arrived, with the durability that the tool guarantees. */
  transfer(content: Content): Promise<TransferRun>;
  removeReceived(): void;
  stop(): Promise<void>;
}

export interface TransferRun {
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
  readonly server?: Usage;
  readonly received: ReceivedContent;
}

/** Received file, in which `skipBytes` bytes precede the content. */
export interface ReceivedContent {
  readonly path: string;
  readonly skipBytes?: number;
}

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export class Unavailable extends Error {}

export function requireProgram(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw new Unavailable(`${program} is not installed`);
  return path;
}
