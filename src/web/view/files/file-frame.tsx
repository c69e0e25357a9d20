/** Selects the files of a message that appear as pictures; line for files in progress. */

import { PICTURE_SHOWN_BYTES_MAX } from "../../../base/limits-page.ts";
import { cleanText } from "../../../base/text.ts";
import { isSmallPicture } from "../../../core/client/picture-name.ts";
import type { Item } from "../../../core/model/state.ts";
import { useShownName } from "../room/person.tsx";
import { usePage, useTexts } from "../shell/context.tsx";
import { showsPictures } from "../shell/settings.ts";

export interface Sending {
  readonly pictures: readonly Item[];
  readonly lines: readonly Item[];
  /** False if the user hides pictures, or the browser saves data. */
  readonly isOn: boolean;
}

export function useSending(items: readonly Item[], target: string): Sending {
  const { settings } = usePage();
  const isOn = showsPictures(settings, target) && !isSaving();
  const isPicture = ({ file, state }: Item) =>
    isOn &&
    state === "whole" &&
    file !== undefined &&
    isSmallPicture(file, file.preview === undefined ? PICTURE_SHOWN_BYTES_MAX : file.size);
  const pictures = items.filter(isPicture);
  return { pictures, lines: items.filter((item) => !isPicture(item)), isOn };
}

export function OfferedLine({ from, name }: { readonly from: string; readonly name: string }) {
  const texts = useTexts();
  const author = useShownName(from);
  return (
    <p className="offered" dir="auto">
      {texts.fileInProgress(author, cleanText(name))}
    </p>
  );
}

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

function isSaving(): boolean {
  const { connection } = navigator as { connection?: Connection };
  return connection?.saveData === true || /2g/.test(connection?.effectiveType ?? "");
}
