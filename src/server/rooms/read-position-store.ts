/** Read positions in `marks.json`, written some time after a change. */

import type { Fault } from "../../base/fault.ts";
import { READ_POSITIONS_BYTES_MAX, READ_POSITIONS_KEPT_EVERY_MS } from "../../base/limits.ts";
import { ReadPositions } from "../../core/rooms/read-positions.ts";
import type { Clock } from "../../io/clock.ts";
import { KeptFile, type KeptFilePlace } from "../queue/kept-file.ts";

/** Positions lost by a crash or a damaged file only count as unread again. */
export class ReadPositionStore {
  readonly #file: KeptFile;
  #positions = new ReadPositions();

  constructor(place: KeptFilePlace | undefined, clock: Clock, warn: (fault: Fault) => void) {
    this.#file = new KeptFile(place, {
      name: "marks.json",
      sizeBytesMax: READ_POSITIONS_BYTES_MAX,
      everyMs: READ_POSITIONS_KEPT_EVERY_MS,
      ...{ clock, warn },
      lost: "what was read counts as unread again",
      format: () => this.#positions.format(),
      parse: (text) => {
        const kept = ReadPositions.parse(text);
        if (kept !== undefined) this.#positions = kept;
        return kept !== undefined;
      },
    });
  }

  get positions(): ReadPositions {
    return this.#positions;
  }

  open(): void {
    this.#file.open();
  }

  touch(): void {
    this.#file.touch();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
