/** Selects the files of a message that appear as pictures; line for files in progress. */

import { cleanText } from "../../../base/text.ts";
import { isSmallPicture } from "../../../core/client/picture-name.ts";
import type { Item } from "../../../core/model/state.ts";
import { usePage, useTexts } from "../shell/context.tsx";
import { isSaving } from "../shell/saving.ts";
import { showsPictures } from "../shell/settings.ts";

export const GRID_MIN = 2;

export interface Sending {
  readonly pictures: readonly Item[];
  readonly lines: readonly Item[];
}

export function useSending(items: readonly Item[], target: string): Sending {
  const { settings } = usePage();
  const isOn = showsPictures(settings, target) && !isSaving();
  const isPicture = ({ file, state }: Item) =>
    isOn && state === "whole" && file !== undefined && isSmallPicture(file);
  const pictures = items.filter(isPicture);
  const isGrid = pictures.length >= GRID_MIN;
  return { pictures, lines: isGrid ? items.filter((item) => !isPicture(item)) : items };
}

export function OfferedLine({ from, name }: { readonly from: string; readonly name: string }) {
  const texts = useTexts();
  return (
    <p className="offered" dir="auto">
      {texts.fileInProgress(cleanText(from), cleanText(name))}
    </p>
  );
}
