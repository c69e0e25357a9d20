/** Copy of an attached photo or film without the location and the names that it contains. */

import { findPersonalData, planRemoval } from "../../client/files/personal-data.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { readableFile } from "../browser/file-source.ts";

/** @returns `undefined` if they cannot be removed without changing the picture, film or sound */
export async function withoutPersonalData(file: File): Promise<File | undefined> {
  const plan = await planRemoval(readableFile(file));
  if (plan === undefined) return undefined;
  const parts = plan.map((piece) =>
    piece instanceof Uint8Array ? new Uint8Array(piece) : file.slice(piece.from, piece.to),
  );
  // The copy has the present time, because that of the original may tell when it was taken.
  const copy = new File(parts, file.name, { type: file.type });
  const { location, name } = await findPersonalData(readableFile(copy));
  return location === "has not" && name === "has not" ? copy : undefined;
}

/** @throws {Fault} not-allowed if the file contains what its sender does not know or left out */
export async function checkPersonalData(original: File): Promise<void> {
  const { location, name } = await findPersonalData(readableFile(original));
  if (location !== "has not" || name !== "has not")
    throw new PageFault("not-allowed", "personalUnseen");
}
