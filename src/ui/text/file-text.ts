/** Texts about a file beside its name and size. */

import { playingTime } from "../../core/client/voice.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import type { Texts } from "../messages/en/page.ts";

type DetailText<Value> = (value: Value, texts: Texts) => string;

/** `undefined` for a detail that no interface shows. */
const DETAIL_TEXTS: {
  readonly [Name in keyof AllFileDetails]:
    | DetailText<NonNullable<AllFileDetails[Name]>>
    | undefined;
} = { mode: undefined, mtimeMs: undefined, durationMs: playingTime, peaks: undefined };

/** Texts of the shown details, for line mode, full screen and page. */
export function detailTexts(details: FileDetails | undefined, texts: Texts): readonly string[] {
  if (details === undefined) return [];
  return (Object.keys(DETAIL_TEXTS) as (keyof FileDetails)[]).flatMap((name) => {
    const text = DETAIL_TEXTS[name] as DetailText<unknown> | undefined;
    return text === undefined || details[name] === undefined ? [] : text(details[name], texts);
  });
}
