/** Files attached to the composer of a room or a thread. */

import { useMemo, useRef, useState, useSyncExternalStore } from "react";
import { FILES_PER_POST_MAX } from "../../../base/limits.ts";
import { cleanText } from "../../../base/text.ts";
import { draftKey } from "../../../core/model/selectors.ts";
import { fileTooLarge } from "../../../core/rooms/files.ts";
import type { AttachedContent, Attachment } from "../../transfer/attachments.ts";
import { useDropping } from "../files/drop-zone.tsx";
import { type PendingAttachments, readChosenFolder } from "../files/read-attachments.ts";
import { useAnnounce } from "../shell/announced.tsx";
import { isTouch, usePage } from "../shell/context.tsx";
import type { AttachedFiles } from "./composer.tsx";

/** Maximum number of attached files that are announced by name. */
const NAMED_FILES_MAX = 3;

function nameOf({ file }: Attachment): string {
  return cleanText(file.name);
}

/** The page may send a smaller copy. */
function isPhoto(file: AttachedContent): boolean {
  return file instanceof File && file.type.startsWith("image/");
}

interface Attaching {
  readonly attached: AttachedFiles;
  readonly isDragging: boolean;
}

/**
 * Files of the composer of a room or, with `root`, of a thread, which may be dropped there.
 * @param mayAdd false while nothing can be posted
 */
export function useAttached(
  target: string,
  root: number | undefined,
  mayAdd: boolean,
  focus: () => void,
): Attaching {
  const { chat, texts, times, fail } = usePage();
  const key = draftKey(target, root);
  const announce = useAnnounce();
  const files = useSyncExternalStore(chat.store.subscribe, () => chat.attached.filesFor(key));
  const chosen = useSyncExternalStore(chat.store.subscribe, () => chat.attached.isSmallerFor(key));
  const isSmaller = chosen ?? isTouch();
  const [foldersRead, setFoldersRead] = useState(0);
  const latestFocus = useRef(focus);
  latestFocus.current = focus;
  const attached = useMemo((): AttachedFiles => {
    const addWhenRead = async ({ hasFolder, read }: PendingAttachments) => {
      const change = hasFolder ? 1 : 0;
      setFoldersRead((count) => count + change);
      const { attachments, errors } = await read;
      setFoldersRead((count) => count - change);
      if (attachments.length > 0) self.add(attachments);
      for (const error of errors) fail(error);
    };
    const self: AttachedFiles = {
      files,
      isReading: foldersRead > 0,
      isSmaller,
      addWhenRead: (pending) => void addWhenRead(pending),
      addFolder: (chosenFiles) => {
        if (chosenFiles.length === 0) fail(texts.noFilesInFolder);
        else void addWhenRead(readChosenFolder(chosenFiles));
      },
      chooseSize: (chosenSmaller) => chat.chooseSize(key, chosenSmaller),
      add: (chosen) => {
        const { fileBytesMax = Number.POSITIVE_INFINITY } = chat.model.server ?? {};
        const isFit = ({ file }: Attachment) =>
          file.size <= fileBytesMax || (isSmaller && isPhoto(file));
        const [more, large] = [chosen.filter(isFit), chosen.filter((one) => !isFit(one))];
        const tooLarge = times.list(large.slice(0, NAMED_FILES_MAX).map(nameOf));
        if (large.length > 0) fail(fileTooLarge(fileBytesMax, more.length > 0 ? tooLarge : ""));
        if (files.length + more.length > FILES_PER_POST_MAX)
          fail(texts.notAllAttached(FILES_PER_POST_MAX));
        chat.attached.add(key, more);
        for (const { file } of more) {
          const omissions = file instanceof File ? undefined : file.takeOmissions();
          if (omissions !== undefined) fail(omissions);
        }
        const names = more.slice(0, NAMED_FILES_MAX).map(nameOf);
        const others = more.length - names.length;
        if (others > 0) names.push(texts.others(others));
        if (names.length > 0) announce("result", texts.fileAttached(times.list(names)));
        latestFocus.current();
      },
      remove: (attachment) => {
        chat.attached.remove(key, [attachment]);
        announce("result", texts.fileDetached(cleanText(attachment.file.name)));
        latestFocus.current();
      },
      clean: (copies) => {
        for (const [before, file] of copies)
          chat.attached.replace(key, before, { file, handle: undefined });
        const names = [...copies.values()].map(({ name }) => cleanText(name));
        announce("result", texts.fileCleaned(times.list(names)));
        latestFocus.current();
      },
      send: (message) => {
        const isAccepted = chat.sendFiles(target, files, { ...message, isSmaller, draft: key });
        if (isAccepted) chat.attached.take(key, files);
        return isAccepted;
      },
    };
    return self;
  }, [chat, texts, times, fail, announce, target, key, files, foldersRead, isSmaller]);
  const onAddress = (address: string) => {
    // Addresses of the other page's memory mean nothing here.
    if (!/^https?:/i.test(address)) return fail(texts.savePictureFirst);
    const draft = chat.model.drafts.get(key) ?? { text: "" };
    const gap = draft.text === "" || /\s$/.test(draft.text) ? "" : " ";
    chat.actions.setDraft(key, { ...draft, text: `${draft.text}${gap}${address}` });
    latestFocus.current();
  };
  const isDragging = useDropping(
    root !== undefined,
    (dropped) => {
      if (mayAdd) attached.addWhenRead(dropped);
    },
    (address) => {
      if (mayAdd) onAddress(address);
    },
  );
  return { attached, isDragging };
}
