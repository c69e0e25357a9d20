/** What can be measured: a server of its own process, and the two kinds of client it has. */
export interface Contestant {
  readonly name: string;
  /** A program that must be installed; left out: it comes with this project. */
  readonly program?: string;
  /** Runs in the bench's process: starts the server as a child. */
  start(): Promise<RunningServer>;
  /** Runs in the load process: one who is in the room and tells the sink of each text. */
  makeReader(port: number, index: number, sink: Sink): Promise<Client>;
  /** Runs in the load process: one who speaks in the room, and is not told of texts. */
  makeSender(port: number, index: number): Promise<Sender>;
}

export interface RunningServer {
  /** Whose CPU time is counted. */
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface Client {
  close(): void;
}

export interface Sender extends Client {
  /** @param text TEXT_BYTES ASCII characters that begin with STAMP_DIGITS digits */
  send(text: string): void;
}

export interface Sink {
  /** One text has come; it begins at this offset of the bytes. */
  delivered(bytes: Uint8Array, textOffset: number): void;
}

/** A line of chat. */
export const TEXT_BYTES = 100;
/** When the text was sent: microseconds of the load process's own clock. */
export const STAMP_DIGITS = 12;
const DIGIT_ZERO = 0x30;

export function stampedText(nowMs: number): string {
  const stamp = String(Math.round(nowMs * 1000)).padStart(STAMP_DIGITS, "0");
  return stamp.padEnd(TEXT_BYTES, "x");
}

/** @returns milliseconds */
export function readStamp(bytes: Uint8Array, offset: number): number {
  let micros = 0;
  for (let i = offset; i < offset + STAMP_DIGITS; i++) {
    micros = micros * 10 + (bytes[i] ?? 0) - DIGIT_ZERO;
  }
  return micros / 1000;
}

export async function stopChild(child: Bun.Subprocess): Promise<void> {
  child.kill();
  await child.exited;
}
