/** Body of a streamed response. */

import { Fault } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";

/** Disconnects a client that reads no further piece within this time. */
export interface StallLimit {
  readonly clock: Pick<Clock, "after">;
  readonly ms: number;
}

interface ResponseStreamOptions {
  readonly signal: AbortSignal;
  /** Aborted with a fault when the server ends the response. */
  readonly ended?: AbortSignal | undefined;
  /** Piece that was read in advance, so that an early fault determined the status. */
  readonly first?: IteratorResult<Uint8Array>;
  readonly stall?: StallLimit | undefined;
  /** Called when the client is ready for a piece. */
  readonly onRead?: (() => void) | undefined;
  /** Called at least once, at the end of the pieces or when the client disconnects. */
  readonly onEnd: () => void;
}

/**
 * Reads a piece after the client has consumed the previous one, so that a slow client delays the
 * source.
 */
export function responseStream(
  pieces: AsyncGenerator<Uint8Array>,
  { signal, ended, first: firstPiece, stall, onRead, onEnd }: ResponseStreamOptions,
): ReadableStream<Uint8Array> {
  let first = firstPiece;
  let cancelStall = () => {};
  const end = async () => {
    cancelStall();
    onEnd();
    await pieces.return(undefined);
  };
  // If the client disconnects before the first byte, Bun neither reads nor cancels the stream, so
  // end it here.
  signal.addEventListener("abort", () => void end(), { once: true });
  if (signal.aborted) void end();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const fail = () => {
          void end();
          controller.error(ended?.reason);
        };
        ended?.addEventListener("abort", fail, { once: true });
        if (ended?.aborted === true) fail();
      },
      pull: async (controller) => {
        cancelStall();
        onRead?.();
        try {
          const { done, value } = first ?? (await pieces.next());
          first = undefined;
          if (done !== true) controller.enqueue(value);
          else {
            onEnd();
            return controller.close();
          }
        } catch (error) {
          onEnd();
          throw error;
        }
        if (stall === undefined) return;
        cancelStall = stall.clock.after(stall.ms, () => {
          void end();
          controller.error(new Fault("timeout", "the client stopped reading"));
        });
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
