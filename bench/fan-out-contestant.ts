/** Fan-out contestant: a server in its own process, and the kinds of clients that connect to it. */
export interface Contestant {
  readonly name: string;
  readonly program?: string;
  start(): Promise<RunningServer>;
  makeReader(port: number, index: number, sink: Sink): Promise<Client>;
  makeSender(port: number, index: number): Promise<Sender>;
  /**
   * Connects a client that is alone in its room. `undefined` if the server acknowledges nothing.
   */
  makePoster?(port: number, index: number): Promise<Poster>;
}

export interface RunningServer {
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

export interface Poster extends Client {
  /** Resolves when the server acknowledges the text. */
  post(text: string): Promise<unknown>;
}

export interface Sink {
  delivered(bytes: Uint8Array, textOffset: number): void;
}

export const TEXT_BYTES = 100;
export const STAMP_DIGITS = 12;
const DIGIT_ZERO = 0x30;

export function stampedText(nowMs: number): string {
  const stamp = String(Math.round(nowMs * 1000)).padStart(STAMP_DIGITS, "0");
  return stamp.padEnd(TEXT_BYTES, "x");
}

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
