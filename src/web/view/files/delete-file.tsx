/** Question before a file of a message is deleted. */

import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { type FileOfItem, mayErase } from "../../../core/model/selectors.ts";
import type { FileView, Item, Model } from "../../../core/model/state.ts";
import { mediaType } from "../../browser/media.ts";
import { type PageValue, usePage } from "../shell/context.tsx";
import { confirm, type DialogQuestion } from "../shell/dialog.tsx";
import type { MenuItem } from "../shell/menu.tsx";
import { useFilePicture } from "./file-picture.ts";

function isPhoto({ name, folder }: FileView): boolean {
  return folder === undefined && mediaType(name)?.kind === "image";
}

function QuestionPicture({ file }: { readonly file: FileView }) {
  const { texts } = usePage();
  const loaded = useFilePicture(file);
  if (loaded.kind !== "here") return null;
  const alt = texts.picture(cleanText(file.name));
  return <img className="question-picture" src={loaded.picture.url} alt={alt} />;
}

export function deleteFileQuestion(
  { texts, chat }: PageValue,
  { item, file }: FileOfItem,
): DialogQuestion {
  return {
    title: texts.deleteFileAsk(cleanText(file.name), formatSize(file.size)),
    text: texts.deleteFileExplained,
    action: texts.deleteMessage,
    isDanger: true,
    onConfirm: () => chat.actions.eraseFile({ item, file }),
    children: isPhoto(file) ? <QuestionPicture file={file} /> : undefined,
  };
}

export function mayDeleteFile(model: Model, item: Item | undefined): boolean {
  return item !== undefined && mayErase(model, item);
}

export function deleteFileItem(page: PageValue, { item, file }: FileOfItem): MenuItem {
  const { texts } = page;
  return {
    label: isPhoto(file) ? texts.deletePhoto : texts.deleteThisFile,
    icon: "erase",
    isDanger: true,
    onChoose: () => confirm(page, deleteFileQuestion(page, { item, file })),
  };
}
