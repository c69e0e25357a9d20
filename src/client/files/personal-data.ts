/** Files that contain a location or the name of a person, which users learn before they send it. */

import { searchPersonalData } from "../../core/client/personal-data.ts";
import { type PersonalData, PersonalDataFound } from "../../core/client/personal-data-found.ts";
import { type CopyPart, planWithoutPersonalData } from "../../core/client/personal-data-removal.ts";
import type { Reading } from "../../core/client/read-content.ts";
import type { ReadableFile } from "../../io/blob/interfaces.ts";
import { unpacked } from "./unpack.ts";

export interface PersonalFile {
  readonly name: string;
  readonly data: PersonalData;
}

/** Searches the files of everything that is sent, in order, and leaves out those without. */
export async function* personalFiles(files: Iterable<ReadableFile>): AsyncIterable<PersonalFile> {
  for (const file of files) {
    const data = await findPersonalData(file);
    if (data.location !== "has not" || data.name !== "has not") yield { name: file.name, data };
  }
}

/** Numbers of files. */
export interface Counts {
  readonly has: number;
  readonly mayHave: number;
}

export interface PersonalDataCounts {
  readonly location: Counts;
  readonly name: Counts;
}

const NONE: Counts = { has: 0, mayHave: 0 };

export const NO_PERSONAL_DATA: PersonalDataCounts = { location: NONE, name: NONE };

export function sumOfCounts(counts: readonly PersonalDataCounts[]): PersonalDataCounts {
  const sum = (kind: keyof PersonalData): Counts => ({
    has: counts.reduce((total, each) => total + each[kind].has, 0),
    mayHave: counts.reduce((total, each) => total + each[kind].mayHave, 0),
  });
  return { location: sum("location"), name: sum("name") };
}

export async function countPersonalData(
  files: Iterable<ReadableFile>,
): Promise<PersonalDataCounts> {
  const counts: PersonalDataCounts[] = [];
  for await (const { data } of personalFiles(files)) counts.push(countsOf(data));
  return sumOfCounts(counts);
}

function countsOf({ location, name }: PersonalData): PersonalDataCounts {
  const count = (finding: PersonalData["name"]): Counts => ({
    has: finding === "has" ? 1 : 0,
    mayHave: finding === "may have" ? 1 : 0,
  });
  return { location: count(location), name: count(name) };
}

type Peekable = Pick<ReadableFile, "peek">;

export async function findPersonalData(file: Peekable): Promise<PersonalData> {
  const found = new PersonalDataFound();
  const data = await readParts(searchPersonalData(found), file);
  if (data === undefined) found.suspectRest();
  return data ?? found.result;
}

/** @returns `undefined` if the metadata of the file cannot be removed alone */
export function planRemoval(file: Peekable): Promise<readonly CopyPart[] | undefined> {
  return readParts(planWithoutPersonalData(), file);
}

/** @returns `undefined` if a range cannot be read yet */
async function readParts<Result>(
  reading: Reading<Result>,
  { peek }: Peekable,
): Promise<Result | undefined> {
  let step = reading.next();
  while (step.done !== true) {
    const { at, length, isDeflated } = step.value;
    // Sending an unreadable file reports the error.
    const bytes = await peek(at, length).catch(() => new Uint8Array());
    if (bytes === undefined) return undefined;
    step = reading.next(isDeflated === true ? await unpacked(bytes) : bytes);
  }
  return step.value;
}
