/** Selects the files of a message that appear as pictures; line for files in progress. */

import { PICTURE_SHOWN_BYTES_MAX } from "../../../base/limits-page.ts";
import { cleanText } from "../../../base/text.ts";
import { isSmallPicture } from "../../../core/client/picture-name.ts";
import { type FileOfItem, filesInProgress, filesOfItems } from "../../../core/model/selectors.ts";
import type { Item, Model, OfferedFile } from "../../../core/model/state.ts";
import { useShownName } from "../room/person.tsx";
import { usePage, useTexts } from "../shell/context.tsx";
import { showsPictures } from "../shell/settings.ts";

export interface ShownFiles {
  readonly pictures: readonly FileOfItem[];
  readonly lines: readonly FileOfItem[];
  /** False if the user hides pictures, or the browser saves data. */
  readonly isOn: boolean;
}

export function useShownFiles(item: Item, target: string): ShownFiles {
  const { settings } = usePage();
  const isOn = showsPictures(settings, target) && !isSaving();
  const isPicture = ({ file }: FileOfItem) =>
    isOn && isSmallPicture(file, file.preview === undefined ? PICTURE_SHOWN_BYTES_MAX : file.size);
  const files = filesOfItems([item]);
  const lines = files.filter((file) => !isPicture(file));
  return { pictures: files.filter(isPicture), lines, isOn };
}

function OfferedLine({ file, isElsewhere }: { file: OfferedFile; isElsewhere: boolean }) {
  const texts = useTexts();
  const author = useShownName(file.from);
  const textOf = isElsewhere ? texts.threadFileInProgress : texts.fileInProgress;
  return (
    <p className="offered" dir="auto">
      {textOf(author, cleanText(file.name))}
    </p>
  );
}

/** Files that others send to the open room or, with `root`, into its thread. */
export function OfferedLines({ model, root }: { readonly model: Model; readonly root?: number }) {
  return filesInProgress(model).map((file) =>
    root === undefined || file.thread === root ? (
      <OfferedLine key={file.file} file={file} isElsewhere={file.thread !== root} />
    ) : null,
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
