/** Files whose content tells where it was made, which users learn before they send it. */

import { type LocationFinding, searchLocation } from "../../core/client/location.ts";
import type { ReadableFile } from "../../io/blob/interfaces.ts";

export interface LocatedFile {
  readonly name: string;
  readonly finding: Exclude<LocationFinding, "has not">;
}

/** Searches the files of everything that is sent, in order. */
export async function* locatedFiles(files: Iterable<ReadableFile>): AsyncIterable<LocatedFile> {
  for (const file of files) {
    const finding = await findLocation(file);
    if (finding !== "has not") yield { name: file.name, finding };
  }
}

/** Numbers of files. */
export interface LocationCounts {
  readonly has: number;
  readonly mayHave: number;
}

export const NO_LOCATIONS: LocationCounts = { has: 0, mayHave: 0 };

export async function countLocated(files: Iterable<ReadableFile>): Promise<LocationCounts> {
  let { has, mayHave } = NO_LOCATIONS;
  for await (const { finding } of locatedFiles(files)) {
    if (finding === "has") has++;
    else mayHave++;
  }
  return { has, mayHave };
}

async function findLocation({ peek }: ReadableFile): Promise<LocationFinding> {
  const search = searchLocation();
  let step = search.next();
  while (step.done !== true) {
    const { at, length } = step.value;
    // Sending an unreadable file reports the error.
    const bytes = await peek(at, length).catch(() => new Uint8Array());
    if (bytes === undefined) return "may have";
    step = search.next(bytes);
  }
  return step.value;
}
